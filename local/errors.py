"""The errors that stop the local stack."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a full disk or quota."""


class Problem(Exception):
    """An error whose text is one sentence that says what to do (more lines only quote a log)."""


class Stopped(Exception):
    """The stack was asked to stop while it was starting."""
