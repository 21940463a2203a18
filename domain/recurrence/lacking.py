"""The days that a rule names and a month or year lacks, such as 31 April."""

from calendar import isleap
from collections.abc import Iterator
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
    """Which day of the month or year; a negative one is counted from the end."""
    before: int
    """The ordinal of the last day before it, where SKIP=BACKWARD moves it."""
    after: int
    """The ordinal of the first day after it, where SKIP=FORWARD moves it."""

    @property
    def written(self) -> str | None:
        """Return the day in ISO 8601's form, such as 2026-04-31; None if it has none."""
        return f"{self.year:04}-{self.month:02}-{self.number}" if self.month and self.number > 0 else None

    def moved(self, skip: Skip) -> int | None:
        """Return the ordinal of the day that takes its place; None if it is left out."""
        return {Skip.BACKWARD: self.before, Skip.FORWARD: self.after}.get(skip)


def lacks(rule: Rule, start: date, last: date) -> Iterator[Lack]:
    """Yield the days that are lacking from the period of a start to that after a last day's, in order.

    The rule names its days itself (see ``filling``). Which weekday a day that does not exist is, nobody knows: with
    BYDAY there are none.
    """
    if rule.freq < Freq.MONTHLY or rule.byday or rule.byweekno or not (rule.bymonthday or rule.byyearday):
        return
    each = periods.of(rule, calendar_years=True)
    for number in count(each.origin(start), rule.interval):
        if number > each.number(last) + 1:
            return
        if rule.byyearday:
            yield from _of_year(rule, number)
        elif rule.freq is Freq.YEARLY:
            for month in rule.bymonth or range(1, 13):
                yield from _of_month(rule, number, month)
        elif not rule.bymonth or number % 12 + 1 in rule.bymonth:
            yield from _of_month(rule, number // 12, number % 12 + 1)


def _of_month(rule: Rule, year: int, month: int) -> Iterator[Lack]:
    length, first = days.LENGTHS[isleap(year)][month - 1], days.month_start(year * 12 + month - 1)
    for number in rule.bymonthday:
        if abs(number) > length:
            end = first + length if number > 0 else first
            yield Lack(year, month, number, end - 1, end)


def _of_year(rule: Rule, year: int) -> Iterator[Lack]:
    length, first = 365 + isleap(year), days.new_year(year)
    for number in rule.byyearday:
        if abs(number) > length:
            end = first + length if number > 0 else first
            yield Lack(year, None, number, end - 1, end)
