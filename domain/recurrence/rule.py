"""Parses a recurrence rule: all of RFC 5545, section 3.3.10, and RSCALE=GREGORIAN with SKIP of RFC 7529.

What a rule says is checked here; what a task may recur by, in ``checks``: at most 96 times a day, for example.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import cached_property, lru_cache
from typing import Any

from domain.invalid import Invalid

FIELD = "recurrence"
EXAMPLE = "FREQ=WEEKLY;BYDAY=MO,TU"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_TEXT = 4096
MAX_NUMBER = 999_999_999
"""The largest INTERVAL and COUNT."""


class Freq(IntEnum):
    """The period of a rule; its BY parts choose within a period."""

    SECONDLY = 0
    MINUTELY = 1
    HOURLY = 2
    DAILY = 3
    WEEKLY = 4
    MONTHLY = 5
    YEARLY = 6


class Skip(StrEnum):
    """What becomes of a day that a month or year lacks (RFC 7529, section 4.1), such as 31 April."""

    OMIT = "OMIT"
    BACKWARD = "BACKWARD"
    FORWARD = "FORWARD"


Numbers = tuple[int, ...]


@dataclass(frozen=True)
class Rule:
    """The parts of a rule, each list of values sorted and without duplicates; empty if the rule lacks the part."""

    freq: Freq
    interval: int = 1
    count: int | None = None
    until: str | None = None  # 20261231, 20261231T230000 or 20261231T230000Z
    bymonth: Numbers = ()
    byweekno: Numbers = ()
    byyearday: Numbers = ()
    bymonthday: Numbers = ()
    byday: tuple[tuple[int, int], ...] = ()  # weekday (0 is Monday) and which of them, 0 for all
    byhour: Numbers = ()
    byminute: Numbers = ()
    bysecond: Numbers = ()
    bysetpos: Numbers = ()
    wkst: int = 0
    skip: Skip = Skip.OMIT

    def __str__(self) -> str:
        """Return the canonical text: parts in this class's order, without defaults; SKIP needs RSCALE before it."""
        return self._text

    @cached_property
    def _text(self) -> str:
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        if "wkst" in said:
            said["wkst"] = WEEKDAYS[self.wkst]
        if "skip" in said:
            said = {"rscale": "GREGORIAN"} | said
        return ";".join(f"{name.upper()}={_written(value)}" for name, value in said.items())


@lru_cache(maxsize=4096)
def parse(text: str) -> Rule:
    """Parse a rule. Raises ``Invalid`` if the text is no rule, or one that Rondo doesn't support."""
    parts = _parts(text) if text else {}
    if "FREQ" not in parts:
        raise Invalid(FIELD, f"A rule needs FREQ, such as {EXAMPLE}.")
    values = {name.lower(): _READERS[name](name, value) for name, value in parts.items()}
    values.pop("rscale", None)
    rule = Rule(**values)
    _check_together(rule)
    return rule


def _parts(text: str) -> dict[str, str]:
    if len(text) > MAX_TEXT or not text.isascii() or not text.isprintable():
        raise Invalid(FIELD, f"A rule is one line of at most {MAX_TEXT} ASCII characters, such as {EXAMPLE}.")
    if ":" in text:
        raise Invalid(
            FIELD, f"Write the rule alone, such as {EXAMPLE}: no RRULE:, DTSTART or EXDATE; it starts at the due."
        )
    pairs = [part.partition("=") for part in text.upper().split(";")]
    parts = {name: value for name, _, value in pairs}
    wrong = next((name for name in parts if name and name not in _READERS), None)
    if wrong is not None:
        raise Invalid(FIELD, f"{wrong[:40]} is not a part of a rule; see RFC 5545, section 3.3.10.")
    if len(parts) < len(pairs) or not all(parts) or not all(parts.values()):
        raise Invalid(FIELD, f"Write each part of a rule once, as NAME=VALUE between semicolons, such as {EXAMPLE}.")
    return parts


def _freq(_: str, value: str) -> Freq:
    if value not in Freq.__members__:
        raise Invalid(FIELD, "FREQ is SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY.")
    return Freq[value]


def _rscale(_: str, value: str) -> str:
    if value != "GREGORIAN":
        raise Invalid(FIELD, f"RSCALE={value[:40]} is not supported: rules are of the GREGORIAN calendar.")
    return value


def _skip(_: str, value: str) -> Skip:
    if value not in Skip.__members__:
        raise Invalid(FIELD, "SKIP is OMIT, BACKWARD or FORWARD.")
    return Skip[value]


def _seconds(name: str, value: str) -> Numbers:
    """Read BYSECOND; without leap seconds, 60 is the second 59 (RFC 5545, section 3.3.12)."""
    return tuple(sorted({min(second, 59) for second in _numbers(0, 60)(name, value)}))


def _number(least: int, most: int) -> Callable[[str, str], int]:
    def read(name: str, value: str) -> int:
        if re.fullmatch(r"\d{1,9}", value) and least <= int(value) <= most:
            return int(value)
        raise Invalid(FIELD, f"{name} is a number from {least} to {most}.")

    return read


def _numbers(least: int, most: int, *, signed: bool = False) -> Callable[[str, str], Numbers]:
    pattern, sign = re.compile(r"[+-]?\d{1,3}" if signed else r"\d{1,3}"), " or, counted from the end, its negative"

    def read(name: str, value: str) -> Numbers:
        texts = value.split(",")
        if all(pattern.fullmatch(text) and least <= abs(int(text)) <= most for text in texts):
            return tuple(sorted({int(text) for text in texts}))
        raise Invalid(FIELD, f"{name} lists numbers from {least} to {most}{sign if signed else ''}.")

    return read


def _days(_: str, value: str) -> tuple[tuple[int, int], ...]:
    found = [re.fullmatch(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", text) for text in value.split(",")]
    days = {(WEEKDAYS.index(match[2]), int(match[1]) if match[1] else 0) for match in found if match}
    plain = all(match and (match[1] is None or 1 <= abs(int(match[1])) <= 53) for match in found)
    if not plain:
        raise Invalid(
            FIELD, "BYDAY lists MO, TU, WE, TH, FR, SA, SU, each with which one before it if need be: 1MO, -1FR."
        )
    return tuple(sorted(days))


def _weekday(_: str, value: str) -> int:
    if value not in WEEKDAYS:
        raise Invalid(FIELD, "WKST is one of MO, TU, WE, TH, FR, SA, SU.")
    return WEEKDAYS.index(value)


def _until(_: str, value: str) -> str:
    try:
        if re.fullmatch(r"\d{8}(T\d{6}Z?)?", value) and datetime.fromisoformat(value).year >= 1970:
            return value
    except ValueError:
        pass
    detail = "UNTIL is a day of the years 1970 to 9999: 20261231, 20261231T230000 or, in UTC, 20261231T230000Z."
    raise Invalid(FIELD, detail)


_READERS: dict[str, Callable[[str, str], Any]] = {
    "FREQ": _freq,
    "INTERVAL": _number(1, MAX_NUMBER),
    "COUNT": _number(1, MAX_NUMBER),
    "UNTIL": _until,
    "BYMONTH": _numbers(1, 12),
    "BYWEEKNO": _numbers(1, 53, signed=True),
    "BYYEARDAY": _numbers(1, 366, signed=True),
    "BYMONTHDAY": _numbers(1, 31, signed=True),
    "BYDAY": _days,
    "BYHOUR": _numbers(0, 23),
    "BYMINUTE": _numbers(0, 59),
    "BYSECOND": _seconds,
    "BYSETPOS": _numbers(1, 366, signed=True),
    "WKST": _weekday,
    "RSCALE": _rscale,
    "SKIP": _skip,
}


def _check_together(rule: Rule) -> None:
    """Raise ``Invalid`` for combinations of parts that RFC 5545 forbids."""
    numbered = any(which for _, which in rule.byday)
    chosen = any(getattr(rule, f.name) for f in fields(rule) if f.name.startswith("by") and f.name != "bysetpos")
    of_days = Freq.DAILY <= rule.freq < Freq.YEARLY
    for wrong, detail in (
        (rule.count and rule.until, "A rule ends by COUNT or by UNTIL, not by both."),
        (rule.byweekno and rule.freq != Freq.YEARLY, "BYWEEKNO goes with FREQ=YEARLY only."),
        (rule.byyearday and of_days, "BYYEARDAY does not go with FREQ=DAILY, WEEKLY or MONTHLY."),
        (rule.bymonthday and rule.freq == Freq.WEEKLY, "BYMONTHDAY does not go with FREQ=WEEKLY."),
        (numbered and rule.freq < Freq.MONTHLY, "BYDAY says which one (1MO, -1FR) only with MONTHLY or YEARLY."),
        (numbered and rule.byweekno, "BYDAY does not say which one (1MO, -1FR) together with BYWEEKNO."),
        (rule.bysetpos and not chosen, "BYSETPOS needs another BY part to choose from."),
    ):
        if wrong:
            raise Invalid(FIELD, detail)


def _written(value: object) -> str:
    match value:
        case Freq():
            return value.name
        case tuple():
            return ",".join(_written_day(*item) if isinstance(item, tuple) else str(item) for item in value)
    return str(value)


def _written_day(day: int, which: int) -> str:
    return f"{which or ''}{WEEKDAYS[day]}"
