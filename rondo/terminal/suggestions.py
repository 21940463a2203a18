"""Suggestions for what is not a day: mistyped and ambiguous words, and words of other programs.

A suggestion keeps every number, unit, weekday, month and time that was typed; otherwise none is made.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from difflib import get_close_matches

from domain.query import phrases
from domain.query.dates import MOST, WEEKDAYS, Clock
from domain.query.fields import nearest
from domain.query.phrases import NAMES, NUMBER, UNITS, number
from domain.query.values import DATES, is_date

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
PARTS: Mapping[str, str] = {"morning": "9:00", "afternoon": "15:00", "evening": "19:00", "night": "20:00"}
"""A time for each part of the day."""
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "eow": ("friday", "sunday"),
    "end of week": ("friday", "sunday"),
    "end of the week": ("friday", "sunday"),
    "weekend": ("saturday",),
    "this weekend": ("saturday",),
    "next weekend": ("saturday", "saturday+1w"),
    "eod": ("today",),
    "sod": ("today",),
    "end of day": ("today",),
    "tonight": ("today 20:00",),
    "midnight": ("today 00:00", "tomorrow 00:00"),
    **{f"{this}{part}": (f"today {at}",) for part, at in PARTS.items() for this in ("", "this ", "in the ")},
    "next day": ("tomorrow",),
    "this week": ("friday", "sunday"),
    "this month": ("eom",),
    "this year": ("eoy",),
    "last week": ("today-1w",),
    "last month": ("today-1m",),
    "last year": ("today-1y",),
    "fortnight": ("in 2 weeks",),
    "in a fortnight": ("in 2 weeks",),
    "sow": ("next week",),
    "som": ("next month",),
    "soy": ("next year",),
}
"""Other programs' words, and the nearest ones here."""
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})(?:[./-](\d{1,4}))?\.?", re.ASCII)
_MONTH = re.compile(rf"({'|'.join(f'{month[:3]}[a-z]*' for month in MONTHS)})\.?(?:,? (\d{{4}}))?", re.ASCII)
_COUNTED = re.compile(rf"(?:in )?{NUMBER} ?(?P<unit>[a-z]+)", re.ASCII)
_DIGITS = re.compile(r"(?:at |(?P<day>.+?)(?: at)? )?(?P<hour>\d\d)(?P<minute>[0-5]\d)", re.ASCII)
_UNITS = [name for name in UNITS if len(name) > 2]
WORD = re.compile(r"[a-z]*(?:[+-]\d+[a-z]+)?", re.ASCII)
"""What may be a relative day in the filter language."""
_NEAR, NEAR_FOR_FEW = 0.78, 0.74
"""The least similarity of a suggestion, which excludes `someday` and `payday`; lower among few words."""


def near(word: str, options: Iterable[str], like: float = _NEAR) -> str | None:
    """Return the option closest to a mistyped word, or that begins with its one or two letters; None for none."""
    if len(word) <= 2:
        return nearest(word, options)
    return next(iter(get_close_matches(word, options, 1, like)), None)


def months(name: str) -> list[int]:
    """Return the numbers of the months with this prefix of at least three letters."""
    return [number for number, month in enumerate(MONTHS, 1) if len(name) > 2 and month.startswith(name)]


def of_month(name: str, number: str, year: str | None) -> list[str]:
    """Return suggestions for a word and a number, where the word is not a month."""
    day = name if name in phrases.DAYS else near(name, DATES)
    if day:
        return [] if year else [f"{day} {hour}" for hour in _hours(int(number))]
    month = near(name, [*MONTHS, *(month[:3] for month in MONTHS)])
    return [" ".join(filter(None, (month, number, year)))] if month else []


def _hours(number: int) -> list[str]:
    return [f"{number}:00"] * (number <= 23) + [f"{number}pm"] * (1 <= number <= 12)


def next_such(month: int, day: int, today: date) -> date | None:
    """Return the next such day, which may be today; None if no year has one."""
    years = (date_of(year, month, day) for year in range(today.year, today.year + 9))  # 29 February: within 8 years
    return next((each for each in years if each and each >= today), None)


def date_of(year: int, month: int, day: int) -> date | None:
    """Return a day; None if it is not in the calendar."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def of_day(text: str, clock: Clock) -> list[str]:
    """Return suggestions for what is not a day."""
    if others := ELSEWHERE.get(text):
        return list(others)
    for suggest in (_of_numbers, _of_iso, _of_digits, _of_month_alone, _of_counted, _of_part):
        if found := suggest(text, clock):
            return found
    if " " in text and _is_of_filters(together := text.replace(" ", "")):
        return [together]
    word = near(text, DATES) if text.isalpha() else None
    return [word] if word else []


def _of_numbers(text: str, clock: Clock) -> list[str]:
    """Parse `12/1` and `1.12.2026`; `17.30` may be a time."""
    found = _NUMBERS.fullmatch(text)
    if not found:
        return []
    is_time = found[2] == "." and not found[4] and len(found[3]) == 2 and int(found[1]) < 24 and int(found[3]) < 60
    days = [day.isoformat() for day in _numbers(found, clock.today)]
    return [*dict.fromkeys(days), *([f"{found[1]}:{found[3]}"] if is_time else [])]


def _of_iso(text: str, _clock: Clock) -> list[str]:
    """Parse `20261201` and `2026-W48-2`."""
    with suppress(ValueError):
        return [date.fromisoformat(text.upper()).isoformat()]
    return []


def _of_digits(text: str, _clock: Clock) -> list[str]:
    """Parse `tomorrow at 1700` and `at 1700`; alone, it may be a year."""
    found = _DIGITS.fullmatch(text)
    if not found or int(found["hour"]) > 23 or (not found["day"] and text[:2] == "20"):
        return []
    at = f"{found['hour']}:{found['minute']}"
    return [at] if not found["day"] else [f"{found['day']} {at}"] * (found["day"] in phrases.DAYS)


def _of_month_alone(text: str, _clock: Clock) -> list[str]:
    """Parse `may` and `december 2027`."""
    found = _MONTH.fullmatch(text)
    return [" ".join(filter(None, (found[1], "1", found[2])))] if found and months(found[1]) else []


def _of_counted(text: str, _clock: Clock) -> list[str]:
    """Parse `17h`, `30m` and `3 dayz`."""
    found = _COUNTED.fullmatch(text)
    if not found or (amount := number(found)) > MOST:
        return []
    if found["unit"] == "m":
        return [f"in {amount} minutes", f"in {amount} months"]
    at = [f"{amount}:00"] if found["unit"] == "h" and amount < 24 and not text.startswith("in ") else []
    is_other = found["unit"] in phrases.DAYS or months(found["unit"])
    near_unit = None if is_other else near(found["unit"], _UNITS, NEAR_FOR_FEW)
    unit = found["unit"] if found["unit"] in UNITS else near_unit
    return [*at, *([f"in {amount} {NAMES[UNITS[unit]]}"] if unit else [])]


def _of_part(text: str, _clock: Clock) -> list[str]:
    """Parse `tomorrow morning`, `at 5`, `tomorrow at 5`, `friday week` and `monday+9h`."""
    day, _, rest = text.rpartition(" ")
    if day in phrases.DAYS:
        later = [f"{day}+1w"] if rest == "week" and phrases.DAYS[day] in WEEKDAYS else []
        return [f"{day} {PARTS[rest]}"] if rest in PARTS else later
    before, _, at = day.rpartition(" ")
    if at == "at" and rest.isdecimal() and (not before or before in phrases.DAYS):
        return [f"{before} {hour}".strip() for hour in _hours(int(rest))]
    base, _, hour = text.partition("+")
    if base in phrases.DAYS and base not in {"today", "now"} and re.fullmatch(r"\d{1,2}h", hour, re.ASCII):
        return [f"{base} {hour[:-1]}:00"] * (int(hour[:-1]) < 24)
    return []


def _is_of_filters(text: str) -> bool:
    return bool(WORD.fullmatch(text)) and is_date(text)


def _numbers(found: re.Match[str], today: date) -> Iterator[date]:
    """Yield the days that numbers may be: year, month, day; day, month, year; month, day, year."""
    one, _, other, third = found.groups()
    a, b = int(one), int(other)
    if third is None:
        yield from filter(None, (next_such(b, a, today), next_such(a, b, today)))
        return
    year = int(third) + (2000 if len(third) <= 2 else 0)
    yield from filter(
        None, (date_of(a, b, int(third)) if len(one) == 4 else None, date_of(year, b, a), date_of(year, a, b))
    )
