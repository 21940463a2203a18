"""The days that a rule names and a month or year lacks, such as 31 April, or a fifth Monday."""

from calendar import isleap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

from domain.recurrence import days, periods
from domain.recurrence.rule import Freq, Rule, Skip


@dataclass(frozen=True)
class Lack:
    """A day that is named and does not exist."""

    year: int
    month: int | None
    """None if the day is counted in the year."""
    number: int
    """Which day, or which of the weekdays, of the month or year; a negative one is counted from the end."""
    before: int
    """The ordinal of the last day before it, where SKIP=BACKWARD moves it."""
    after: int
    """The ordinal of the first day after it, where SKIP=FORWARD moves it."""
    weekday: int | None = None
    """The weekday that ``number`` counts, 0 is Monday; None if it counts days."""

    @property
    def written(self) -> str | None:
        """Return the day in ISO 8601's form, such as 2026-04-31; None if it has none."""
        is_day = self.month and self.number > 0 and self.weekday is None
        return f"{self.year:04}-{self.month:02}-{self.number}" if is_day else None

    def moved(self, skip: Skip) -> int | None:
        """Return the ordinal of the day that takes its place; None if it is left out, as each weekday is."""
        return None if self.weekday is not None else {Skip.BACKWARD: self.before, Skip.FORWARD: self.after}.get(skip)


def lacks(rule: Rule, start: date, last: date) -> Iterator[Lack]:
    """Yield the days that are lacking from the period of a start to that after a last day's, in order.

    The rule names its days itself (see ``filling``). Which weekday a day that does not exist is, nobody knows: with
    BYDAY only the weekdays that a month or year has not as often are lacking.
    """
    if rule.freq < Freq.MONTHLY or rule.byweekno or not (rule.byday or rule.bymonthday or rule.byyearday):
        return
    if rule.byday and (rule.bymonthday or rule.byyearday):
        return
    each = periods.of(rule, calendar_years=True)
    for number in count(each.origin(start), rule.interval):
        if number > each.number(last) + 1 or each.start(number) > date.max.toordinal():
            return
        if rule.byyearday or (rule.byday and rule.freq is Freq.YEARLY and not rule.bymonth):
            yield from _of_year(rule, number)
        elif rule.freq is Freq.YEARLY:
            for month in rule.bymonth or range(1, 13):
                yield from _of_month(rule, number, month)
        elif not rule.bymonth or number % 12 + 1 in rule.bymonth:
            yield from _of_month(rule, number // 12, number % 12 + 1)


def _of_month(rule: Rule, year: int, month: int) -> Iterator[Lack]:
    length, first = days.LENGTHS[isleap(year)][month - 1], days.month_start(year * 12 + month - 1)
    yield from _of_period(rule.byday or _numbers(rule.bymonthday), year, month, first, length)


def _of_year(rule: Rule, year: int) -> Iterator[Lack]:
    length, first = 365 + isleap(year), days.new_year(year)
    yield from _of_period(rule.byday or _numbers(rule.byyearday), year, None, first, length)


def _numbers(days_: Iterable[int]) -> Iterator[tuple[None, int]]:
    return ((None, number) for number in days_)


def _of_period(
    named: Iterable[tuple[int | None, int]], year: int, month: int | None, first: int, length: int
) -> Iterator[Lack]:
    """Yield what is lacking of the named days of a month or year that begins on the ordinal ``first``."""
    for weekday, number in named:
        if abs(number) > (length if weekday is None else _times(weekday, first, length)):
            end = first + length if number > 0 else first
            yield Lack(year, month, number, end - 1, end, weekday)


def _times(weekday: int, first: int, length: int) -> int:
    """Return how often a weekday is among days that begin on the ordinal ``first``; ordinal 1 is a Monday."""
    return (length - 1 - (weekday - (first - 1)) % 7) // 7 + 1
