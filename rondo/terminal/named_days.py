"""Parses named days: `next week`, `in 3 days`, `eom`, `dec 1`, `last friday`, `today+3d`.

Words that filters have are parsed by the filter language, so that a word is the same day everywhere. Ambiguous words
are refused with both readings: nothing is guessed.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from lark import Token

from domain.query import phrases
from domain.query.dates import MOST, WEEKDAYS, Clock, Date, Relative, Unit, resolve
from domain.query.errors import QueryError
from domain.query.values import when
from rondo.terminal.suggestions import (
    ELSEWHERE,
    MONTHS,
    NEAR_FOR_FEW,
    WORD,
    date_of,
    months,
    near,
    next_such,
    of_day,
    of_month,
)
from rondo.terminal.when import NoDay, When

_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_OFTEN = re.compile(r"every\b.*|(?:dai|week|month|year)ly|weekdays", re.ASCII)


def named(typed: str, text: str, clock: Clock) -> When:
    """Return a day; for amounts from now, such as `in 2 hours`, also the time, in minutes."""
    if _ISO.fullmatch(text):
        return When(text)  # the API checks whether the day exists
    if _OFTEN.fullmatch(text):
        raise NoDay(typed, why="is how often: use --repeat")
    if same := phrases.date(text):
        return _resolved(when(Token("WORD", same)), clock)
    for pattern, meaning in _PHRASES.items():
        if found := re.fullmatch(pattern, text, re.ASCII):
            return meaning(typed, found, clock)
    if text in ELSEWHERE or not text or not WORD.fullmatch(text):
        raise NoDay(typed, *of_day(text, clock))
    try:
        return _resolved(when(Token("WORD", text)), clock)
    except QueryError as error:
        suggestions = of_day(text, clock) or ([error.suggestion] if error.suggestion else [])
        raise NoDay(typed, *suggestions) from None


def _resolved(found: Date, clock: Clock) -> When:
    first = resolve(found, clock).first
    assert first
    day = first.local.date().isoformat()
    from_now = isinstance(found, Relative) and found.base == "now"
    return When(day, first.local.strftime("%H:%M"), first.instant) if from_now else When(day)


def _of_clock(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``in 1h30m``: after hours, m is minutes."""
    minutes = int(found["hours"]) * 60 + int(found["minutes"])
    if minutes > MOST:
        raise NoDay(typed)
    return _resolved(Relative("now", minutes, Unit.MINUTE), clock)


def _half(_typed: str, _found: re.Match[str], clock: Clock) -> When:
    """Parse ``in half an hour``."""
    return _resolved(Relative("now", 30, Unit.MINUTE), clock)


def _last(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``last friday``: the last such day before today."""
    behind = (clock.today.weekday() - _weekday(found[1]) - 1) % 7 + 1
    return When((clock.today - timedelta(days=behind)).isoformat())


def _of_next_week(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``friday next week``: weeks begin on Monday."""
    days = 7 - clock.today.weekday() + _weekday(found[1] or found[2])
    return When((clock.today + timedelta(days=days)).isoformat())


def _of_a_month(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``27th``: the next such day, which may be today."""
    day, today = int(found[1]), clock.today
    firsts = [date(today.year + month // 12, month % 12 + 1, 1) for month in range(today.month - 1, today.month + 2)]
    days = (date_of(first.year, first.month, day) for first in firsts)
    if not (found_ := next((each for each in days if each and each >= today), None)):
        raise NoDay(typed, why="is not in the calendar")
    return When(found_.isoformat())


def _agreeing(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``fri, dec 4``: the weekday must be that of the day."""
    if not (_ISO.fullmatch(found[2]) or any(month[:3] in found[2] for month in MONTHS)):
        raise NoDay(typed, *of_day(found[0], clock))
    try:
        day = named(typed, found[2], clock)
    except NoDay as error:
        if error.suggestions:  # without the weekday, which may be another day's
            raise NoDay(typed) from None
        raise
    try:
        is_ = WEEKDAYS[date.fromisoformat(day.day or "").weekday()]
    except ValueError:  # the API checks whether the day exists
        return day
    if is_ != phrases.DAYS[found[1]]:
        raise NoDay(typed, why=f"is a {is_.capitalize()}")
    return day


def _weekday(name: str) -> int:
    return WEEKDAYS.index(phrases.DAYS[name])


def _next(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``next week``: its first day."""
    if found[1] == "week":
        return _resolved(Relative(WEEKDAYS[0]), clock)
    year, month = clock.today.year, clock.today.month
    first = date(year + 1, 1, 1) if found[1] == "year" or month == 12 else date(year, month + 1, 1)
    return When(first.isoformat())


def _end(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``eom`` and ``eoy``."""
    year, month = clock.today.year, clock.today.month if found[1][0] == "m" else 12
    return When(date(year, month, monthrange(year, month)[1]).isoformat())


def _month_first(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``dec 1``."""
    return _of_month(typed, found[1], found[2], found[3], clock)


def _day_first(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Parse ``1 dec``."""
    if not months(found[2]):
        raise NoDay(typed, *of_day(" ".join(filter(None, found.groups())), clock))
    return _of_month(typed, found[2], found[1], found[3], clock)


def _of_month(typed: str, name: str, day: str, year: str | None, clock: Clock) -> When:
    """Return a day of a month in a year; without a year, the next such day, which may be today."""
    numbers = months(name)
    if not numbers:
        raise NoDay(typed, *of_month(name, day, year))
    found = next_such(numbers[0], int(day), clock.today) if year is None else date_of(int(year), numbers[0], int(day))
    if found is None:
        raise NoDay(typed, why="is not in the calendar")
    return When(found.isoformat())


def _ambiguous(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Refuse ``next friday``, which people read as either of two days."""
    day = phrases.DAYS.get(found[1]) or near(found[1], WEEKDAYS)
    if day in WEEKDAYS:
        raise NoDay(typed, day, f"{day}+1w", why="is ambiguous" if found[1] in phrases.DAYS else "")
    period = near(found[1], _PERIODS, NEAR_FOR_FEW) if found[0].startswith("next ") else None
    raise NoDay(typed, *([f"next {period}"] if period else of_day(found[0], clock)))


_PERIODS = ("week", "month", "year")
_ORDINAL = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (\d{4}))?"
_WEEKDAY = rf"({'|'.join(name for name, day in phrases.DAYS.items() if day in WEEKDAYS)})"
_PHRASES: Mapping[str, Callable[[str, re.Match[str], Clock], When]] = {
    r"in (?P<hours>\d{1,3}) ?(?:h|hrs?|hours?),?(?: and)? ?(?P<minutes>\d{1,2}) ?(?:m|mins?|minutes?)?": _of_clock,
    "in (?:a half|half(?: an?)?) hour": _half,
    "next (week|month|year)": _next,
    "eo(m|y)": _end,
    "end of (?:the )?(month|year)": _end,
    rf"last {_WEEKDAY}": _last,
    rf"{_WEEKDAY},? (?:of )?next week|next week,? (?:on )?{_WEEKDAY}": _of_next_week,
    r"(?:the )?(\d{1,2})(?:st|nd|rd|th)": _of_a_month,
    rf"([a-z]{{3,}})\.? (?:the )?{_ORDINAL}{_YEAR}": _month_first,
    rf"(?:the )?{_ORDINAL}\.? (?:of )?([a-z]{{3,}})\.?{_YEAR}": _day_first,
    "(?:next|this|coming) ([a-z]+)": _ambiguous,
    rf"{_WEEKDAY},? (.*\d.*)": _agreeing,
}
"""Phrases that filters do not have, and their parsers; the first match is used."""
