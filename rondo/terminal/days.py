"""Parses days and times: `mon 9:00`, `5pm`, `tomorrow 17h`; ``named_days`` parses days alone."""

import re
from datetime import datetime

from domain.query.dates import Clock
from domain.query.phrases import NUMBER, UNITS
from rondo.terminal.named_days import named
from rondo.terminal.when import NoDay, When

_HALF = r"(?: ?[ap]\.?m\.?|[ap])"
TIME = rf"(?P<time>noon|midday|\d{{1,2}}(?::\d\d){{0,2}}{_HALF}|\d{{1,2}}(?::\d\d){{1,2}}|\d{{1,2}}h\d\d)"
_DAY_FIRST = re.compile(rf"(?P<day>(?!in \d{{1,3}}h).*?\S)(?:(?<=[a-z0-9])t(?=\d)| (?:at )?){TIME}", re.ASCII)
_TIME_FIRST = re.compile(rf"(?:at )?{TIME}(?: (?P<day>.+))?", re.ASCII)
_HOUR = re.compile(r"(?P<before>.* )?(?P<hour>\d{1,2}) ?h(?P<behind> .*)?", re.ASCII)
_COUNTED = re.compile(rf"in\b|at$|.*[+-]\d+[a-z]|.*\b{NUMBER} ?(?:{'|'.join(UNITS)}|m)\b", re.ASCII)
"""Amounts in units: an `h` after one may be hours, so it is not read as o'clock."""
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(z|[+-]\d\d:?\d\d)", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?:[:h](\d\d))?(?::(\d\d))? ?(?:([ap])\.?m?\.?)?", re.ASCII)


def read(typed: str, clock: Clock) -> When | datetime:
    """Parse a day, a time, or both; with an offset, an instant. Raises ``NoDay``."""
    text = _with_minutes(re.sub("^(?:on|by) ", "", " ".join(typed.lower().split())))
    if found := _INSTANT.fullmatch(text):
        return _instant(typed, found)
    if found := _TIME_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text):
        at = _time(typed, found["time"])
        return When(_with_time(typed, found["day"], at, clock), at) if found["day"] else When(None, at)
    return named(typed, text, clock)


def _with_minutes(text: str) -> str:
    """Return `tomorrow 17h` as `tomorrow 17:00`: next to a day, the hour is o'clock."""
    found = _HOUR.fullmatch(text)
    day = found and " ".join(filter(None, (found["before"], found["behind"]))).strip()
    if not found or not day or (_COUNTED.match(day) and day != "at"):
        return text
    return f"{found['before'] or ''}{found['hour']}:00{found['behind'] or ''}"


def _with_time(typed: str, text: str, at: str, clock: Clock) -> str:
    """Return the day of a day and a time."""
    try:
        found = named(text, text, clock)
    except NoDay as error:
        days = [suggestion for suggestion in error.suggestions if not has_time(suggestion, clock)]
        raise NoDay(typed, *(f"{day} {at}" for day in days)) from None
    if found.time:
        raise NoDay(typed, text, why="has two times")
    assert found.day
    return found.day


def has_time(text: str, clock: Clock) -> bool:
    """Return whether a text that can be parsed has a time. Raises ``NoDay``."""
    found = read(text, clock)
    return isinstance(found, datetime) or found.time is not None


def _instant(typed: str, found: re.Match[str]) -> datetime:
    day, at, offset = found.groups()
    try:
        return datetime.fromisoformat(f"{day}T{at}{offset.upper()}")
    except ValueError:
        raise NoDay(typed, why="is not a valid date and time") from None


def _time(typed: str, text: str) -> str:
    """Return a time as ISO 8601."""
    if text in {"noon", "midday"}:
        return "12:00"
    found = _CLOCK.fullmatch(text)
    assert found
    hour, minute, second, half = int(found[1]), found[2] or "00", found[3], found[4]
    if half and not 1 <= hour <= 12:
        raise NoDay(typed, why="is not a valid time: am and pm take hours 1 to 12")
    hour = hour % 12 + 12 * (half == "p") if half else hour
    if hour > 23 or int(minute) > 59 or int(second or 0) > 59:
        raise NoDay(typed, why="is not a valid time")
    return ":".join(filter(None, (f"{hour:02}", minute, second)))
