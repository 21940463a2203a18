"""When a snoozed task reminds: at an instant, at a local time, or that long after the command.

A local time is one in the zone of the user's settings, which are on the log. Days are the calendar's, seconds are
exact and counted after them (RFC 5545, section 3.3.6).
"""

from datetime import timedelta

from domain import times
from domain.invalid import Invalid
from schemas import records as r


def until(command: r.SnoozeTask, settings: r.Settings) -> int | None:
    """Return the instant to remind at, in milliseconds since 1970; None if the command ends snoozing.

    Raises ``Invalid`` unless the instant is later than the command.
    """
    if command.until is not None:
        return _later("until", command.until, command.at)
    if command.local is not None:
        date, _, time = command.local.partition("T")
        moment = times.local(r.Due(date, time or settings.day_time))
        return _later("until", times.milliseconds(moment, settings.zone), command.at)
    if command.days or command.seconds:
        return _later("duration", _after(command, settings.zone) + command.seconds * 1000, command.at)
    return None


def _after(command: r.SnoozeTask, zone: str | None) -> int:
    """Return the instant that is the command's days later."""
    if not command.days:
        return command.at
    try:
        return times.milliseconds(times.local_at(command.at, zone) + timedelta(days=command.days), zone)
    except OverflowError:
        return times.END


def _later(field: str, instant: int, at: int) -> int:
    if instant <= at:
        raise Invalid(field, "A task is snoozed until a later time; this one is past.")
    if instant >= times.END:
        raise Invalid(field, "The calendar ends with the year 9999; snooze until an earlier time.")
    return instant
