"""Which errors of a fold are a record's, and which are the stage's or the machine's."""

from schemas.codec import Unlearned

MACHINE = (MemoryError, OSError, ImportError)
"""Errors of the machine, for which no record is at fault. A state's DiskError is an OSError; a failed import is a
missing file, as while an upgrade replaces it."""


class StageError(RuntimeError):
    """A function of a stage failed that belongs to no one record, as that which ends a block: nothing is committed."""


UNBLAMED = (*MACHINE, Unlearned)
"""Errors for which no record is a dead letter: the block is folded again."""


class FoldError(Exception):
    """A block could not be folded because of its records; nothing outside the block has changed."""


class Interrupted(RuntimeError):
    """A fold was interrupted from outside: no record is at fault."""


def failure(error: BaseException) -> Exception:
    """Return what the partition gets for an error that has ended a fold."""
    if isinstance(error, (*MACHINE, StageError)):
        return error
    if not isinstance(error, Exception):  # the process is stopping; the block will be retried
        return Interrupted(type(error).__name__)
    failed = FoldError(reason(error))
    failed.__cause__ = error
    return failed


def reason(error: Exception) -> str:
    """Return the reason of a dead letter for an error."""
    return f"{type(error).__name__}: {error}"
