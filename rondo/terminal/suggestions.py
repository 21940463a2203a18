"""What was probably meant by what is no day: what is mistyped, what may be several, what other programs read."""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from lark import Token

from streams.domain.filters.dates import WEEKDAYS, Clock, Unit
from streams.domain.filters.errors import QueryError
from streams.domain.filters.values import DATES, when
from streams.domain.filters.words import meant

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
UNITS: Mapping[str, Unit] = {
    **dict.fromkeys(("minute", "minutes", "min", "mins"), Unit.MINUTE),
    **dict.fromkeys(("hour", "hours", "h"), Unit.HOUR),
    **dict.fromkeys(("day", "days", "d"), Unit.DAY),
    **dict.fromkeys(("week", "weeks", "w"), Unit.WEEK),
    **dict.fromkeys(("month", "months"), Unit.MONTH),
    **dict.fromkeys(("year", "years", "y"), Unit.YEAR),
}
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "eow": ("friday", "sunday"),
    "end of week": ("friday", "sunday"),
    "end of the week": ("friday", "sunday"),
    "weekend": ("saturday",),
    "this weekend": ("saturday",),
    "next weekend": ("saturday", "saturday+1w"),
    "eod": ("today",),
    "end of day": ("today",),
    "tonight": ("today 20:00",),
    "midnight": ("today 00:00", "tomorrow 00:00"),
    "this week": ("friday", "sunday"),
    "this month": ("eom",),
    "this year": ("eoy",),
    "sow": ("next week",),
    "som": ("next month",),
    "soy": ("next year",),
}
"""What other programs read, and what here is nearest to it."""
_NUMBERS = re.compile(r"(\d{1,4})[./-](\d{1,2})(?:[./-](\d{1,4}))?\.?", re.ASCII)
WORD = re.compile(r"[a-z]*(?:[+-]\d+[a-z]+)?", re.ASCII)
"""What may be a day of the language of filters, besides one of the calendar."""


def of_month(name: str, number: str, year: str | None) -> list[str]:
    """Return what was probably meant by a word and a number, where the word is no month."""
    if name in UNITS:
        return [f"in {number} {name}"]
    if name in DATES or any(name == day[:3] for day in WEEKDAYS):
        hours = [f"{number}:00"] * (int(number) <= 23) + [f"{number}pm"] * (1 <= int(number) <= 12)
        return [f"{name} {hour}" for hour in hours]
    near = meant(name, [*MONTHS, *(month[:3] for month in MONTHS)])
    return [" ".join(filter(None, (near, number, year)))] if near else []


def next_such(month: int, day: int, today: date) -> date | None:
    """Return the next such day, which may be today; None where no year has one."""
    years = (date_of(year, month, day) for year in range(today.year, today.year + 9))  # 29 February is after 8 at most
    return next((each for each in years if each and each >= today), None)


def date_of(year: int, month: int, day: int) -> date | None:
    """Return a day; None where the calendar has none such."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def of_day(text: str, clock: Clock) -> list[str]:
    """Return what was probably meant by what is no day."""
    if others := ELSEWHERE.get(text):
        return list(others)
    if found := _NUMBERS.fullmatch(text):
        return list(dict.fromkeys(day.isoformat() for day in _numbers(found, clock.today)))
    if found := re.fullmatch(r"(\d+) ?([a-z]+)", text, re.ASCII):
        return [f"in {found[1]} {found[2]}"] if found[2] in UNITS else []
    if " " in text and _is_of_filters(together := text.replace(" ", "")):
        return [together]
    near = meant(text, [*DATES, *MONTHS, "next week", "next month", "next year"])
    return [near] if near and near not in MONTHS else []


def _is_of_filters(text: str) -> bool:
    try:
        return bool(WORD.fullmatch(text) and when(Token("WORD", text)))
    except QueryError:
        return False


def _numbers(found: re.Match[str], today: date) -> Iterator[date]:
    """Yield the days that numbers may mean: year, month and day; day, month, year; month, day, year."""
    one, other, third = found.groups()
    a, b = int(one), int(other)
    if third is None:
        yield from filter(None, (next_such(b, a, today), next_such(a, b, today)))
        return
    year = int(third) + (2000 if len(third) <= 2 else 0)
    yield from filter(
        None, (date_of(a, b, int(third)) if len(one) == 4 else None, date_of(year, b, a), date_of(year, a, b))
    )
