"""Permissions of a data directory: other users of the machine may pass through it, but read nothing."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

PASSABLE = 0o711
"""Mode of a data directory: Postgres may run as another user, whose own directory is below it."""
UMASK = 0o077
"""The umask of processes that write there."""
_LOOK_AND_WRITE = 0o066
_ANYTHING = 0o077


def close(directory: Path, names: Iterable[str]) -> list[Path]:
    """Revoke other users' permissions on these children of a data directory, and on listing it.

    Returns the paths that stay open to them, because another user owns them or the file system has no permissions. A
    directory that everybody may write to, such as /tmp, is not changed.
    """
    found = [path for path in (directory / name for name in names) if path.exists()]
    closed = [_take(path, _ANYTHING) for path in found]
    if not directory.stat().st_mode & stat.S_ISVTX:
        closed.append(_take(directory, _LOOK_AND_WRITE))
    return [path for path, done in zip([*found, directory], closed, strict=False) if not done]


def keep_to_owner() -> None:
    """Make files that this process creates from now on accessible only to their owner."""
    os.umask(UMASK)


def _take(path: Path, bits: int) -> bool:
    """Remove permissions; return whether that worked."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits:
        try:
            path.chmod(mode & ~bits)
        except OSError:
            return False
    return not path.stat().st_mode & bits
