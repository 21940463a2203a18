"""Computes the occurrences of a rule, in local time, in bounded time.

A rule is evaluated period by period (day, week, month, year): the days of the period that match every BY part, times
the times of day, and of these the BYSETPOS-th. The Gregorian calendar repeats every 400 years, which are 4,800 months,
20,871 weeks and 146,097 days: a rule that is empty for one such cycle, divided by its common divisor with INTERVAL, is
empty for ever. This distinguishes a rule that never matches from one whose next day is far away. python-dateutil
searches up to the year 9999 instead: 7.3 s for FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30. Here no rule takes longer than tens
of milliseconds, and the search for the next occurrence of an old series starts near it instead of at its beginning.
"""

from bisect import bisect_left
from calendar import isleap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from functools import lru_cache
from itertools import count, product
from math import gcd

from domain.recurrence.rule import Freq, Rule

_CYCLE = {Freq.DAILY: 146_097, Freq.WEEKLY: 20_871, Freq.MONTHLY: 4_800, Freq.YEARLY: 400}
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)  # days of the year before each month
_LAST = date.max.toordinal()


def moments(rule: Rule, start: datetime, floor: datetime) -> Iterator[datetime]:
    """Yield the local times from ``start`` on that match the rule, in order, ignoring COUNT and UNTIL.

    Those before ``floor`` may be left out. ``start`` itself is included only if it matches.
    """
    rule, times = _filled(rule, start.date()), _times(rule, start.time())
    if not _possible(rule, start.date(), len(times)):
        return
    begin = _period(rule, start.date())
    skipped = max(0, _period(rule, floor.date()) - begin) // rule.interval
    patience = _CYCLE[rule.freq] // gcd(_CYCLE[rule.freq], rule.interval)
    periods = _daily if rule.freq == Freq.DAILY else _periodically
    empty, needed = 0, min(map(abs, rule.bysetpos), default=1)
    for days in periods(rule, begin + skipped * rule.interval, patience):
        empty += 1
        for moment in _chosen(rule, days, times, floor.toordinal()) if len(days) * len(times) >= needed else ():
            if moment >= start:
                empty = 0
                yield moment
        if empty > patience:
            return


def matches(rule: Rule, start: datetime) -> bool:
    """Return whether ``start`` is certainly the first of its ``moments``: quick, but False for any BYSETPOS."""
    if rule.bysetpos or start.time() not in _times(rule, start.time()):
        return False
    return _fits(_filled(rule, start.date()), start.date())


@lru_cache(maxsize=4096)
def ever(rule: Rule) -> bool:
    """Return whether the rule, ignoring INTERVAL, COUNT and UNTIL, matches any moment from some start."""
    # Week 53 reaches into January, but not on a Thursday: if the start determines the weekday, try each.
    starts = 1 if rule.byday or rule.bymonthday or rule.byyearday or not rule.byweekno else 7
    every = replace(rule, interval=1)
    return any(any(moments(every, start, start)) for start in (datetime(1970, 1, day + 1) for day in range(starts)))  # noqa: DTZ001 - local


def _daily(rule: Rule, first: int, patience: int) -> Iterator[tuple[int, ...]]:
    """Yield each day that matches. Separate, for a tight loop: it may have to check 146,097 days."""
    while True:
        last = min(first + patience * rule.interval, _LAST)
        candidates = range(first, last + 1, rule.interval)
        found = next((day for day in candidates if _fits(rule, date.fromordinal(day))), None)
        if found is None:
            return
        yield (found,)
        first = found + rule.interval


def _periodically(rule: Rule, first: int, _: int) -> Iterator[tuple[int, ...]]:
    """Yield the matching days of each period, until the calendar's end."""
    shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
    for period in count(first, rule.interval):
        begin, end = _first_day(rule, period), _first_day(rule, period + 1)
        if begin > _LAST:
            return
        shape = _shape(rule, period, begin, end)
        if shape not in shapes:
            shapes[shape] = _fitting(rule, begin, min(end, _LAST + 1))
        days = [begin + offset for offset in shapes[shape]]
        yield tuple(days if end <= _LAST else [day for day in days if day <= _LAST])  # a week may span two years


def _filled(rule: Rule, start: date) -> Rule:
    """Return the rule with the day in the period, if it names none, taken from its start (RFC 5545, "DTSTART")."""
    if rule.byday or rule.bymonthday or rule.byyearday or rule.freq == Freq.DAILY:
        return rule
    if rule.freq == Freq.WEEKLY or rule.byweekno:
        return replace(rule, byday=((start.weekday(), 0),))
    if rule.freq == Freq.MONTHLY:
        return replace(rule, bymonthday=(start.day,))
    return replace(rule, bymonth=rule.bymonth or (start.month,), bymonthday=(start.day,))


def _times(rule: Rule, start: time) -> list[time]:
    hours, minutes, seconds = (
        rule.byhour or (start.hour,),
        rule.byminute or (start.minute,),
        rule.bysecond or (start.second,),
    )
    return [time(*parts) for parts in product(hours, minutes, seconds)]


def _possible(rule: Rule, start: date, times: int) -> bool:
    """Return whether month days, weekdays and BYSETPOS can match at all: impossible ones would take longest."""
    most = {Freq.DAILY: 1, Freq.WEEKLY: len(rule.byday), Freq.MONTHLY: 31, Freq.YEARLY: 366}[rule.freq] * times
    if rule.bysetpos and not any(abs(place) <= most for place in rule.bysetpos):
        return False
    months = rule.bymonth or range(1, 13)
    if rule.bymonthday and not any(abs(day) <= _LONGEST[month - 1] for month in months for day in rule.bymonthday):
        return False
    same_weekday = rule.freq == Freq.DAILY and rule.interval % 7 == 0
    return not (same_weekday and rule.byday) or (start.weekday(), 0) in rule.byday


def _period(rule: Rule, day: date) -> int:
    """Return the number of the period that contains a day."""
    match rule.freq:
        case Freq.DAILY:
            return day.toordinal()
        case Freq.WEEKLY:
            return (day.toordinal() - 1 - rule.wkst) // 7
        case Freq.MONTHLY:
            return day.year * 12 + day.month - 1
    return day.year


def _first_day(rule: Rule, period: int) -> int:
    """Return the ordinal of a period's first day, also after the year 9999."""
    match rule.freq:
        case Freq.MONTHLY:
            year, month = divmod(period, 12)
            return _new_year(year) + _BEFORE[month] + (month > 1 and isleap(year))
        case Freq.YEARLY:
            return _new_year(period)
        case Freq.WEEKLY:
            return period * 7 + 1 + rule.wkst
    return period


def _shape(rule: Rule, period: int, first: int, end: int) -> tuple[int, ...]:
    """Return a key: periods with the same one have the same matching days. Week numbers depend on adjacent years."""
    match rule.freq:
        case Freq.MONTHLY:
            return period % 12, first % 7, end - first
        case Freq.YEARLY:
            return first % 7, end - first, first - _new_year(period - 1), _new_year(period + 2) - end
    return (first,) if rule.bymonth else ()  # a week may span two months; else all weeks are alike


def _fitting(rule: Rule, first: int, end: int) -> tuple[int, ...]:
    """Return the matching days from ``first`` to before ``end``, as offsets from ``first``."""
    return tuple(day - first for day in range(first, end) if _fits(rule, date.fromordinal(day)))


def _fits(rule: Rule, day: date) -> bool:
    """Return whether a day matches every BY part of the rule."""
    if rule.bymonth and day.month not in rule.bymonth:
        return False
    if rule.bymonthday and not _among(day.day, _month_length(day), rule.bymonthday):
        return False
    if rule.byday and not _fits_weekday(rule, day):
        return False
    if rule.byyearday and not _among(*_in_year(day), rule.byyearday):
        return False
    return not rule.byweekno or _among(*_week(day, rule.wkst), rule.byweekno)


def _fits_weekday(rule: Rule, day: date) -> bool:
    weekday = day.weekday()
    if (weekday, 0) in rule.byday:
        return True
    asked = tuple(which for day_, which in rule.byday if day_ == weekday)
    if not asked:
        return False
    by_month = rule.freq == Freq.MONTHLY or bool(rule.bymonth)
    number, length = (day.day, _month_length(day)) if by_month else _in_year(day)
    return (number - 1) // 7 + 1 in asked or -((length - number) // 7 + 1) in asked


def _among(number: int, length: int, asked: tuple[int, ...]) -> bool:
    """Return whether the ``number``-th of ``length`` is in ``asked``, counted from either end."""
    return number in asked or number - length - 1 in asked


def _month_length(day: date) -> int:
    return 28 if day.month == 2 and not isleap(day.year) else _LONGEST[day.month - 1]


def _in_year(day: date) -> tuple[int, int]:
    """Return a day's number in its year and the year's length."""
    first = _new_year(day.year)
    return day.toordinal() - first + 1, _new_year(day.year + 1) - first


def _week(day: date, wkst: int) -> tuple[int, int]:
    """Return a day's week number and the weeks of that week's year; week 1 has at least four days (ISO 8601)."""
    number = day.toordinal()
    year = next(y for y in (day.year + 1, day.year, day.year - 1) if _first_week(y, wkst) <= number)
    first = _first_week(year, wkst)
    return (number - first) // 7 + 1, (_first_week(year + 1, wkst) - first) // 7


def _first_week(year: int, wkst: int) -> int:
    fourth = _new_year(year) + 3  # of January: always in week 1
    return fourth - (fourth - 1 - wkst) % 7


def _new_year(year: int) -> int:
    """Return the ordinal of a year's first day, also, unlike ``date``, of the year 10000."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 + 1


def _chosen(rule: Rule, days: tuple[int, ...], times: list[time], floor: int) -> Iterator[datetime]:
    """Yield the period's moments in order: all from the day ``floor`` on, or those that BYSETPOS names."""
    size = len(days) * len(times)
    if rule.bysetpos:
        places: Iterable[int] = sorted({place - 1 if place > 0 else size + place for place in rule.bysetpos})
    else:
        places = range(bisect_left(days, floor) * len(times), size)
    for place in places:
        if 0 <= place < size:
            day, moment = divmod(place, len(times))
            yield datetime.combine(date.fromordinal(days[day]), times[moment])
