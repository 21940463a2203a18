"""Ranks: places in the custom order as strings, between any two of which there is always another.

A rank is a fraction in base 62: its characters are the digits after the point, in the order of their bytes, so ranks
sort as strings ("C" collation). None ends with the digit 0, or nothing would fit before it. A task that was never moved
has no rank of its own and is ordered by the time of its creation: behind all older ones.
Source: "Implementing Fractional Indexing" (Greenspan, 2017).
"""

import re

from domain.invalid import Invalid

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS)
MAX_RANK = 255
"""Usual moves never come near it (18 characters after 5,000 moves of one kind). The worst case, repeatedly moving a
task between the two that were moved last, takes a character for every two or three moves."""

_RANK = re.compile(f"[0-9A-Za-z]{{0,{MAX_RANK - 1}}}[1-9A-Za-z]", re.ASCII)
_WIDTH = 8  # digits of a creation: enough for the instants of 6,000 years
_STEP = BASE
_MORE = 3
"""Digits that are added if there is no room: enough for nearly 2,000 steps in either direction."""


def of_creation(at: int) -> str:
    """Return the rank of a task that was created at an instant (milliseconds since 1970) and never moved."""
    return f"{_text(at, _WIDTH)}V"  # the middle digit: it never ends with 0


def between(before: str | None, after: str | None) -> str:
    """Return a rank between two, None for the beginning or the end. Raises ValueError unless before < after.

    Ranks stay short for repeated moves of one kind: to the top, to the bottom, or next to the same task. The longer of
    two ranks is assumed to be the newer: the result is a small step away from it, which leaves the room towards the
    older one for later moves. Between ranks of one length the result is in the middle. If there is no room at their
    length, it gets some more digits, enough for very many steps.
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
    """Return a rank set by a user, "" for none. Raises ``Invalid`` if it is no rank."""
    if rank and not _RANK.fullmatch(rank):
        raise Invalid(
            "order", f"A place in the order is 1 to {MAX_RANK} of the characters 0-9, A-Z and a-z, the last one not 0."
        )
    return rank
