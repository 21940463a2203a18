"""When rules shorter than WEEKLY recur: the days that match, and the periods of each day.

Their periods (days, hours, minutes or seconds) are counted through, and every INTERVAL-th is one of the rule. Which
periods of a day are, repeats after ``INTERVAL / gcd(INTERVAL, periods a day)`` days. A day thus matters only if it
matches the BY parts, and if its number modulo that cycle is one of some residues. These are computed where they are
few. Where they are many, nearly every day has a period, or the periods, more than a day apart, are counted through, as
are those that are months apart: the calendar has few of them.
"""

from calendar import isleap
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice, product
from math import gcd, prod

from domain.recurrence import days
from domain.recurrence.congruence import SPARSE, Congruent, first_multiple
from domain.recurrence.rule import Freq, Rule

LAST = date.max.toordinal()
UNITS = {Freq.SECONDLY: 1, Freq.MINUTELY: 60, Freq.HOURLY: 3600, Freq.DAILY: 86_400}
"""The seconds of a period."""
CYCLE = 146_097
"""The days after which the calendar repeats, 400 years."""
_SPAN = 366
_FAR = 128
"""The days between periods from which on the calendar has few of them."""
_FEW = 4_096
"""The most periods of a day whose residues are computed."""


class Slots:
    """The periods of a rule in each day, by their number in the day."""

    def __init__(self, rule: Rule, start: datetime) -> None:
        self._rule = rule
        self.unit = UNITS[rule.freq]
        self._a_day = 86_400 // self.unit
        second = start.hour * 3600 + start.minute * 60 + start.second
        self._origin = start.toordinal() * self._a_day + second // self.unit
        self._step = gcd(rule.interval, self._a_day)
        self._cycle = rule.interval // self._step
        self._allows = _allows(rule)
        self._by_residue = None if self._is_rare else self._computed()

    def days(self, first: int) -> Iterator[int]:
        """Yield the ordinals of the days from ``first`` on that have periods and match the rule, in order."""
        if self._by_residue is not None:
            return matching_days(self._rule, first, self._cycle, sorted(self._by_residue))
        if self._is_rare:
            return self._counted_at_once(first)
        if self._rule.interval > self._a_day:
            return self._counted(first)
        return filter(self.of, matching_days(self._rule, first, 1, (0,)))

    def of(self, day: int) -> Sequence[int]:
        """Return the periods of a day, in order."""
        if self._by_residue is not None:
            return self._by_residue.get(day % self._cycle, ())
        interval = self._rule.interval
        found = range((self._origin - day * self._a_day) % interval, self._a_day, interval)
        return found if self._allows is None else [slot for slot in found if self._allows(slot)]

    def most(self) -> int:
        """Return the most periods that one day may have."""
        if self._by_residue is not None:
            return max(map(len, self._by_residue.values()), default=0)
        return -(-self._a_day // self._rule.interval)

    @property
    def _is_rare(self) -> bool:
        """Return whether periods are so far apart that the whole calendar has at most some 29,000."""
        return self._rule.interval > _FAR * self._a_day

    def _computed(self) -> Mapping[int, Sequence[int]] | None:
        """Return the periods of the days of each residue; None if they are many."""
        if self._cycle == 1 and self._allows is None:
            return {0: self._candidates()}
        fitting = list(islice(self._fitting(), _FEW + 1))
        if len(fitting) > _FEW:
            return None
        found: dict[int, list[int]] = {}
        inverse = pow(self._a_day // self._step, -1, self._cycle)
        for slot in fitting:
            residue = (self._origin - slot) // self._step * inverse % self._cycle
            found.setdefault(residue, []).append(slot)
        return found

    def _candidates(self) -> range:
        """Return the periods that are one of the rule in some day, whichever BY parts it has."""
        return range(self._origin % self._step, self._a_day, self._step)

    def _fitting(self) -> Iterator[int]:
        """Yield the periods that are one of the rule in some day, in order."""
        candidates = self._candidates()
        if self._allows is not None and prod(map(len, _parts(self._rule))) < len(candidates):
            return (slot for slot in _allowed(self._rule) if slot in candidates)
        return (slot for slot in candidates if self._allows is None or self._allows(slot))

    def _counted_at_once(self, first: int) -> Iterator[int]:
        """Yield the days by counting through the periods, which are months apart."""
        interval, a_day, matching = self._rule.interval, self._a_day, _Matching(self._rule)
        for slot in range(first * a_day + (self._origin - first * a_day) % interval, (LAST + 1) * a_day, interval):
            if (self._allows is None or self._allows(slot % a_day)) and matching.has(slot // a_day):
                yield slot // a_day

    def _counted(self, first: int) -> Iterator[int]:
        """Yield the days by counting through the periods, which are more than a day apart, year by year."""
        year, barren, matching = date.fromordinal(first).year, 0, _Matching(self._rule)
        while year < 10_000:
            found = self._in_year(year, matching.bits(year), first)
            yield from found
            year, barren = year + 1, 0 if found else barren + 1
            if barren.bit_count() == 1:  # looked for seldom, as it may be of no use
                year = max(year, self._year_of_weekday(year))

    def _in_year(self, year: int, bits: int, first: int) -> list[int]:
        """Return the days of a year, of which ``bits`` match, that have a period."""
        interval, a_day, allows, begin = self._rule.interval, self._a_day, self._allows, days.new_year(year)
        if bits.bit_count() <= SPARSE:
            return [day for day in _days_of(bits, begin) if day >= first and self.of(day)]
        near = max(begin, first) * a_day
        slots = range(near + (self._origin - near) % interval, days.new_year(year + 1) * a_day, interval)
        if allows is None:
            found = [slot // a_day for slot in slots]
        else:
            found = [slot // a_day for slot in slots if allows(slot % a_day)]
        return [day for day in found if bits >> day - begin + 1 & 1]

    def _year_of_weekday(self, year: int) -> int:
        """Return the first year from one on with a period on a weekday of BYDAY; 10,000 if none has."""
        interval, a_day, near = self._rule.interval, self._a_day, days.new_year(year) * self._a_day
        first = near + (self._origin - near) % interval
        places = ((day + 1) * a_day - first for day, _ in self._rule.byday)  # ordinal 1 is a Monday
        found = [self._periods_until(place % (7 * a_day)) for place in places]
        least = min((each for each in found if each is not None), default=None if found else 0)
        day = LAST + 1 if least is None else (first + least * interval) // a_day
        return date.fromordinal(day).year if day <= LAST else 10_000

    def _periods_until(self, place: int) -> int | None:
        """Return after how many periods one is in the day that begins at a place in the week, counted from here."""
        last = place + self._a_day - 1
        if last >= 7 * self._a_day:  # it has begun
            return 0
        return first_multiple(self._rule.interval, 7 * self._a_day, place, last)


def matching_days(rule: Rule, first: int, modulus: int, residues: Sequence[int]) -> Iterator[int]:
    """Yield the ordinals of days from ``first`` on that match and have one of the residues, in order."""
    if not residues:
        return
    every = len(residues) == modulus
    if not (rule.bymonth or rule.bymonthday or rule.byday or rule.byyearday) and (every or len(residues) == 1):
        step, residue = (1, 0) if every else (modulus, residues[0])
        yield from range(first + (residue - first) % step, LAST + 1, step)
        return
    congruent, matching = None if every else Congruent(modulus, residues), _Matching(rule)
    if len(residues) == 1 and modulus > _SPAN:
        yield from filter(matching.has, range(first + (residues[0] - first) % modulus, LAST + 1, modulus))
        return
    empty, patience, barren = 0, 400 * (modulus // gcd(modulus, CYCLE)), 0
    for year in range(date.fromordinal(first).year, 10_000):
        begin, bits = days.new_year(year), matching.bits(year)
        barren = 0 if bits else barren + 1
        if congruent and bits:
            bits = congruent.among(bits, begin - 1)
        if begin < first:
            bits &= -2 << first - begin
        if bits:
            empty = 0
            yield from _days_of(bits, begin)
        elif (empty := empty + 1) > patience or barren > CYCLE // 365:
            return


def _days_of(bits: int, begin: int) -> list[int]:
    """Return the ordinals of the days of a year that begins on the ordinal ``begin``."""
    return [begin + offset for offset in days.offsets(bits)]


class _Matching:
    """The days that match the BY parts of a rule."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._by_shape: dict[tuple[int, bool], int] = {}

    def bits(self, year: int) -> int:
        """Return the days of a year."""
        shape = (days.new_year(year) - 1) % 7, isleap(year)
        bits = self._by_shape.get(shape)
        if bits is None:
            bits = self._by_shape[shape] = days.in_year(self._rule, shape[0], leap=shape[1])
        return bits

    def has(self, day: int) -> bool:
        """Return whether a day matches."""
        year = date.fromordinal(day).year
        return bool(self.bits(year) >> day - days.new_year(year) + 1 & 1)


def _parts(rule: Rule) -> tuple[Sequence[int], ...]:
    """Return the hours, minutes and seconds, as far as they number periods, that a rule allows."""
    units = (rule.byhour or range(24), rule.byminute or range(60), rule.bysecond or range(60))
    return units[: 3 - rule.freq]


def _allowed(rule: Rule) -> Iterator[int]:
    """Yield the periods of a day that BYHOUR, BYMINUTE and BYSECOND allow, in order."""
    for parts in product(*_parts(rule)):
        slot = 0
        for part in parts:
            slot = slot * 60 + part
        yield slot


def _allows(rule: Rule) -> Callable[[int], bool] | None:
    """Return a predicate: whether BYHOUR, BYMINUTE and BYSECOND allow a period; None if they allow each."""
    hours, minutes, seconds = (frozenset(part) for part in (*_parts(rule), *[()] * 3)[:3])
    if not any((rule.byhour, rule.byminute, rule.bysecond)[: 3 - rule.freq]):
        return None
    match rule.freq:
        case Freq.HOURLY:
            return lambda slot: slot in hours
        case Freq.MINUTELY:
            return lambda slot: slot % 60 in minutes and slot // 60 in hours
    return lambda slot: slot % 60 in seconds and slot // 60 % 60 in minutes and slot // 3600 in hours
