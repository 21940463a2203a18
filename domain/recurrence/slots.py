"""When rules of FREQ=DAILY or shorter recur: the days that match, and the periods of each day.

Their periods (days, hours, minutes or seconds) are counted through, and every INTERVAL-th is one of the rule. Which
periods of a day are, repeats after ``INTERVAL / gcd(INTERVAL, periods a day)`` days. A day thus matters only if it
matches the BY parts, and if its number modulo that cycle is one of some residues.
"""

from bisect import bisect_left
from calendar import isleap
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import product
from math import gcd

from domain.recurrence import days
from domain.recurrence.rule import Freq, Rule

LAST = date.max.toordinal()
UNITS = {Freq.SECONDLY: 1, Freq.MINUTELY: 60, Freq.HOURLY: 3600, Freq.DAILY: 86_400}
"""The seconds of a period."""
_CYCLE = 146_097
"""The days after which the calendar repeats, 400 years."""
_SPAN = 366


class Slots:
    """The periods of a rule in each day, by their number in the day."""

    def __init__(self, rule: Rule, start: datetime) -> None:
        self.unit = UNITS[rule.freq]
        self._a_day = 86_400 // self.unit
        second = start.hour * 3600 + start.minute * 60 + start.second
        self._origin = start.toordinal() * self._a_day + second // self.unit
        self._interval = rule.interval
        self._step = gcd(rule.interval, self._a_day)
        self.cycle = rule.interval // self._step
        self._filtered = _is_filtered(rule)
        self._by_residue = self._fitting(_allowed(rule)) if self._filtered else {}

    def residues(self) -> Sequence[int]:
        """Return the numbers that days with periods of the rule have modulo ``cycle``, in order."""
        if self._filtered:
            return sorted(self._by_residue)
        if self._interval <= self._a_day:
            return range(self.cycle)
        return sorted(map(self._residue, range(self._origin % self._step, self._a_day, self._step)))

    def most(self) -> int:
        """Return the most periods that one day has."""
        if self._filtered:
            return max(map(len, self._by_residue.values()), default=0)
        return -(-self._a_day // self._interval)

    def of(self, day: int) -> Sequence[int]:
        """Return the periods of a day, in order."""
        if self._filtered:
            return self._by_residue.get(day % self.cycle, ())
        return range((self._origin - day * self._a_day) % self._interval, self._a_day, self._interval)

    def _fitting(self, allowed: Iterable[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for slot in allowed:
            if (self._origin - slot) % self._step == 0:
                found.setdefault(self._residue(slot), []).append(slot)
        return found

    def _residue(self, slot: int) -> int:
        """Return the residue of the days in which a period is one of the rule."""
        inverse = pow(self._a_day // self._step, -1, self.cycle)
        return (self._origin - slot) // self._step * inverse % self.cycle


def matching_days(rule: Rule, first: int, modulus: int, residues: Sequence[int]) -> Iterator[int]:
    """Yield the ordinals of days from ``first`` on that match and have one of the residues, in order."""
    limited = rule.bymonth or rule.bymonthday or rule.byday or rule.byyearday
    if not limited and len(residues) in {1, modulus}:
        step, residue = (1, 0) if len(residues) == modulus else (modulus, residues[0])
        yield from range(first + (residue - first) % step, LAST + 1, step)
        return
    congruent = None if len(residues) == modulus else _Congruent(modulus, residues)
    by_shape: dict[tuple[int, bool], int] = {}
    empty, patience = 0, 400 * (modulus // gcd(modulus, _CYCLE))
    for year in range(date.fromordinal(first).year, 10_000):
        begin = days.new_year(year)
        shape = (begin - 1) % 7, isleap(year)
        bits = by_shape.get(shape)
        if bits is None:
            bits = by_shape[shape] = days.in_year(rule, shape[0], leap=shape[1])
        if congruent:
            bits &= congruent.bits(begin - 1)
        if begin < first:
            bits &= -2 << first - begin
        if bits:
            empty = 0
            yield from [begin + offset for offset in days.offsets(bits)]
        elif (empty := empty + 1) > patience:
            return


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


def _is_filtered(rule: Rule) -> bool:
    parts = (rule.byhour, rule.byminute, rule.bysecond)
    return any(parts[: (1, 2, 3)[Freq.HOURLY - rule.freq]])


def _allowed(rule: Rule) -> Iterator[int]:
    """Yield the periods of a day that BYHOUR, BYMINUTE and BYSECOND allow, in order."""
    units = (rule.byhour or range(24), rule.byminute or range(60), rule.bysecond or range(60))
    match rule.freq:
        case Freq.HOURLY:
            yield from units[0]
        case Freq.MINUTELY:
            yield from (hour * 60 + minute for hour, minute in product(*units[:2]))
        case _:
            yield from (hour * 3600 + minute * 60 + second for hour, minute, second in product(*units))
