"""Parses the values of a filter: text, names, ids, choices, dates."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import TypeVar
from unicodedata import normalize

from lark import Token

from domain.query import phrases
from domain.query.dates import FIRST, LAST, MOST, WEEKDAYS, Date, Day, Moment, Relative, Unit
from domain.query.errors import QueryError
from domain.query.fields import nearest
from domain.query.tree import ESCAPES, QUOTES, STRING, is_id
from schemas.records import Priority, Status

Value = TypeVar("Value")

DATES = ("today", "tomorrow", "yesterday", "now", *WEEKDAYS)
STATUSES = {status.lower(): status for status in Status}
PRIORITIES = {priority.lower(): priority for priority in Priority}

_ABBREVIATED = {day[:3]: day for day in WEEKDAYS}
_SPACED = frozenset("«»‹›")
"""Quotes within which French puts spaces that are not part of the text."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ABSOLUTE = re.compile(r"\d{4}-\d{2}-\d{2}(t\d{2}:\d{2}(:\d{2})?)?", re.ASCII)
NEAR = 0.78
"""Least similarity of a word to a date that is suggested: `someday` and `may` are no days, so none is suggested."""
_MATHS = re.compile(r"now/d([+-]\d+[dwmy])?|now([+-]\d+[dwmy])/d", re.ASCII)
"""Days in the date math of Vikunja and others: rounded down, before or after they are moved."""
_RELATIVE = re.compile(r"([a-z]*)(?:([+-]\d+)(min|[dwmyh]))?", re.ASCII)
KINDS_OF_DATE = ("a day as 2026-12-01", "a time as 2026-12-01T09:00", "today", "a weekday", "today+7d", "now-2h")


def error(token: Token, message: str, expected: Iterable[str] = (), suggestion: str | None = None) -> QueryError:
    """Return an error at a token."""
    return QueryError("filter", column(token), message, tuple(expected), suggestion)


def column(token: Token) -> int:
    """Return the column of a token, from 1."""
    return (token.start_pos or 0) + 1


def text(token: Token) -> str:
    """Return the text of a word, a string or a tag, in NFC. Raises ``QueryError`` if it is empty."""
    written = token.removeprefix("#")
    if STRING.fullmatch(written):
        within = written[1:-1].strip() if written[0] in _SPACED else written[1:-1]
        written = _ESCAPE.sub(lambda escape: _escaped(token, escape), within)
    if not written:
        raise error(token, "There is nothing between the quotes; write what to look for.")
    return normalize("NFC", written)


def _escaped(token: Token, escape: re.Match[str]) -> str:
    if escape[1] not in ESCAPES:
        if escape[1] in QUOTES:
            return escape[1]
        raise error(token, r'After a backslash write ", \, n, t or r; write \\ for a backslash.')
    return ESCAPES[escape[1]]


def uuid(token: Token) -> str:
    """Return an id."""
    if not is_id(written := text(token).lower()):
        raise error(token, f"{quote(token)} is no id; write the task's UUID.")
    return written


def name_or_id(token: Token) -> str:
    """Return a name as written, or an id in lower case."""
    written = text(token)
    return written.lower() if is_id(written.lower()) else written


def status(token: Token) -> Status:
    """Return a status."""
    return _choice(token, "status", STATUSES)


def priority(token: Token) -> Priority:
    """Return a priority."""
    return _choice(token, "priority", PRIORITIES)


def when(token: Token) -> Date:
    """Return a date."""
    written = text(token).lower()
    if _ABSOLUTE.fullmatch(written):
        return _absolute(token, written)
    found = _RELATIVE.fullmatch(written)
    base = _ABBREVIATED.get(found[1], found[1] or "today") if found else ""
    if not found or base not in DATES:
        raise error(token, f"{quote(token)} is no date.", *_suggestion(written))
    return _relative(token, base, int(found[2] or 0), Unit(found[3] or "d"))


def is_date(written: str) -> bool:
    """Return whether a word is a date."""
    try:
        when(Token("WORD", written))
    except QueryError:
        return False
    return True


def quote(token: Token) -> str:
    """Return a token for an error message, cut to 40 characters."""
    return f"`{token if len(token) <= 40 else f'{token[:40]}…'}`"


def _absolute(token: Token, written: str) -> Date:
    try:
        local = datetime.fromisoformat(written.upper())
    except ValueError:
        raise error(token, f"{quote(token)} is not in the calendar or not on the clock.") from None
    if not FIRST <= local.date() <= LAST:
        raise error(token, f"Write a date of the years {FIRST.year} to {LAST.year}.")
    return Day(local.date()) if len(written) == 10 else Moment(local, len(written) == 19)


def _relative(token: Token, base: str, amount: int, unit: Unit) -> Relative:
    if unit in (Unit.HOUR, Unit.MINUTE) and base != "now":
        from_now = f"now{amount:+d}{unit}" if base == "today" else None
        raise error(token, "Hours and minutes are counted from now.", (), from_now)
    if abs(amount) > MOST:
        raise error(token, f"A date is moved by at most {MOST} days, weeks, months or years.")
    return Relative(base, amount, unit) if amount else Relative(base)


def _suggestion(written: str) -> tuple[Iterable[str], str | None]:
    """Return what is expected instead of an invalid date, and what was probably meant, offset included."""
    if days := _MATHS.fullmatch(written):
        return KINDS_OF_DATE, f"today{days[1] or days[2] or ''}"
    base = re.split(r"[+-]", written, maxsplit=1)[0]
    if same := phrases.date(written):
        return KINDS_OF_DATE, same
    near = next(iter(get_close_matches(base, DATES, 1, NEAR)), None) if base.isalpha() else None
    suggestion = None if near is None else near + written[len(base) :]
    return KINDS_OF_DATE, suggestion if suggestion and _RELATIVE.fullmatch(suggestion) else None


def _choice(token: Token, what: str, choices: Mapping[str, Value]) -> Value:
    written = text(token).lower()
    if written not in choices:
        raise error(token, f"{quote(token)} is no {what}.", tuple(choices), nearest(written, choices))
    return choices[written]
