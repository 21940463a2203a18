"""Dates and times as people type them, exactly: `2026-12-01`, `2026-12-01T09:00`, `today`, `fri 09:00`, `15m`."""

import re
from datetime import date, datetime, timedelta

from rondo.client.shapes import Due, WrittenDue, WrittenReminder

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DUE = "Write a day as 2026-12-01, today, tomorrow or a weekday, and a time after it as in 2026-12-01T09:00."
REMIND = "Write a time before the due as 15m, 2h, 1d or 1w, or an instant with its offset as 2026-12-01T09:00:00+01:00."

_DUE = re.compile(r"(?P<day>\d{4}-\d\d-\d\d|[a-z]+?)(?:[t ](?P<time>\d\d:\d\d(?::\d\d)?))?", re.ASCII)
_BEFORE = re.compile(
    r"(?=\d)(?:(?P<W>\d{1,5})w)?(?:(?P<D>\d{1,5})d)?(?:(?P<H>\d{1,5})h)?(?:(?P<M>\d{1,5})m)?", re.ASCII
)
_DURATION = re.compile(r"P[\dTWDHMS]+", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?P<seconds>:\d\d(?:\.\d+)?)?(?P<offset>Z|[+-]\d\d:\d\d)", re.ASCII)


def due(text: str, zone: str | None, today: date) -> WrittenDue:
    """Return the due (or start) that ``text`` means: a day; with a time a floating one; with a zone too, one there.

    ``today`` is the day in the zone, without one where the person is. Raises ``ValueError`` for what is none of these;
    whether there is such a day, time and zone is for the API to say.
    """
    found = _DUE.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{text!r} is not a due. {DUE}")
    written: WrittenDue = {"date": day(found["day"], today)}
    if found["time"]:
        written |= {"time": found["time"], "zone": zone} if zone else {"time": found["time"]}
    return written


def day(text: str, today: date) -> str:
    """Return a day as ISO 8601; a weekday is the next such day after today. Raises ``ValueError``."""
    if text[0].isdigit():
        return text
    if text in {"today", "tomorrow"}:
        return (today + timedelta(days=text == "tomorrow")).isoformat()
    numbers = [number for number, name in enumerate(WEEKDAYS) if text in {name, name[:3]}]
    if not numbers:
        raise ValueError(f"{text!r} is not a day. {DUE}")
    return (today + timedelta(days=(numbers[0] - today.weekday() - 1) % 7 + 1)).isoformat()


def reminder(text: str) -> WrittenReminder:
    """Return the reminder that ``text`` means. Raises ``ValueError`` for what is neither a duration nor an instant."""
    typed = text.strip()
    if before := _BEFORE.fullmatch(typed.lower()):
        return {"before": _iso(before)}
    if _DURATION.fullmatch(typed.upper()):
        return {"before": typed.upper()}
    if at := _INSTANT.fullmatch(typed.upper()):
        return {"at": f"{typed.upper().removesuffix(at['offset'])}{'' if at['seconds'] else ':00'}{at['offset']}"}
    raise ValueError(f"{text!r} is not a reminder. {REMIND}")


def _iso(found: re.Match[str]) -> str:
    days = "".join(f"{found[unit]}{unit}" for unit in "WD" if found[unit])
    time = "".join(f"{found[unit]}{unit}" for unit in "HM" if found[unit])
    return f"P{days}{'T' if time else ''}{time}"


def passed(due: Due | None, due_at: str | None, now: datetime) -> bool:
    """Say whether a due has passed at ``now``, an instant with the offset of where the person is.

    A day passes with its end, a floating time by the person's clock, one with a zone at its instant.
    """
    if due is None:
        return False
    if due_at:
        return datetime.fromisoformat(due_at) < now
    if due["time"]:
        return datetime.fromisoformat(f"{due['date']}T{due['time']}") < now.replace(tzinfo=None)
    return date.fromisoformat(due["date"]) < now.date()
