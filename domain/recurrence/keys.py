"""Local keys of the slots of a series, and what the clocks show there."""

from msgspec.structs import replace

from domain import times
from domain.recurrence.sets import on_clock
from schemas.records import Due, Recurrence


def slot_due(recurrence: Recurrence, occurrence: str) -> Due:
    """Return when an occurrence is planned: the due of its local key."""
    date, _, time = occurrence.partition("T")
    return Due(date, time or None, recurrence.start.zone)


def shown_key(recurrence: Recurrence, occurrence: str) -> str:
    """Return the local key at which the clocks show an occurrence."""
    return times.key(on_clocks(slot_due(recurrence, occurrence)))


def on_clocks(due: Due) -> Due:
    """Return a due as the clocks show it: one in a zone's gap has a later time (RFC 5545, section 3.3.5)."""
    if due.zone is None or due.time is None:
        return due
    date, _, time = on_clock(times.local(due), times.zone(due.zone)).isoformat().partition("T")
    return replace(due, date=date, time=time)


def moved_along(due: Due, slot: Due, to: Due) -> Due:
    """Return a due moved as another is from its slot: by local time, or if any of them has none, by days to its time.

    Raises OverflowError beyond the calendar.
    """
    if None in {due.time, slot.time, to.time}:
        return replace(times.moved(due, times.days_between(slot, to)), time=to.time, zone=to.zone)
    date, _, time = (times.local(due) + (times.local(to) - times.local(slot))).isoformat().partition("T")
    return Due(date, time, to.zone)
