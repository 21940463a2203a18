"""The periods of WEEKLY, MONTHLY and YEARLY rules: numbered, each with the days that match.

The Gregorian calendar repeats every 400 years, which are 4,800 months and 20,871 weeks (``cycle``).
"""

from calendar import isleap
from datetime import date
from typing import Protocol

from domain.recurrence import days
from domain.recurrence.rule import Freq, Rule


class Periods(Protocol):
    """Numbered periods."""

    cycle: int
    most: int
    """The most days that match in one."""

    def number(self, day: date) -> int:
        """Return the number of the period that contains a day."""

    def origin(self, start: date) -> int:
        """Return the number of the period from which INTERVAL counts."""

    def start(self, number: int) -> int:
        """Return the ordinal of a period's first day, also after the year 9999."""

    def days(self, number: int) -> tuple[int, ...]:
        """Return the days that match, counted from the period's first."""


def of(rule: Rule, *, calendar_years: bool) -> Periods:
    """Return a rule's periods; with ``calendar_years``, week numbers choose from years that begin on 1 January."""
    if rule.freq is Freq.WEEKLY:
        return _Weeks(rule)
    if rule.freq is Freq.MONTHLY:
        return _Months(rule)
    if rule.byweekno and not calendar_years:
        return _WeekYears(rule)
    return _Years(rule)


class _Weeks:
    cycle = 20_871

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._days = tuple(sorted((day - rule.wkst) % 7 for day, _ in rule.byday))
        self.most = len(self._days)

    def number(self, day: date) -> int:
        return (day.toordinal() - 1 - self._rule.wkst) // 7

    def origin(self, start: date) -> int:
        return self.number(start)

    def start(self, number: int) -> int:
        return number * 7 + 1 + self._rule.wkst

    def days(self, number: int) -> tuple[int, ...]:
        if not self._rule.bymonth:
            return self._days
        first, last = self.start(number), date.max.toordinal()
        dates = ((day, date.fromordinal(min(first + day, last))) for day in self._days)
        return tuple(day for day, each in dates if each.month in self._rule.bymonth)


class _Months:
    cycle = 4_800
    most = 33

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._by_shape: dict[tuple[int, int], tuple[int, ...]] = {}

    def number(self, day: date) -> int:
        return day.year * 12 + day.month - 1

    def origin(self, start: date) -> int:
        return self.number(start)

    def start(self, number: int) -> int:
        return days.month_start(number)

    def days(self, number: int) -> tuple[int, ...]:
        year, month = divmod(number, 12)
        if self._rule.bymonth and month + 1 not in self._rule.bymonth:
            return ()
        first, length = (self.start(number) - 1) % 7, days.LENGTHS[isleap(year)][month]
        found = self._by_shape.get((first, length))
        if found is None:
            found = self._by_shape[first, length] = days.offsets(days.in_month(self._rule, first, length))
        return found


class _Years:
    cycle = 400
    most = 368

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._by_shape: dict[tuple[int, bool], tuple[int, ...]] = {}

    def number(self, day: date) -> int:
        return day.year

    def origin(self, start: date) -> int:
        return self.number(start)

    def start(self, number: int) -> int:
        return days.new_year(number)

    def days(self, number: int) -> tuple[int, ...]:
        if self._rule.byweekno:
            return days.offsets(days.in_year_by_weeks(self._rule, number))
        shape = (self.start(number) - 1) % 7, isleap(number)
        found = self._by_shape.get(shape)
        if found is None:
            found = self._by_shape[shape] = days.offsets(days.in_year(self._rule, shape[0], leap=shape[1]))
        return found


class _WeekYears:
    """Years of whole weeks: their first and last days may be of another calendar year."""

    cycle = 400
    most = 371

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def number(self, day: date) -> int:
        years = (day.year + 1, day.year, day.year - 1)
        return next(year for year in years if self.start(year) <= day.toordinal())

    def origin(self, start: date) -> int:
        """Return the year whose weeks contain the start, or its calendar year if no day of those weeks is left."""
        number = self.number(start)
        left = start.toordinal() - self.start(number)
        return number if any(day >= left for day in self.days(number)) else start.year

    def start(self, number: int) -> int:
        return days.first_week(number, self._rule.wkst)

    def days(self, number: int) -> tuple[int, ...]:
        return days.offsets(days.in_week_year(self._rule, number))
