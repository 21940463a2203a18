"""Secrets from files: a variable whose name ends in ``_FILE`` names the file that has the value of a secret."""

import os
from pathlib import Path


class Unreadable(ValueError):
    """A variable names a file that can't be read as text."""


def value(variable: str) -> str | None:
    """Return a secret: that of the environment, else that of the file that ``<variable>_FILE`` names, else None.

    Line breaks at the end of the file are not part of it. Raises ``Unreadable``, which quotes nothing of the file.
    """
    if found := os.environ.get(variable):
        return found
    if not (path := os.environ.get(f"{variable}_FILE")):
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise Unreadable(f"{variable}_FILE names {path!a}, which can't be read ({reason})") from None
