"""Translates English phrases to the exactly equivalent date of a filter: `in two days` is `today+2d`.

Filters suggest the result, the terminal accepts it. Approximate or ambiguous phrases are not translated.
"""

import re
from collections.abc import Callable, Mapping

from domain.query.dates import MOST, WEEKDAYS, Unit

UNITS: Mapping[str, Unit] = {
    **dict.fromkeys(("minute", "minutes", "min", "mins"), Unit.MINUTE),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), Unit.HOUR),
    **dict.fromkeys(("day", "days", "d"), Unit.DAY),
    **dict.fromkeys(("week", "weeks", "wk", "wks", "w"), Unit.WEEK),
    **dict.fromkeys(("month", "months", "mo", "mos", "mth", "mths"), Unit.MONTH),
    **dict.fromkeys(("year", "years", "yr", "yrs", "y"), Unit.YEAR),
}
"""Names of units; `m` is ambiguous: minutes or months."""
NAMES: Mapping[Unit, str] = {unit: f"{unit.name.lower()}s" for unit in Unit}
NUMBERS: Mapping[str, int] = {
    "a": 1,
    "an": 1,
    "a couple of": 2,
    **{
        name: number
        for number, name in enumerate(
            ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
        )
    },
}
DAYS: Mapping[str, str] = {
    **dict.fromkeys(("tod",), "today"),
    **dict.fromkeys(("tom", "tmr", "tmrw", "tmw", "2morrow"), "tomorrow"),
    **dict.fromkeys(("yday", "yest"), "yesterday"),
    "tues": "tuesday",
    "weds": "wednesday",
    "thur": "thursday",
    "thurs": "thursday",
    **{day[:3]: day for day in WEEKDAYS},
    **{day: day for day in ("now", "today", "tomorrow", "yesterday", *WEEKDAYS)},
}
"""Names of days, and the same in filters."""

NUMBER = rf"(?P<number>{'|'.join(sorted(NUMBERS, key=len, reverse=True))}|\d{{1,5}})"
_UNIT = rf"(?P<unit>{'|'.join(sorted(UNITS, key=len, reverse=True))})"
_BASE = rf"(?P<base>{'|'.join(sorted(DAYS, key=len, reverse=True))})"


def date(text: str) -> str | None:
    """Return the date of a filter equivalent to a phrase; None if there is none or the phrase is ambiguous."""
    written = " ".join(text.lower().split())
    for pattern, meaning in _PHRASES.items():
        if found := re.fullmatch(pattern, written, re.ASCII):
            return meaning(found)
    return None


def number(found: re.Match[str]) -> int:
    """Return the number in a phrase."""
    written = found["number"]
    return int(written) if written.isdecimal() else NUMBERS[written]


def _later(found: re.Match[str]) -> str | None:
    return _moved("", number(found), UNITS[found["unit"]])


def _earlier(found: re.Match[str]) -> str | None:
    return _moved("", -number(found), UNITS[found["unit"]])


def _behind(found: re.Match[str]) -> str | None:
    return _moved(DAYS[found["base"]], number(found), UNITS[found["unit"]])


def _before(found: re.Match[str]) -> str | None:
    return _moved(DAYS[found["base"]], -number(found), UNITS[found["unit"]])


def _signed(found: re.Match[str]) -> str | None:
    amount = int(found["number"]) * (-1 if found["sign"] == "-" else 1)
    return _moved(DAYS[found["base"]] if found["base"] else "", amount, UNITS[found["unit"]])


def _moved(base: str, amount: int, unit: Unit) -> str | None:
    """Return a day, or now, moved by an amount; hours and minutes move only now."""
    by_clock = unit in {Unit.HOUR, Unit.MINUTE}
    if abs(amount) > MOST or (by_clock and base not in {"", "now"}):
        return None
    return f"{'now' if by_clock else base or 'today'}{amount:+d}{unit}"


_PHRASES: Mapping[str, Callable[[re.Match[str]], str | None]] = {
    _BASE: lambda found: DAYS[found["base"]],
    r"(?:the )?day after tomorrow": lambda _: "today+2d",
    r"(?:the )?day before yesterday": lambda _: "today-2d",
    rf"in {NUMBER} ?{_UNIT}(?: time)?": _later,
    rf"{NUMBER} ?{_UNIT}(?: (?:from (?:now|today)|later))": _later,
    rf"{NUMBER} ?{_UNIT} ago": _earlier,
    rf"{NUMBER} ?{_UNIT} (?:after|from) {_BASE}": _behind,
    rf"{NUMBER} ?{_UNIT} before {_BASE}": _before,
    rf"{_BASE}? ?(?P<sign>[+-]) ?(?P<number>\d{{1,5}}) ?{_UNIT}": _signed,
    r"(?P<number>\d{1,2}) ?h": lambda _: None,  # or is it o'clock?
    rf"{NUMBER} ?{_UNIT}": _later,
}
"""Translations by pattern. The first that matches is used."""
