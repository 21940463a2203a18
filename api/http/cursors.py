"""Page cursors: opaque to clients, so that the ordering may change; each belongs to one list, by name."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec

from api.http.problems import CURSOR, FieldError, Problem
from domain.query.search import Term
from postgres.reader import Key, Position, Ranked

Used = TypeVar("Used")

_KEY = tuple[Annotated[datetime, msgspec.Meta(tz=True)], UUID]
_TEXT = Annotated[
    str, msgspec.Meta(pattern=r"^[^\x00]*$")
]  # Postgres holds no U+0000; msgspec lets no surrogate through
_RANKED = tuple[_TEXT, UUID]
_NUMBER = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_NOW = Annotated[int, msgspec.Meta(ge=0, le=2**46)]  # milliseconds, up to the year 4199: any calendar has what is near
_PLACE = tuple[str, _NOW, Position, tuple[Term, ...] | None]
Place = tuple[str, int, Position, tuple[Term, ...] | None]
"""Digest of the query, its time, where the page ended, and the corrected words, if any."""


def write(name: str, position: Key | Ranked | str | int | Place | None) -> str | None:
    """Return the cursor of the position that a page of the list ``name`` ended at, None at the end of the list."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode((name, position))).rstrip(b"=").decode()


def key(name: str, cursor: str | None) -> Key | None:
    """Return the position of a list by time, None for its beginning. Raises ``Problem``."""
    if cursor is None:
        return None
    at, last = _read(name, cursor, _KEY)
    return used(lambda: _in_utc(at)), str(last)


def number(name: str, cursor: str | None) -> int | None:
    """Return the position of a list by number, None for its beginning. Raises ``Problem``."""
    return None if cursor is None else int(_read(name, cursor, _NUMBER))


def place(name: str, asked: str, cursor: str | None) -> tuple[int, Position, tuple[Term, ...] | None] | None:
    """Return the rest of the ``Place`` in the results of the query ``asked``, None for their beginning.

    Raises ``Problem``, also for a cursor of another query.
    """
    if cursor is None:
        return None
    of, *rest = _read(name, cursor, _PLACE)
    if of != asked:
        raise _refused("It belongs to another filter, q, sort or zone. Send these unchanged, or leave the cursor out.")
    now, position, terms = rest
    return now, position, terms


def used(use: Callable[[], Used]) -> Used:
    """Return what ``use`` returns. Raises ``Problem`` where it raises ValueError: the position is not valid."""
    try:
        return use()
    except ValueError:
        raise _refused(_NONE) from None


def name(name: str, cursor: str | None) -> str | None:
    """Return the position of a list by name, None for its beginning. Raises ``Problem``."""
    return None if cursor is None else str(_read(name, cursor, _TEXT))


def ranked(name: str, cursor: str | None) -> Ranked | None:
    """Return the position of a list in the custom order, None for its beginning. Raises ``Problem``."""
    if cursor is None:
        return None
    rank, last = _read(name, cursor, _RANKED)
    return rank, str(last)


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{at} is not in the calendar in UTC.") from None


def _read(name: str, cursor: str, shape: Any) -> Any:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=tuple[Literal[name], shape])[1]  # type: ignore[valid-type]
    except ValueError:  # also binascii's, msgspec's and of what is not ASCII
        raise _refused(_NONE) from None


_NONE = "It is not a cursor of this list. Send it unchanged, or leave it out."


def _refused(detail: str) -> Problem:
    return Problem(CURSOR, errors=[FieldError("cursor", detail)])
