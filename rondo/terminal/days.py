"""Days and times as people type them: `next week`, `in 3 days`, `eom`, `5pm`, `mon 9:00`, `dec 1`, `today+3d`.

What filters know, too, is read by their language, so that a word means the same day everywhere. What may mean two
things is refused with both: nothing is guessed.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from lark import Token

from rondo.terminal.suggestions import ELSEWHERE, MONTHS, UNITS, WORD, date_of, next_such, of_day, of_month
from streams.domain.filters.dates import MOST, WEEKDAYS, Clock, Date, Relative, Unit, resolve
from streams.domain.filters.errors import QueryError
from streams.domain.filters.values import when
from streams.domain.filters.words import meant

FORMS = (
    "Write a day as 2026-12-01, today, fri, dec 1, next week, eom, in 3 days or today+3d, "
    "and a time as in 'fri 9:00' or 5pm."
)

_TIME = r"(?P<time>noon|\d{1,2}(?::\d\d){0,2} ?[ap]m|\d{1,2}:\d\d(?::\d\d)?)"
_DAY_FIRST = re.compile(rf"(?P<day>.*?\S)(?:(?<=[a-z0-9])t(?=\d)| (?:at )?){_TIME}", re.ASCII)
_TIME_FIRST = re.compile(rf"(?:at )?{_TIME}(?: (?P<day>.+))?", re.ASCII)
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(z|[+-]\d\d:?\d\d)", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?(?::(\d\d))? ?([ap]m)?", re.ASCII)


class NoDay(ValueError):
    """What was typed is no day and no time, or may be several; the text says so, and what was probably meant."""

    def __init__(self, text: str, *suggestions: str, why: str = "", forms: str = FORMS) -> None:
        either = " or ".join(f"`{suggestion}`" for suggestion in suggestions)
        more = f"Did you mean {either}?" if either else "" if why else forms
        super().__init__(f"{text!r} {why or 'is not a day or a time'}. {more}".rstrip())
        self.suggestions = suggestions


@dataclass(frozen=True)
class When:
    """A day, as ISO 8601 has it, and a time of it, either of which may be missing."""

    day: str | None
    time: str | None = None

    def next(self, clock: Clock) -> "When":
        """Return it with a day: a time alone is the next that the clock will show."""
        if self.day or self.time is None:
            return self
        later = time.fromisoformat(self.time) <= clock.local.time()
        return When((clock.today + timedelta(days=later)).isoformat(), self.time)


def read(typed: str, clock: Clock) -> When | datetime:
    """Return what was typed: a day, a time, or both; or an instant, where it has an offset. Raises ``NoDay``."""
    text = " ".join(typed.lower().split())
    if found := _INSTANT.fullmatch(text):
        return _instant(typed, found)
    if found := _TIME_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text):
        at = _time(typed, found["time"])
        return When(_with_time(typed, found["day"], at, clock), at) if found["day"] else When(None, at)
    return _day(typed, text, clock)


def _with_time(typed: str, text: str, at: str, clock: Clock) -> str:
    """Return the day of a day and a time."""
    try:
        found = _day(text, text, clock)
    except NoDay as error:
        raise NoDay(typed, *(f"{suggestion} {at}" for suggestion in error.suggestions)) from None
    if found.time:
        raise NoDay(typed, text, why="has two times")
    assert found.day
    return found.day


def _instant(typed: str, found: re.Match[str]) -> datetime:
    day, at, offset = found.groups()
    try:
        return datetime.fromisoformat(f"{day}T{at}{offset.upper()}")
    except ValueError:
        raise NoDay(typed, why="is not in the calendar or not on the clock") from None


def _time(typed: str, text: str) -> str:
    """Return a time as ISO 8601."""
    if text == "noon":
        return "12:00"
    found = _CLOCK.fullmatch(text)
    assert found
    hour, minute, second, half = int(found[1]), found[2] or "00", found[3], found[4]
    if half and not 1 <= hour <= 12:
        raise NoDay(typed, why="is not on the clock: before am and pm stand 1 to 12")
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    if hour > 23 or int(minute) > 59 or int(second or 0) > 59:
        raise NoDay(typed, why="is not on the clock")
    return ":".join(filter(None, (f"{hour:02}", minute, second)))


def _day(typed: str, text: str, clock: Clock) -> When:
    """Return a day; of what is counted from now, such as `in 2 hours`, also the time, in minutes."""
    if _ISO.fullmatch(text):
        return When(text)  # whether there is such a day is for the API to say
    for pattern, meaning in _PHRASES.items():
        if found := re.fullmatch(pattern, text, re.ASCII):
            return meaning(typed, found, clock)
    if text in ELSEWHERE or not text or not WORD.fullmatch(text):
        raise NoDay(typed, *of_day(text, clock))
    try:
        return _resolved(when(Token("WORD", text)), clock)
    except QueryError as error:
        suggestions = [error.suggestion] if error.suggestion else of_day(text, clock)
        raise NoDay(typed, *suggestions) from None


def _resolved(found: Date, clock: Clock) -> When:
    first = resolve(found, clock).first
    assert first
    from_now = isinstance(found, Relative) and found.base == "now"
    return When(first.local.date().isoformat(), first.local.strftime("%H:%M") if from_now else None)


def _in(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``in 3 days``."""
    unit = UNITS.get(found[2])
    amount = 1 if found[1] in {"a", "an"} else int(found[1])
    if unit is None or amount > MOST:
        near = meant(found[2], UNITS)
        raise NoDay(typed, *([f"in {found[1]} {near}"] if near and amount <= MOST else []))
    base = "now" if unit in {Unit.HOUR, Unit.MINUTE} else "today"
    return _resolved(Relative(base, amount, unit), clock)


def _next(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``next week``: the day with which it begins."""
    if found[1] == "week":
        return _resolved(Relative(WEEKDAYS[0]), clock)
    year, month = clock.today.year, clock.today.month
    first = date(year + 1, 1, 1) if found[1] == "year" or month == 12 else date(year, month + 1, 1)
    return When(first.isoformat())


def _end(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``eom`` and ``eoy``."""
    year, month = clock.today.year, clock.today.month if found[1][0] == "m" else 12
    return When(date(year, month, monthrange(year, month)[1]).isoformat())


def _month_first(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``dec 1``."""
    return _of_month(typed, found[1], found[2], found[3], clock)


def _day_first(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``1 dec``."""
    return _of_month(typed, found[2], found[1], found[3], clock)


def _of_month(typed: str, name: str, day: str, year: str | None, clock: Clock) -> When:
    """Return the day of a month in a year, without one the next such day, which may be today."""
    months = [number for number, month in enumerate(MONTHS, 1) if name in {month, month[:3]}]
    if not months:
        raise NoDay(typed, *of_month(name, day, year))
    found = next_such(months[0], int(day), clock.today) if year is None else date_of(int(year), months[0], int(day))
    if found is None:
        raise NoDay(typed, why="is not in the calendar")
    return When(found.isoformat())


def _ambiguous(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Refuse ``next friday``, which is one friday to some, and another to others."""
    if names := [name for name in WEEKDAYS if found[1] in {name, name[:3]}]:
        raise NoDay(typed, names[0], f"{names[0]}+1w", why="may mean two days")
    raise NoDay(typed, *of_day(found[0], clock))


_ORDINAL = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (\d{4}))?"
_PHRASES: Mapping[str, Callable[[str, re.Match[str], Clock], When]] = {
    r"in (an?|\d{1,5}) ?([a-z]+)": _in,
    "next (week|month|year)": _next,
    "eo(m|y)": _end,
    "end of (?:the )?(month|year)": _end,
    rf"([a-z]{{3,}})\.? {_ORDINAL}{_YEAR}": _month_first,
    rf"{_ORDINAL}\.? ([a-z]{{3,}})\.?{_YEAR}": _day_first,
    "(?:next|this|coming) ([a-z]+)": _ambiguous,
}
"""What filters do not read, and what it means; the first that fits counts."""
