"""Parses dues, starts, reminders and snoozes that people type into the API's forms.

``descriptions.reminder`` writes a reminder as it is typed here.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from domain.query.dates import Clock, Unit
from domain.query.phrases import NUMBER, UNITS, number
from domain.recurrence.checks import is_written
from rondo.client.models import Until, WrittenDue, WrittenReminder
from rondo.terminal.clock import zone as zone_of
from rondo.terminal.days import TIME, has_time, read
from rondo.terminal.when import NoDay, When

REMIND = (
    "Write a time before the due, such as 15m, 2h, 1d, '1h before start' or '1d before at 18:00', or a time such as "
    "'fri 9:00'."
)
SNOOZE = "Write how long, such as 15m or 2h, or until when, such as tomorrow or 'fri 9:00'."
EVERY = "Write how long after it is repeated, such as 'every 10m'."

_BEFORE = re.compile(
    r"(?=\d)(?:(?P<W>\d{1,5})w)?(?:(?P<D>\d{1,5})d)?(?:(?P<H>\d{1,5})h)?(?:(?P<M>\d{1,5})m)?", re.ASCII
)
_DURATION = re.compile(r"P[\dTWDHMS]+", re.ASCII)
_SPELLED = re.compile(rf"{NUMBER} ?(?P<unit>[a-z]+)", re.ASCII)
_FROM_NOW = re.compile(r"(?:\+ ?|in )(?=\d)(?:(?P<H>\d{1,3})h ?)?(?:(?P<M>\d{1,4})m)?", re.ASCII)
_AT_OR_BEFORE = re.compile(r"(?P<H>1?\d|2[0-3]) ?h ?(?P<M>[0-5]\d)", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?P<seconds>:\d\d(?:\.\d+)?)?(?P<offset>Z|[+-]\d\d:\d\d)", re.ASCII)
_REPEATED = re.compile(r"(?P<first>.+?),? every (?P<every>.+)", re.ASCII)
_THEN = rf"(?:,? (?:at )?{TIME})?"
_RELATIVE = re.compile(rf"(?P<amount>.+?) before(?: (?:the )?(?P<anchor>due|start))?{_THEN}", re.ASCII)
_ON = re.compile(rf"(?:at (?:the )?|on (?:the )?day(?: of (?:the )?)?)(?P<anchor>due|start)?{_THEN}", re.ASCII)
_COUNTED = re.compile(rf"(?P<amount>\S+|\S+ [a-z]+) (?:at )?{TIME}", re.ASCII)


def due(text: str, zone: str | None, clock: Clock, whole: bool = True) -> WrittenDue:
    """Parse a due (or start): a day, a day with a floating time, or with a time and a zone.

    An instant becomes a time in the zone, by default the zone of the ``clock``. A time alone is its next occurrence; in
    a change, which is not ``whole``, it stays a time alone. Raises ``NoDay`` for anything else, and for an instant at
    the second occurrence of a time that clocks there show twice: a due is the first. The API checks whether the day
    exists.
    """
    found = read(text, clock)
    if isinstance(found, datetime):
        zone = zone or clock.zone
        try:
            local = found.astimezone(zone_of(zone))
        except OverflowError:
            raise NoDay(text, why="is out of range in that zone") from None
        if local.fold:
            raise NoDay(text, why=f"is the second {local:%H:%M} of that night in {zone}: use --zone UTC")
        found = When(local.date().isoformat(), local.strftime("%H:%M:%S").removesuffix(":00"))
    if whole:
        found = found.next(clock)
    parts = {"date": found.day, "time": found.time, "zone": zone if found.time else None}
    return cast("WrittenDue", {name: value for name, value in parts.items() if value})


def local_keys(text: str, clock: Clock) -> list[str]:
    """Parse a day or a local time by which an occurrence is named; an instant is in UTC.

    What is written as in ISO 8601 or RFC 5545 stays as it is, several joined by commas, too. Raises ``NoDay`` for
    anything else, and for a time alone.
    """
    if all(map(is_written, written := text.split(","))):
        return written
    found = read(text, clock)
    if isinstance(found, datetime):
        return [found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")]
    if found.day is None:
        raise NoDay(text, f"fri {found.time}", why="needs a day")
    return [f"{found.day}T{found.time}" if found.time else found.day]


def reminder(text: str, clock: Clock) -> WrittenReminder:
    """Parse a reminder: a time before the due or the start, or an instant, by the ``clock``; it may be repeated.

    Raises ``NoDay`` for anything else.
    """
    lower = _lower(text)
    with _quoting(text):
        if not (repeated := _REPEATED.fullmatch(lower)):
            return _first(lower, clock)
        if (every := _counted(repeated["every"])) is None:
            raise NoDay(lower, forms=EVERY)
        return {**_first(repeated["first"], clock), "repeat_every": every}


def snooze(text: str, clock: Clock) -> Until:
    """Parse until when to snooze: a duration from now, a day, or an instant by the ``clock``. Raises ``NoDay``."""
    typed = _lower(text)
    if amount := _amount(re.sub(r"^(?:for |in |\+ ?)(?=\d|an? )", "", typed)):
        return {"duration": amount}
    with _quoting(text):
        return {"until": _day(typed, clock) or _moment(typed, clock, SNOOZE).isoformat(timespec="seconds")}


def _lower(text: str) -> str:
    return " ".join(text.lower().split())


@contextmanager
def _quoting(text: str) -> Iterator[None]:
    """Let errors quote the whole text as it was typed."""
    try:
        yield
    except NoDay as error:
        raise error.quoting(text.strip()) from None


def is_instant(text: str) -> bool:
    """Return whether a reminder is an instant with an offset, which needs no zone."""
    return bool(_INSTANT.fullmatch(text.strip().upper()))


def _first(lower: str, clock: Clock) -> WrittenReminder:
    """Parse a reminder without its repetition."""
    if amount := _amount(lower):
        return {"before": amount}
    if (found := _ON.fullmatch(lower)) and (found["anchor"] or found["time"]):
        return _before("PT0S", found, clock)
    if (found := _RELATIVE.fullmatch(lower)) and (amount := _counted(found["amount"])):
        return _before(amount, found, clock)
    if found := _FROM_NOW.fullmatch(lower):  # m is minutes here, as in a time before the due
        minutes = int(found["H"] or 0) * 60 + int(found["M"] or 0)
        return {"at": _moment(f"in {minutes} minutes", clock).isoformat(timespec="seconds")}
    _check_clear(lower)
    if at := _INSTANT.fullmatch(upper := lower.upper()):
        return {"at": f"{upper.removesuffix(at['offset'])}{'' if at['seconds'] else ':00'}{at['offset']}"}
    return {"at": _moment(lower, clock).isoformat(timespec="seconds")}


def _check_clear(lower: str) -> None:
    """Raise ``NoDay`` for a time before the due that may as well be another time, or has a sign."""
    if at := _AT_OR_BEFORE.fullmatch(lower):
        raise NoDay(lower, f"{at['H']}h{at['M']}m", f"{at['H']}:{at['M']}", why="is ambiguous")
    if (at := _COUNTED.fullmatch(lower)) and _amount(at["amount"]):
        before, later = f"{at['amount']} before at {at['time']}", f"in {at['amount']} at {at['time']}"
        raise NoDay(lower, before, later, why="is ambiguous")
    if lower[:1] == "-" and _BEFORE.fullmatch(less := lower.removeprefix("-").strip()):
        raise NoDay(lower, less, why="is not a reminder")


def _before(amount: str, found: re.Match[str], clock: Clock) -> WrittenReminder:
    """Return a reminder that long before the due or the start, with the time of day that was typed."""
    written: WrittenReminder = {"before": amount}
    if found["anchor"] == "start":
        written["relative_to"] = "start"
    if found["time"]:
        at = read(found["time"], clock)
        assert isinstance(at, When)
        written["time"] = at.time
    return written


def _amount(typed: str) -> str | None:
    """Return an amount in units of a fixed length as ISO 8601; None if it is none."""
    if before := _BEFORE.fullmatch(typed.replace(" ", "")):
        return _iso(before)
    if _DURATION.fullmatch(typed.upper()):
        return typed.upper()
    found = _SPELLED.fullmatch(typed)
    unit = {**UNITS, "m": Unit.MINUTE}.get(found["unit"]) if found else None
    if not found or unit in {None, Unit.MONTH, Unit.YEAR}:
        return None
    letter = "M" if unit is Unit.MINUTE else str(unit).upper()
    return f"P{'T' if letter in 'HM' else ''}{number(found)}{letter}"


def _counted(typed: str) -> str | None:
    """Return an amount that may lack its number, as in `every hour` and `the day before`."""
    return _amount(typed) or _amount(f"a {typed.removeprefix('the ')}")


def _iso(found: re.Match[str]) -> str:
    days = "".join(f"{found[unit]}{unit}" for unit in "WD" if found[unit])
    time = "".join(f"{found[unit]}{unit}" for unit in "HM" if found[unit])
    return f"P{days}{'T' if time else ''}{time}"


def _day(typed: str, clock: Clock) -> str | None:
    """Return the date of a day alone; None for a time, and for what is neither."""
    try:
        found = read(typed, clock)
    except NoDay:
        return None
    return found.day if isinstance(found, When) and found.time is None else None


def _moment(typed: str, clock: Clock, forms: str = REMIND) -> datetime:
    try:
        found = read(typed, clock)
    except NoDay as error:
        suggestions = [each if has_time(each, clock) else f"{each} 9:00" for each in error.suggestions]
        raise NoDay(typed, *suggestions, forms=forms) from None
    if isinstance(found, datetime):
        return found
    if found.instant is not None:
        return datetime.fromtimestamp(-(-found.instant // 1000), zone_of(clock.zone))  # round up: never early
    found = found.next(clock)
    if found.time is None:
        raise NoDay(typed, f"{typed} 9:00", why="is a day without a time")
    return _local(f"{found.day}T{found.time}", zone_of(clock.zone))


def _local(text: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise NoDay(text, why="is not in the calendar") from None
