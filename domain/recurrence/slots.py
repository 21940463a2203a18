"""When rules shorter than WEEKLY recur: the days that match, and the periods of each day.

Their periods (days, hours, minutes or seconds) are counted through, and every INTERVAL-th is one of the rule. Which
periods of a day are, repeats after ``INTERVAL / gcd(INTERVAL, periods a day)`` days. A day thus matters only if it
matches the BY parts, and if its number modulo that cycle is one of some residues. These are computed where they are
few. Where they are many, nearly every day has a period, or the periods, more than a day apart, are counted through.
"""

from bisect import bisect_left
from calendar import isleap
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice, product
from math import gcd, prod

from domain.recurrence import days
from domain.recurrence.rule import Freq, Rule

LAST = date.max.toordinal()
UNITS = {Freq.SECONDLY: 1, Freq.MINUTELY: 60, Freq.HOURLY: 3600, Freq.DAILY: 86_400}
"""The seconds of a period."""
_CYCLE = 146_097
"""The days after which the calendar repeats, 400 years."""
_SPAN = 366
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
        self._by_residue = self._computed()

    def days(self, first: int) -> Iterator[int]:
        """Yield the ordinals of the days from ``first`` on that have periods and match the rule, in order."""
        if self._by_residue is not None:
            return matching_days(self._rule, first, self._cycle, sorted(self._by_residue))
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

    def _counted(self, first: int) -> Iterator[int]:
        """Yield the days by counting through the periods, which are more than a day apart, year by year."""
        interval, a_day, allows, matching = self._rule.interval, self._a_day, self._allows, _Matching(self._rule)
        for year in range(date.fromordinal(first).year, 10_000):
            if not (bits := matching.bits(year)):
                continue
            begin = days.new_year(year)
            near = max(begin, first) * a_day
            slots = range(near + (self._origin - near) % interval, days.new_year(year + 1) * a_day, interval)
            if allows is None:
                found = [slot // a_day for slot in slots]
            else:
                found = [slot // a_day for slot in slots if allows(slot % a_day)]
            yield from [day for day in found if bits >> day - begin + 1 & 1]


def matching_days(rule: Rule, first: int, modulus: int, residues: Sequence[int]) -> Iterator[int]:
    """Yield the ordinals of days from ``first`` on that match and have one of the residues, in order."""
    if not residues:
        return
    every = len(residues) == modulus
    if not (rule.bymonth or rule.bymonthday or rule.byday or rule.byyearday) and (every or len(residues) == 1):
        step, residue = (1, 0) if every else (modulus, residues[0])
        yield from range(first + (residue - first) % step, LAST + 1, step)
        return
    congruent, matching = None if every else _Congruent(modulus, residues), _Matching(rule)
    empty, patience, barren = 0, 400 * (modulus // gcd(modulus, _CYCLE)), 0
    for year in range(date.fromordinal(first).year, 10_000):
        begin, bits = days.new_year(year), matching.bits(year)
        barren = 0 if bits else barren + 1
        if congruent:
            bits &= congruent.bits(begin - 1)
        if begin < first:
            bits &= -2 << first - begin
        if bits:
            empty = 0
            yield from [begin + offset for offset in days.offsets(bits)]
        elif (empty := empty + 1) > patience or barren > _CYCLE // 365:
            return


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


class _Congruent:
    """The days of a year whose ordinal has one of some residues modulo a number, as bits."""

    def __init__(self, modulus: int, residues: Sequence[int]) -> None:
        self._modulus, self._residues = modulus, residues
        self._repeated = sum(1 << place for place in range(0, _SPAN + 1, modulus))
        self._known: dict[int, int] = {}

    def bits(self, first: int) -> int:
        """Return the bits of the days from the ordinal ``first`` on."""
        offset = first % self._modulus
        if self._modulus > _SPAN:
            return sum(1 << residue - offset for residue in self._near(offset))
        bits = self._known.get(offset)
        if bits is None:
            bits = 0
            for residue in self._residues:
                bits |= self._repeated << (residue - offset) % self._modulus
            self._known[offset] = bits
        return bits

    def _near(self, offset: int) -> Iterator[int]:
        """Yield the residues of the next days, those after the modulus with it added."""
        begin, end = bisect_left(self._residues, offset), bisect_left(self._residues, offset + _SPAN + 1)
        yield from self._residues[begin:end]
        over = bisect_left(self._residues, offset + _SPAN + 1 - self._modulus)
        yield from (residue + self._modulus for residue in self._residues[:over])


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
