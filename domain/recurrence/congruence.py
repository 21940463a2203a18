"""Congruences: the days whose ordinals have given remainders, and the first multiple of a number that has one."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from domain.recurrence import days

SPARSE = 24
"""The most days of a year that are looked at one by one."""
_SPAN = 366


def first_multiple(step: int, modulus: int, low: int, high: int) -> int | None:
    """Return the least ``k`` from 0 on for which ``low <= k * step % modulus <= high``; None if there is none.

    ``0 <= low <= high < modulus``. It takes about as many calls as Euclid's algorithm.
    """
    if low == 0:
        return 0
    step %= modulus
    if step == 0:
        return None
    if 2 * step > modulus:
        return first_multiple(modulus - step, modulus, modulus - high, modulus - low)
    if (first := -(-low // step)) * step <= high:
        return first
    rounds = first_multiple(-modulus % step, step, low % step, high % step)
    return None if rounds is None else -(-(low + modulus * rounds) // step)


class Congruent:
    """The days of a year whose ordinal has one of some residues modulo a number, as bits."""

    def __init__(self, modulus: int, residues: Sequence[int]) -> None:
        self._modulus, self._residues, self._set = modulus, residues, frozenset(residues)
        self._repeated = sum(1 << place for place in range(0, _SPAN + 1, modulus))
        self._known: dict[int, int] = {}

    def among(self, bits: int, first: int) -> int:
        """Return those of some days, as bits from the ordinal ``first`` on: looked at one by one if they are few."""
        if bits.bit_count() > SPARSE:
            return bits & self._bits(first)
        places = (offset + 1 for offset in days.offsets(bits))
        return sum(1 << place for place in places if (first + place) % self._modulus in self._set)

    def _bits(self, first: int) -> int:
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
