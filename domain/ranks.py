"""A task's place in the custom order: text between which there is always room for more.

A rank is read as a fraction in base 62: its characters are the digits after the point, in the order of their bytes, so
ranks sort as their texts do ("C" collation). None ends with the digit 0, or nothing would fit before it. A task that
was never moved has no rank of its own and stands where the time of its creation puts it: behind all older ones.
Source: "Implementing Fractional Indexing" (Greenspan, 2017).
"""

import re

from domain.invalid import Invalid

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS)
MAX_RANK = 255
"""The usual ways to move tasks never come near it (18 characters after 5,000 moves of one kind). The worst way, a task
between the two that were moved last, again and again, takes a character for every two or three."""

_RANK = re.compile(f"[0-9A-Za-z]{{0,{MAX_RANK - 1}}}[1-9A-Za-z]", re.ASCII)
_WIDTH = 8  # digits of a creation: enough for the instants of 6,000 years
_STEP = BASE
_MORE = 3
"""Digits that are added where there is no room: for nearly 2,000 steps in either direction."""


def of_creation(at: int) -> str:
    """Return the rank of a task that was created at an instant (milliseconds since 1970) and never moved."""
    return f"{_text(at, _WIDTH)}V"  # the middle digit: it never ends with 0


def between(before: str | None, after: str | None) -> str:
    """Return a rank between two, None for the beginning or the end. Raises ValueError unless before < after.

    Ranks stay short for what people do again and again: moving tasks to the top, to the bottom, or beside one and the
    same task. Of two ranks the longer one is taken for the newer: the next goes a small step away from that, and leaves
    the room to the older one for all that are still to come. Ranks of one length have the next in their middle.
    Where there is no room at their length, it has some digits more, for very many steps.
    """
    width = max(len(before or ""), len(after or ""), 1)
    low, high = _number(before or "", width), BASE**width if after is None else _number(after, width)
    if low >= high:
        raise ValueError(f"There is no place between {before!r} and {after!r}.")
    if high - low == 1:
        middle = low * BASE**_MORE + BASE**_MORE // 2
        return _text(middle + 1, width + _MORE)  # one more, as its last digit would be 0
    newer = len(before or "") - len(after or "")
    if newer == 0 or high - low <= _STEP:
        return _text((low + high) // 2, width).rstrip("0")
    return _text(low + _STEP if newer > 0 else high - _STEP, width).rstrip("0")


def _number(rank: str, width: int) -> int:
    number = 0
    for digit in rank.ljust(width, "0"):
        number = number * BASE + DIGITS.index(digit)
    return number


def _text(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, BASE)
        digits = DIGITS[digit] + digits
    return digits


def check(rank: str) -> str:
    """Return a rank that people ask for, "" to have none; raise ``Invalid`` for what is none."""
    if rank and not _RANK.fullmatch(rank):
        raise Invalid(
            "order", f"A place in the order is 1 to {MAX_RANK} of the characters 0-9, A-Z and a-z, the last one not 0."
        )
    return rank
