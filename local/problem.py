"""What stops the local stack, told to the person who started it."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a disk, or a quota, that takes no more."""


class Problem(Exception):
    """Something is missing or wrong. The text is one sentence (more lines only quote a log) that says what to do."""


class Stopped(Exception):
    """The stack was asked to stop while it was starting."""
