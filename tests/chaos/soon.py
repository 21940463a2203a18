"""Fields whose time comes soon: reminders, series by the calendar, quiet hours and digests, drawn by chance.

Times are in milliseconds since 1970; ``zone`` is the user's, None for UTC.
"""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from domain import times
from schemas import records as r

SOONEST, LATEST = 1_000, 5_000
"""Milliseconds from a command until what it asks for comes due."""
REPEATED = 600
"""Seconds after which some reminders come again."""
QUARTER = 15 * 60 * 1000
"""Milliseconds between the occurrences of a series by the calendar."""
ZONE = "Europe/Paris"
ZONES = (None, "Europe/Paris", "America/New_York", "Asia/Tokyo")

Fields = dict[str, Any]


def instant(chance: Random, at: int) -> int:
    """Return an instant soon after ``at``."""
    return at + chance.randint(SOONEST, LATEST)


def reminders(chance: Random, at: int) -> tuple[r.Reminder, ...]:
    """Return a task's reminder at an instant; some are repeated."""
    return (r.Reminder("soon", at=instant(chance, at), repeat_every=chance.choice([None, None, REPEATED])),)


def days_before(chance: Random, at: int, zone: str | None) -> Fields:
    """Return the fields of a task that is due on a later day, with a reminder days before at a time of day."""
    days = chance.randint(0, 3)
    local = _local(instant(chance, at), zone)
    due = (local + timedelta(days=days)).date().isoformat()
    relative = r.Reminder("day", before=0, days=days, time=_time(local))
    return {"due": r.Due(due), "reminders": (*reminders(chance, at), relative)}


def by_calendar(chance: Random, at: int) -> Fields:
    """Return the fields of a series whose next occurrence comes soon, whatever becomes of the first."""
    soon, begun = instant(chance, at), chance.randint(1, 4)
    date, _, time = _local(soon - begun * QUARTER, ZONE).isoformat().partition("T")
    rule = {"rrule": f"FREQ=MINUTELY;INTERVAL=15;COUNT={begun + 2}", "repeats": r.Repeats.CALENDAR}
    return {"due": r.Due(date, time, ZONE), **rule, "missed": chance.choice(list(r.Missed))}


def settings(chance: Random, at: int, zone: str | None) -> Fields:
    """Return settings that matter soon: quiet hours that begin now and end soon, and a digest soon, among others."""
    begin, end = (_time(_local(each, zone)) for each in (at, instant(chance, at)))
    changes: list[Fields] = [
        {"zone": chance.choice(ZONES)},
        {"quiet_from": begin, "quiet_to": end, "in_quiet_hours": chance.choice(list(r.InQuietHours))},
        {"quiet_from": None, "quiet_to": None},
        {"catch_up": chance.choice(list(r.CatchUp))},
        {"day_time": end},
        {"digest_time": chance.choice([None, end, end])},
    ]
    return chance.choice(changes)


def _local(at: int, zone: str | None) -> datetime:
    return times.local_at(at, zone).replace(microsecond=0)


def _time(local: datetime) -> str:
    return local.time().isoformat()
