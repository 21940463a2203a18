"""Cursors of pages: opaque to clients, so that what a page is ordered by may change; each is of one list, by name."""

import base64
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from api.problems import CURSOR, FieldError, Problem
from postgres.reader import Key

_KEY = tuple[Annotated[datetime, msgspec.Meta(tz=True)], UUID]
_NUMBER = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


def write(name: str, position: Key | int | None) -> str | None:
    """Return the cursor of the position that a page of the list ``name`` ended at, None at the end of the list."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode((name, position))).rstrip(b"=").decode()


def key(name: str, cursor: str | None) -> Key | None:
    """Return the position of a list by time, None for its beginning. Raises ``Problem``."""
    if cursor is None:
        return None
    at, last = _read(name, cursor, _KEY)
    return at, str(last)


def number(name: str, cursor: str | None) -> int | None:
    """Return the position of a list by number, None for its beginning. Raises ``Problem``."""
    return None if cursor is None else int(_read(name, cursor, _NUMBER))


def _read(name: str, cursor: str, shape: Any) -> Any:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=tuple[Literal[name], shape])[1]  # type: ignore[valid-type]
    except ValueError:  # also binascii's, msgspec's and of what is not ASCII
        error = FieldError("cursor", "It is not a cursor of this list. Send it as it came, or leave it out.")
        raise Problem(CURSOR, errors=[error]) from None
