"""Computes the occurrences of a rule, in local time, in bounded time.

A rule of WEEKLY, MONTHLY or YEARLY is evaluated period by period: the days of the period that match every BY part,
times the times of day, and of these the BYSETPOS-th. A shorter one is evaluated day by day (see ``slots``). The
Gregorian calendar repeats every 400 years: a rule that is empty for one such cycle, divided by its common divisor with
INTERVAL, is empty for ever. This distinguishes a rule that never matches from one whose next day is far away.
python-dateutil searches up to the year 9999 instead: 7.3 s for FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30. Here no rule takes
longer than tens of milliseconds, and the search for the next occurrence of an old series starts near it instead of at
its beginning.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, count, islice, product, takewhile
from math import gcd
from typing import Any

from domain.recurrence import periods
from domain.recurrence.filling import with_day_of, with_time_of
from domain.recurrence.periods import Periods
from domain.recurrence.rule import Freq, Numbers, Rule, Skip
from domain.recurrence.slots import CYCLE, LAST, Slots, matching_days

_ALL = (tuple(range(24)), tuple(range(60)), tuple(range(60)))
_FEW = 1_440


def moments(rule: Rule, start: datetime, floor: datetime, *, calendar_years: bool = False) -> Iterator[datetime]:
    """Yield the local times from ``start`` on that match the rule, in order, ignoring COUNT and UNTIL.

    Those before ``floor`` may be left out. ``start`` itself is included only if it matches. INTERVAL counts the years
    of a rule with BYWEEKNO as years of whole weeks, or, with ``calendar_years``, from 1 January, as decision versions
    before 6 do.
    """
    rule, least = _filled(rule, start), max(start, floor)
    if rule.freq >= Freq.WEEKLY:
        return _by_periods(rule, start, least, periods.of(rule, calendar_years=calendar_years))
    if rule.freq is Freq.DAILY or (rule.interval == 1 and not rule.bysetpos):
        return _by_days(rule, start, least)
    return _by_slots(rule, start, least)


@lru_cache(maxsize=4096)
def ever(rule: Rule) -> bool:
    """Return whether the rule, ignoring INTERVAL, COUNT and UNTIL, matches any moment from some start."""
    # Week 53 reaches into January, but not on a Thursday: if the start determines the weekday, try each.
    starts = 1 if rule.byday or rule.bymonthday or rule.byyearday or not rule.byweekno else 7
    every = replace(rule, interval=1)
    return any(any(moments(every, start, start)) for start in (datetime(1970, 1, day + 1) for day in range(starts)))  # noqa: DTZ001 - local


def most_a_day(rule: Rule, start: datetime) -> int:
    """Return the most moments that a rule may match in one day."""
    rule = _filled(rule, start)
    if rule.freq < Freq.DAILY:
        return Slots(rule, start).most() * len(_within_slot(rule))
    size = len(_times(rule))
    return min(size, len(rule.bysetpos)) if rule.bysetpos else size


def _filled(rule: Rule, start: datetime) -> Rule:
    """Return the rule with what it takes from its start, and without a SKIP that does nothing."""
    rule = with_time_of(with_day_of(rule, start), start)
    if rule.freq < Freq.MONTHLY and rule.skip is not Skip.OMIT:  # these only limit: no day is one that a month lacks
        return replace(rule, skip=Skip.OMIT)
    return rule


class _Times(Sequence[time]):
    """The times of day of all hours, minutes and seconds of a rule, in order, each made when it is needed."""

    def __init__(self, hours: Numbers, minutes: Numbers, seconds: Numbers) -> None:
        self._hours, self._minutes, self._seconds = hours, minutes, seconds

    def __len__(self) -> int:
        return len(self._hours) * len(self._minutes) * len(self._seconds)

    def __getitem__(self, place):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204 - of an index or a slice
        if isinstance(place, slice):
            return map(self.__getitem__, range(*place.indices(len(self))))
        rest, second = divmod(place, len(self._seconds))
        hour, minute = divmod(rest, len(self._minutes))
        return time(self._hours[hour], self._minutes[minute], self._seconds[second])

    def __iter__(self) -> Iterator[time]:
        return (time(*parts) for parts in product(self._hours, self._minutes, self._seconds))


def _times(rule: Rule) -> Sequence[time]:
    parts = (rule.byhour, rule.byminute, rule.bysecond)
    times = _Times(*(part or every for part, every in zip(parts, _ALL, strict=True)))
    return list(times) if len(times) <= _FEW else times


def _places(rule: Rule, size: int) -> list[int]:
    """Return which of ``size`` BYSETPOS chooses, counted from 0, in order."""
    found = {place - 1 if place > 0 else size + place for place in rule.bysetpos}
    return sorted(place for place in found if 0 <= place < size)


def _by_days(rule: Rule, start: datetime, least: datetime) -> Iterator[datetime]:
    """Yield the moments of a rule that has the same times on each day that matches."""
    times, step = _times(rule), rule.interval if rule.freq is Freq.DAILY else 1
    if rule.bysetpos:
        times = [times[place] for place in _places(rule, len(times))]
    days = matching_days(rule, least.toordinal(), step, (start.toordinal() % step,))
    return _expanded(days, times, least) if times else iter(())


def _by_slots(rule: Rule, start: datetime, least: datetime) -> Iterator[datetime]:
    """Yield the moments of a rule whose periods are hours, minutes or seconds."""
    slots, each = Slots(rule, start), _within_slot(rule)
    if not each:
        return
    unit, first = slots.unit, least.toordinal()
    for day in slots.days(first):
        found, midnight = slots.of(day), datetime.fromordinal(day)
        if day == first:
            found = found[bisect_left(found, (least - midnight).seconds // unit) :]
        for slot in found:
            begin = midnight + timedelta(seconds=slot * unit)
            for offset in each:
                if (moment := begin + offset) >= least:
                    yield moment


def _within_slot(rule: Rule) -> list[timedelta]:
    """Return when in each of its hours, minutes or seconds a rule matches."""
    minutes, seconds = rule.byminute or (0,), rule.bysecond or (0,)
    within = product(minutes if rule.freq is Freq.HOURLY else (0,), seconds if rule.freq > Freq.SECONDLY else (0,))
    each = [timedelta(minutes=minute, seconds=second) for minute, second in within]
    return [each[place] for place in _places(rule, len(each))] if rule.bysetpos else each


def _by_periods(rule: Rule, start: datetime, least: datetime, each: Periods) -> Iterator[datetime]:
    """Yield the moments of a rule whose periods are weeks, months or years."""
    times = _times(rule)
    fewest = -(-min(map(abs, rule.bysetpos), default=1) // len(times))
    if fewest > each.most:
        return iter(())
    found = _matching_periods(rule, start, least, each, fewest)
    if rule.bysetpos:
        chosen = _Chosen(rule, times)
        if rule.skip is Skip.OMIT:
            ordered: Iterable[datetime] = chain.from_iterable(chosen.of(days) for _, days in found)
        else:
            ordered = _merged((datetime.fromordinal(max(first - 1, 1)), chosen.of(days)) for first, days in found)
        return (moment for moment in ordered if moment >= least)
    if rule.skip is Skip.OMIT:
        return _expanded((day for _, days in found for day in days), times, least)
    return _expanded(_merged((first - 1, days) for first, days in found), times, least)


def _matching_periods(
    rule: Rule, start: datetime, least: datetime, each: Periods, fewest: int
) -> Iterator[tuple[int, list[int]]]:
    """Yield the first day of each period from near ``least`` on, and its days that match, if at least ``fewest``.

    Once the calendar repeats, so do they.
    """
    interval, begin = rule.interval, each.origin(start.date())
    early = 0 if rule.skip is Skip.OMIT else 1
    skipped = max(0, each.number(least.date()) - early - begin) // interval
    known, repeats = list[tuple[int, tuple[int, ...]]](), each.cycle // gcd(each.cycle, interval)
    for number in islice(count(begin + skipped * interval, interval), repeats):
        if (first := each.start(number)) > LAST:
            return
        if len(days := each.days(number)) >= fewest:
            known.append((first, days))
            yield first, _ordinals(first, days)
    span = repeats * interval // each.cycle * CYCLE
    for shift in takewhile(lambda shift: known and known[0][0] + shift <= LAST, count(span, span)):
        for first, days in known:
            yield first + shift, _ordinals(first + shift, days)


def _ordinals(first: int, days: Sequence[int]) -> list[int]:
    """Return the ordinals of days, counted from the ordinal ``first``, up to the calendar's last one."""
    found = [first + day for day in days]
    return found if found[-1] <= LAST else [day for day in found if day <= LAST]


class _Chosen:
    """The moments of a period that BYSETPOS names."""

    def __init__(self, rule: Rule, times: Sequence[time]) -> None:
        self._rule, self._times = rule, times
        self._places: dict[int, list[tuple[int, time]]] = {}

    def of(self, days: Sequence[int]) -> list[datetime]:
        """Return those of a period by its days."""
        places = self._places.get(len(days))
        if places is None:
            size = len(self._times)
            pairs = (divmod(place, size) for place in _places(self._rule, len(days) * size))
            places = self._places[len(days)] = [(day, self._times[which]) for day, which in pairs]
        return [datetime.combine(date.fromordinal(days[day]), moment) for day, moment in places]


def _expanded(days: Iterable[int], times: Sequence[time], least: datetime) -> Iterator[datetime]:
    """Yield each time of each day from ``least`` on."""
    combine, fromordinal, first = datetime.combine, date.fromordinal, least.toordinal()
    for day in days:
        if day > first:
            each = fromordinal(day)
            for moment in times:
                yield combine(each, moment)
        elif day == first:
            yield from (combine(least.date(), moment) for moment in times[bisect_left(times, least.time()) :])


def _merged(groups: Iterable[tuple[Any, Sequence[Any]]]) -> Iterator[Any]:
    """Yield the items of overlapping groups in order, each once; no item of a later group is before its bound."""
    waiting: list[Any] = []
    for bound, group in groups:
        ready = bisect_left(waiting, bound)
        yield from waiting[:ready]
        waiting = sorted({*waiting[ready:], *group})
    yield from waiting
