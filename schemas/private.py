"""What is in a data directory is its owner's alone: other users of the machine may pass through, and read nothing."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

PASSABLE = 0o711
"""A data directory's mode: Postgres may run as another user, whose own directory is below it."""
UMASK = 0o077
"""Of processes that write there."""
_LOOK_AND_WRITE = 0o066
_ANYTHING = 0o077


def close(directory: Path, names: Iterable[str]) -> list[Path]:
    """Take from other users what they may do with these children of a data directory, and list it no more.

    Returns what stays open to them, as where it is another user's, or the disk knows no permissions. A directory that
    everybody writes to, such as /tmp, stays as it is.
    """
    found = [path for path in (directory / name for name in names) if path.exists()]
    closed = [_take(path, _ANYTHING) for path in found]
    if not directory.stat().st_mode & stat.S_ISVTX:
        closed.append(_take(directory, _LOOK_AND_WRITE))
    return [path for path, done in zip([*found, directory], closed, strict=False) if not done]


def keep_to_owner() -> None:
    """Let whatever this process makes from now on be its owner's alone."""
    os.umask(UMASK)


def _take(path: Path, bits: int) -> bool:
    """Take permissions away; return whether they are gone."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits:
        try:
            path.chmod(mode & ~bits)
        except OSError:
            return False
    return not path.stat().st_mode & bits
