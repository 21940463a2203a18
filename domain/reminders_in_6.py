"""Reminders by decision version 6, so that what it decided can be decided again.

It differs from ``reminders`` in what it forgets: a reminder that was postponed by quiet hours is lost if its task is
closed and reopened, or moved; the plan of a closed task; the changes of a series besides the creation of an occurrence.
Other quiet hours do not hasten what is postponed.
"""

from collections.abc import Collection

from msgspec.structs import replace

from domain import reminder_plans as plans
from domain import reminders
from domain.reminder_plans import Held, Output
from domain.reminder_times import Basis
from domain.reminders import After
from domain.tasks import Event
from schemas import records as r

PLANNED_BY = frozenset({"zone", "day_time"})
"""The settings that lead to planning again."""


def react(held: Held | None, event: Event, basis: Basis) -> After:
    """Return the state after an event, and the reminders that it cancelled and scheduled."""
    task = event.task
    if isinstance(event, r.TaskPurged):
        return None, ()
    before, moved = replan(held or Held(task.id, "", "", (), ()), event.user, event.at, basis)
    named = {"title": task.title, "command": event.command, "plan": plans.of_task(task, basis)}
    late = {each.id for each in task.reminders} if _continues(event) else set[str]()
    held = replace(plans.upgraded(before, event.at), **named)
    after, output = _scheduled(held, event.user, event.at, late, before.plan)
    is_worth = after.standing or after.decisions or depends(after)
    return after if is_worth else None, (*moved, *output)


def replan(held: Held, user: str, at: int, basis: Basis) -> tuple[Held, tuple[Output, ...]]:
    """Return the state planned by these settings and time zone data, and what that cancelled and scheduled."""
    if not plans.is_stale(held, basis):
        return held, ()
    return _scheduled(plans.renewed(held, basis), user, at, {each.reminder for each in held.standing})


again = replan


def fire(held: Held | None, notice: r.ReminderNotice, basis: Basis, *, waits: bool = False) -> After:
    """Decide the reminder whose timer has fired, if exactly that timer (id and instant) still exists."""
    return reminders.fire(held, notice, basis, replan, waits=waits)


def depends(held: Held | None) -> bool:
    """Return whether a task's plan depends on settings or time zone data."""
    return bool(held and held.plan and held.plan.by)


def _continues(event: Event) -> bool:
    """Return whether an event creates a further occurrence of a series."""
    return isinstance(event, r.TaskCreated) and event.task.series not in {None, event.task.id}


def _scheduled(
    held: Held, user: str, at: int, late: Collection[str], before: r.Plan | None = None
) -> tuple[Held, tuple[Output, ...]]:
    """Return the state with the timers that its plan needs, and the reminders that this cancels and schedules.

    Reminders of the past are scheduled only if they are among ``late``, by their ids within the task. While a task is
    snoozed, none is repeated: if it was snoozed otherwise by the plan ``before``, repetitions are planned again.
    """
    kept, new = list[r.StandingReminder](), list[r.StandingReminder]()
    silent, was_silent = plans.snoozed(held.plan), plans.snoozed(before or held.plan)
    for reminder, first in plans.instants(held):
        own = next((each for each in held.standing if plans.is_of(each, held, reminder, first)), None)
        if own and (reminder.repeat_every is None or silent == was_silent):
            kept.append(own)
            continue
        since = at if reminder.repeat_every is None else max(at, silent)
        each = plans.timer(held, reminder, plans.following(held, reminder, first, since))
        if not _is_decided(held, each) and (each.due > at or reminder.id in late):
            new.append(each)
    after = replace(held, standing=(*kept, *new))
    gone = (each for each in held.standing if each not in kept)
    cancelled = (r.ReminderCancelled(each.id, user, at, held.command, held.task) for each in gone)
    return after, (*cancelled, *(r.ReminderScheduled(**plans.fields(each, held, user, at)) for each in new))


def _is_decided(held: Held, standing: r.StandingReminder) -> bool:
    return standing.due <= held.floor or any(each.id == standing.id for each in held.decisions)
