"""Reminders: what a task's change does to those that wait, and the decision when a timer fires.

An instant at or before the event that would schedule it is not scheduled: nobody wants a reminder of the past. But none
is lost that was not chosen. A reminder fires at once, and is not missed, if a series goes on after its instant, or if
other settings or other time zone data move it into the past while it waits. One that has come due and is not decided,
as within the quiet hours, is owed: it fires at once when its task is reopened or restored, or has another due.

A plan that was made by other settings or other time zone data is made again before anything is decided by it, so an old
plan never fires.

When a timer fires, the reminder is sent unless it is missed or falls into the quiet hours: then the settings say what
happens. It counts as missed if it fires more than ``MISSED`` after its instant, as after a downtime. One that is
repeated has a single timer: repetitions that were missed are left out.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from msgspec.structs import replace

from domain import reminder_plans as plans
from domain import reminder_times
from domain.recurrence.succession import ACTOR
from domain.reminder_plans import Held, Output
from domain.reminder_times import Basis
from domain.tasks import Event
from schemas import records as r

MISSED = 15 * 60_000
"""Milliseconds after its instant from which on a reminder counts as missed."""

After = tuple[Held | None, tuple[Output, ...]]
"""The state of a task, None if it is empty, and the records that led to it."""

Replan = Callable[[Held, str, int, Basis], tuple[Held, tuple[Output, ...]]]

PLANNED_BY = frozenset({"zone", "day_time", "quiet_from", "quiet_to", "in_quiet_hours"})
"""The settings that lead to planning again."""


def concerns(held: Held | None, event: Event) -> bool:
    """Return whether an event may change the reminders of its task."""
    return held is not None or bool(plans.reminders_of(event.task))


def react(held: Held | None, event: Event, basis: Basis) -> After:
    """Return the state after an event, and the reminders that it cancelled and scheduled."""
    task = event.task
    if isinstance(event, r.TaskPurged):
        return None, ()
    before, moved = replan(held or Held(task.id, "", "", (), ()), event.user, event.at, basis)
    closed = task.status is not r.Status.OPEN
    plan = before.plan if closed else plans.of_task(task, basis)
    now = replace(plans.upgraded(before, event.at), title=task.title, command=event.command, plan=plan, closed=closed)
    after, output = plans.scheduled(now, before, event.user, event.at, is_late=event.actor == ACTOR)
    return _worth_holding(after), (*moved, *output)


def replan(held: Held, user: str, at: int, basis: Basis) -> tuple[Held, tuple[Output, ...]]:
    """Return the state planned by these settings and time zone data, and what that cancelled and scheduled.

    Reminders that wait move, also into the past. Nothing changes if they were planned by these.
    """
    if held.plan is None or not plans.is_stale(held, basis):
        return held, ()
    renewed = plans.renewed(held, basis)
    return plans.scheduled(plans.moved(renewed, held.plan, at), held, user, at)


def again(held: Held, user: str, at: int, basis: Basis) -> tuple[Held, tuple[Output, ...]]:
    """Return the state as ``replan`` does, and let what is postponed fire now, as there may be other quiet hours."""
    before, moved = replan(held, user, at, basis)
    standing = (each if each.planned is None else plans.at_once(each, at) for each in before.standing)
    after = replace(before, standing=tuple(standing))
    return after, (*moved, *plans.changes(before, after, user, at))


def depends(held: Held | None) -> bool:
    """Return whether a task's timers depend on settings or time zone data."""
    if held is None or held.closed:
        return False
    return bool(held.plan and held.plan.by) or any(each.planned is not None for each in held.standing)


def fire(
    held: Held | None, notice: r.ReminderNotice, basis: Basis, replan: Replan = replan, *, waits: bool = True
) -> After:
    """Decide the reminder whose timer has fired, if exactly that timer (id and instant) still exists.

    One whose instant has come, and after the clock was set back is yet to come again, ``waits`` for it: else it would
    come early, and the next of its repetitions would be the same.
    """
    if held is None or _fired(held, notice) is None:
        return held, ()
    held, moved = replan(held, notice.user, notice.at, basis)
    if (fired := _fired(held, notice)) is None:  # only an old plan had this timer
        return held, moved
    if waits and notice.at < plans.planned_for(fired):
        later = plans.at_its_instant(fired)
        after = replace(held, standing=tuple(later if each == fired else each for each in held.standing))
        return after, (*moved, *plans.changes(held, after, notice.user, notice.at))
    after, output = _decided(plans.upgraded(held, notice.at), fired, notice, basis.settings)
    return after, (*moved, *output)


def _fired(held: Held, notice: r.ReminderNotice) -> r.StandingReminder | None:
    return next((each for each in held.standing if (each.id, each.due) == (notice.id, notice.due)), None)


def _decided(
    held: Held, fired: r.StandingReminder, notice: r.ReminderNotice, settings: r.Settings
) -> tuple[Held, tuple[Output, ...]]:
    """Return the state after a reminder has fired, and its records: it is due, withheld, or postponed."""
    others = tuple(each for each in held.standing if each != fired)
    record: Any = partial(plans.fields, held=held, user=notice.user, at=notice.at)
    until = reminder_times.quiet_until(settings, notice.at)
    if missed := _why_missed(fired, others, notice.at, settings.catch_up):
        output: Output = r.ReminderWithheld(**record(fired), step=r.Step.MISSED, detail=missed)
    elif until is None:
        output = r.ReminderDue(**record(fired))
    elif settings.in_quiet_hours is r.InQuietHours.SUPPRESS:
        output = r.ReminderWithheld(**record(fired), step=r.Step.SUPPRESSED, detail=QUIET)
    else:
        later = replace(fired, due=until, planned=plans.planned_for(fired))
        return replace(held, standing=(*others, later)), (r.ReminderScheduled(**record(later)),)
    after = plans.with_decisions(held, [r.DecidedReminder(fired.id, plans.planned_for(fired))])
    again = plans.repetition(held, fired, notice.at)
    scheduled = (r.ReminderScheduled(**record(each)) for each in again)
    return replace(after, standing=(*others, *again)), (output, *scheduled)


QUIET = "It was due within the quiet hours."


def _why_missed(
    fired: r.StandingReminder, others: Iterable[r.StandingReminder], at: int, catch_up: r.CatchUp
) -> str | None:
    """Return why a reminder that fires too late is not sent, None if it is."""
    if at - fired.due <= MISSED or catch_up is r.CatchUp.EACH:
        return None
    if catch_up is r.CatchUp.NONE:
        return "It was missed, and the settings say to send none that was."
    if any(each.due <= at and (each.due, each.id) > (fired.due, fired.id) for each in others):
        return "It was missed, and the settings say to send only the latest of a task."
    return None


def _worth_holding(held: Held) -> Held | None:
    """Return a state, None if there is nothing in it; that of a deleted task is kept, since it may be restored."""
    return held if held.standing or held.decisions or held.owed or depends(held) else None
