"""When reminders are due: by the calendar in the task's zone, or in that of the settings; and when none is sent.

Days are the calendar's: one day before 09:00 is 09:00 of the day before, also if the clocks change in between. Hours,
minutes and seconds are exact (RFC 5545, section 3.3.6), and are counted after the days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from domain import times
from schemas import ids
from schemas import records as r


@dataclass(frozen=True)
class Basis:
    """What instants depend on besides a task: the settings of its user, and the version of the time zone data."""

    settings: r.Settings
    tzdata: str

    @property
    def version(self) -> str:
        """What a plan is made by: it is made again once this differs."""
        return f"{self.tzdata} {self.settings.zone or 'UTC'} {self.settings.day_time}"


def instant(reminder: r.Reminder, due: r.Due | None, start: r.Due | None, settings: r.Settings) -> int | None:
    """Return when to remind, in milliseconds since 1970; None without the due or start that it counts from.

    The day of a due without a time is that of the settings' zone, from their ``day_time`` on; a floating time is one in
    that zone, by default UTC.
    """
    if reminder.before is None:
        return reminder.at
    anchor = start if reminder.anchor is r.Anchor.START else due
    if anchor is None:
        return None
    time = reminder.time or anchor.time or settings.day_time
    local = times.local(replace(anchor, time=time)) - timedelta(days=reminder.days)
    return times.milliseconds(local, anchor.zone or settings.zone) - reminder.before * 1000


def depends(reminder: r.Reminder) -> bool:
    """Return whether a reminder's instants depend on settings or time zone data."""
    return reminder.before is not None or reminder.repeat_days > 0


def is_repeated(reminder: r.Reminder) -> bool:
    """Return whether a reminder is repeated until its task is closed."""
    return reminder.repeat_every is not None or reminder.repeat_days > 0


def next_of(reminder: r.Reminder, first: int, at: int, zone: str | None) -> int:
    """Return the first instant of a reminder and its repetitions that is later than ``at``, else its only one.

    Repeated by days it comes at the local time of its ``first`` instant in a zone, UTC if None. Where the clocks do not
    show that, it comes as RFC 5545 says.
    """
    if first > at or not is_repeated(reminder):
        return first
    if reminder.repeat_every is not None:
        every = reminder.repeat_every * 1000
        return first + ((at - first) // every + 1) * every
    local = times.local_at(first, zone)
    passed = (times.local_at(at, zone) - local).days // reminder.repeat_days
    later = (_days_later(local, (passed + more) * reminder.repeat_days, zone) for more in range(3))
    return next(instant for instant in later if instant > at)


def _days_later(local: datetime, days: int, zone: str | None) -> int:
    """Return the instant of a local time some days later; the end of the calendar if that is beyond it."""
    try:
        return times.milliseconds(local + timedelta(days=days), zone)
    except OverflowError:
        return times.END


def carried(
    reminders: Iterable[r.Reminder], before: r.Due | None, due: r.Due | None, zone: str | None
) -> tuple[r.Reminder, ...]:
    """Return an occurrence's reminders for the next one: those at an instant are moved with the due, others are equal.

    Between dues with the same time of day an instant is moved by days, and keeps its time of day in the due's zone, or
    in ``zone`` (UTC if None). Between others, as those of an hourly rule, it is moved by their exact distance.
    """
    if before is None or due is None or before.time == due.time or None in {before.time, due.time}:
        return carried_by_days(reminders, before, due, zone)
    distance = _milliseconds(due, zone) - _milliseconds(before, zone)
    return tuple(each if each.at is None else _at(each, each.at + distance) for each in reminders)


def carried_by_days(
    reminders: Iterable[r.Reminder], before: r.Due | None, due: r.Due | None, zone: str | None
) -> tuple[r.Reminder, ...]:
    """Return reminders as ``carried``, moved by days between any dues, as in decision versions before 7."""
    if before is None or due is None:
        return tuple(reminders)
    days = times.days_between(before, due)
    return tuple(_moved(each, days, due.zone or zone) for each in reminders)


def later(reminders: Iterable[r.Reminder], days: int, zone: str | None) -> tuple[r.Reminder, ...]:
    """Return reminders of which those at an instant are moved by days in a zone, UTC if None; others are equal."""
    return tuple(_moved(each, days, zone) for each in reminders)


def _moved(reminder: r.Reminder, days: int, zone: str | None) -> r.Reminder:
    if reminder.at is None:
        return reminder
    try:
        at = times.milliseconds(times.local_at(reminder.at, zone) + timedelta(days=days), zone)
    except OverflowError:
        at = times.END
    return _at(reminder, at)


def _at(reminder: r.Reminder, at: int) -> r.Reminder:
    return named(replace(reminder, at=min(at, times.END - 1)))


def _milliseconds(due: r.Due, zone: str | None) -> int:
    return times.milliseconds(times.local(due), due.zone or zone)


def named(reminder: r.Reminder) -> r.Reminder:
    """Return a reminder with the id of its content, so that setting the same again changes nothing.

    Reminders that earlier versions could have have the ids that these gave them.
    """
    content = [str(reminder.before), str(reminder.at)]
    if reminder != r.Reminder(reminder.id, reminder.before, reminder.at):
        content += [str(each) for each in (reminder.days, reminder.time, reminder.anchor, reminder.repeat_every)]
    if reminder.repeat_days:
        content.append(f"{reminder.repeat_days} days")
    return replace(reminder, id=ids.derive("task-reminder", *content))


def quiet_until(settings: r.Settings, at: int) -> int | None:
    """Return the end of the quiet hours that an instant is in, in milliseconds since 1970; None if it is in none."""
    begin, end = settings.quiet_from, settings.quiet_to
    if begin is None or end is None:
        return None
    local = times.local_at(at, settings.zone)
    time = local.time().isoformat("seconds")
    is_quiet = begin <= time < end if begin < end else time >= begin or time < end
    if not is_quiet:
        return None
    today = r.Due(local.date().isoformat(), end)
    try:
        until = times.milliseconds(times.local(times.moved(today, int(time >= end))), settings.zone)
    except OverflowError:  # the calendar ends before
        return None
    return until if until > at else None  # clocks that show the end twice have shown it
