"""A task's place in the custom order: text between which there is always room for more.

A rank is read as a fraction in base 62: its characters are the digits after the point, in the order of their bytes, so
ranks sort as their texts do ("C" collation). None ends with the digit 0, or nothing would fit before it. A task that
was never moved has no rank of its own and stands where the time of its creation puts it: behind all older ones.
Source: "Implementing Fractional Indexing" (Greenspan, 2017).
"""

import re

from streams.domain.invalid import Invalid

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MAX_RANK = 64

_RANK = re.compile(f"[0-9A-Za-z]{{0,{MAX_RANK - 1}}}[1-9A-Za-z]", re.ASCII)
_WIDTH = 8  # digits of a creation: enough for the instants of 6,000 years


def of_creation(at: int) -> str:
    """Return the rank of a task that was created at an instant (milliseconds since 1970) and never moved."""
    digits = ""
    for _ in range(_WIDTH):
        at, digit = divmod(at, len(DIGITS))
        digits = DIGITS[digit] + digits
    return f"{digits}V"  # the middle digit: it never ends with 0


def between(before: str | None, after: str | None) -> str:
    """Return a rank between two, None for the beginning or the end. Raises ValueError unless before < after."""
    low, high = before or "", after
    if high is not None and low >= high:
        raise ValueError(f"There is no place between {low!r} and {high!r}.")
    shared = 0
    while high is not None and shared < len(high) and (low[shared : shared + 1] or "0") == high[shared]:
        shared += 1
    prefix = (high or "")[:shared]
    first = DIGITS.index(low[shared]) if shared < len(low) else 0
    last = DIGITS.index(high[shared]) if high is not None else len(DIGITS)
    if last - first > 1:
        return prefix + DIGITS[(first + last) // 2]
    return prefix + DIGITS[first] + between(low[shared + 1 :], None)


def check(rank: str) -> str:
    """Return a rank that people ask for, "" to have none; raise ``Invalid`` for what is none."""
    if rank and not _RANK.fullmatch(rank):
        raise Invalid(
            "order", f"A place in the order is 1 to {MAX_RANK} of the characters 0-9, A-Z and a-z, the last one not 0."
        )
    return rank
