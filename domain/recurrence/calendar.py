"""Series by the calendar: the next occurrence opens when it has come, whether or not the open one is completed.

While an occurrence is open, its series awaits the next one, by a timer. When that fires, the open one is closed as
missed; a series that opens each leaves it open, and the next one opens beside it. A timer acts only if the next one has
come by the zone and the time zone data of that moment; else it is set again.
"""

from msgspec.structs import replace

from domain import times
from domain.decision import BEFORE_8
from domain.recurrence import advance, keys, overrides
from domain.recurrence.succession import ACTOR, command_of
from schemas import ids
from schemas import records as r

Command = r.CreateOccurrence | r.MissTask


def is_awaiting(task: r.Task) -> bool:
    """Return whether a task is an open occurrence of a series by the calendar."""
    rule = task.recurrence
    return rule is not None and rule.repeats is r.Repeats.CALENDAR and task.status is r.Status.OPEN


def react(held: r.AwaitedOccurrence | None, task: r.Task, event: str, zone: str | None) -> r.AwaitedOccurrence | None:
    """Return what a task's series awaits after an event, by its id; None if nothing.

    ``zone`` is the user's, for tasks without one: None is UTC.
    """
    if not is_awaiting(task) or task.recurrence is None or task.occurrence is None or task.series is None:
        return None
    if held and (held.occurrence, held.recurrence) == (task.occurrence, task.recurrence) and held.due is None:
        return held
    due = comes(task.recurrence, task.occurrence, zone)
    if held and (held.occurrence, held.recurrence, held.due) == (task.occurrence, task.recurrence, due):
        return held
    if due is None:
        return None
    name = ids.derive("awaited", event)
    return r.AwaitedOccurrence(name, task.id, task.series, task.occurrence, task.recurrence, due)


def replan(held: r.AwaitedOccurrence, cause: str, zone: str | None, version: str) -> r.AwaitedOccurrence:
    """Return what a series awaits in another zone, or by other time zone data; ``cause`` is the id of a record.

    One cause may come twice, as for a zone that is changed twice in a millisecond: so the id follows from that before.
    """
    due = comes(held.recurrence, held.occurrence, zone)
    before = held.task if version in BEFORE_8 else held.id
    return held if due == held.due else replace(held, id=ids.derive("awaited", cause, before), due=due)


def fire(
    held: r.AwaitedOccurrence | None, notice: r.SeriesNotice, zone: str | None, version: str
) -> tuple[r.AwaitedOccurrence | None, Command | None]:
    """Return what a series awaits after its timer has fired, and the command that this leads to."""
    if held is None or (held.id, held.due) != (notice.id, notice.due):
        return held, None
    again = replan(held, notice.id, zone, version)
    if again.due is not None and again.due > notice.at:
        return again, None
    command = _beside if held.recurrence.missed is r.Missed.EACH else _missed
    return replace(again, due=None), command(held, notice, zone)


def comes(recurrence: r.Recurrence, occurrence: str, zone: str | None) -> int | None:
    """Return when the occurrence after another one comes, in milliseconds since 1970; None if there is none."""
    following = advance.series_set(recurrence).after(keys.shown_key(recurrence, occurrence))
    if following is None:
        return None
    due = overrides.moved(recurrence).get(following.key, following.due)
    instant = times.milliseconds(times.local(due), due.zone or zone)
    return instant if instant < times.END else None


def _missed(held: r.AwaitedOccurrence, notice: r.SeriesNotice, _: str | None) -> r.MissTask:
    return r.MissTask(
        id=command_of(notice.id),
        user=notice.user,
        at=notice.at,
        actor=ACTOR,
        task=held.task,
        rule_version=held.recurrence.version,
        cause=notice.id,
    )


def _beside(held: r.AwaitedOccurrence, notice: r.SeriesNotice, zone: str | None) -> r.CreateOccurrence | None:
    found = advance.by_calendar(held.recurrence, held.occurrence, notice.at, zone)
    if found is None:
        return None
    again = advance.creation(notice, held.task, held.recurrence, held.occurrence, series=held.series, due=found.due)
    return replace(again, beside=True)
