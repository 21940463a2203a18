"""A task's plan: the instants of its reminders, the timers that wait for them, and the reminders that were decided.

Each reminder of an open task has one instant; one that repeats has the next of its instants. The id of a timer is
derived from task, occurrence, reminder and instant, so a rescheduled task has other ids, and one that is moved back has
the same again. A decision under an id is final.

What is kept for a task is bounded: its at most 20 reminders, as many timers, and ``DECISIONS`` decided reminders. Of
those that are dropped the latest instant is kept, as the floor: nothing up to it is scheduled again. It is in the past,
as no timer fires before its time, so it prevents nothing else, unless a clock is set back behind as many decisions.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from domain import reminder_times
from domain.reminder_times import Basis
from schemas import ids
from schemas import records as r

DECISIONS = 100
"""The most decided reminders that are kept for a task."""

SNOOZE = ids.derive("task-reminder", "snooze")
"""The id of the reminder that a task was snoozed for, among the task's."""

Held = r.StandingReminders
Output = r.ReminderScheduled | r.ReminderCancelled | r.ReminderDue | r.ReminderWithheld


def of_task(task: r.Task, basis: Basis) -> r.Plan | None:
    """Return what a task's reminders are planned by; None if it is closed or has none."""
    if task.status is not r.Status.OPEN or not (wanted := reminders_of(task)):
        return None
    return _timed(r.Plan("", task.occurrence, task.due, task.start, wanted, ()), basis)


def reminders_of(task: r.Task) -> tuple[r.Reminder, ...]:
    """Return a task's reminders, and the one that it was snoozed for."""
    return task.reminders if task.snoozed is None else (*task.reminders, r.Reminder(SNOOZE, at=task.snoozed))


def is_stale(held: Held, basis: Basis) -> bool:
    """Return whether a task's reminders were planned by other settings or time zone data, and depend on these."""
    return held.plan is not None and held.plan.by not in {"", basis.version}


def renewed(held: Held, basis: Basis) -> Held:
    """Return the state with its plan made again; what was decided stays decided at its new instant."""
    plan = held.plan
    assert plan
    again, known = _timed(plan, basis), {each.id for each in held.decisions}
    moved = zip(plan.reminders, plan.instants, again.instants, strict=True)
    decided = (
        r.DecidedReminder(_id(held, each, now), now)
        for each, was, now in moved
        if was is not None and now is not None and was != now and _id(held, each, was) in known
    )
    return with_decisions(replace(held, plan=again), decided)


def scheduled(
    held: Held, user: str, at: int, late: Collection[str], before: r.Plan | None = None
) -> tuple[Held, tuple[Output, ...]]:
    """Return the state with the timers that its plan needs, and the reminders that this cancels and schedules.

    Reminders of the past are scheduled only if they are among ``late``, by their ids within the task. While a task is
    snoozed, none is repeated: if it was snoozed otherwise by the plan ``before``, repetitions are planned again.
    """
    kept, new = list[r.StandingReminder](), list[r.StandingReminder]()
    silent, was_silent = _snoozed(held.plan), _snoozed(before or held.plan)
    for reminder, first in _instants(held):
        own = next((each for each in held.standing if _is_of(each, held, reminder, first)), None)
        if own and (reminder.repeat_every is None or silent == was_silent):
            kept.append(own)
            continue
        since = at if reminder.repeat_every is None else max(at, silent)
        each = _standing(held, reminder, reminder_times.next_of(reminder, first, since))
        if not _is_decided(held, each) and (each.due > at or reminder.id in late):
            new.append(each)
    after = replace(held, standing=(*kept, *new))
    gone = (each for each in held.standing if each not in kept)
    cancelled = (r.ReminderCancelled(each.id, user, at, held.command, held.task) for each in gone)
    return after, (*cancelled, *(r.ReminderScheduled(**fields(each, held, user, at)) for each in new))


def repetition(held: Held, fired: r.StandingReminder, at: int) -> tuple[r.StandingReminder, ...]:
    """Return the timer of a fired reminder's next repetition after ``at``; none if it is not repeated."""
    reminder = next((each for each, _ in _instants(held) if each.id == fired.reminder), None)
    if reminder is None or reminder.repeat_every is None:
        return ()
    return (_standing(held, reminder, reminder_times.next_of(reminder, planned_for(fired), at)),)


def with_decisions(held: Held, decided: Iterable[r.DecidedReminder]) -> Held:
    """Return the state with further decisions, a bounded number in all: those with the latest instants."""
    known = {each.id: each for each in (*held.decisions, *decided)}
    by_due = sorted(known.values(), key=lambda each: each.due)
    dropped, kept = by_due[:-DECISIONS], by_due[-DECISIONS:]
    return replace(held, decisions=tuple(kept), floor=max(held.floor, *(each.due for each in dropped), 0))


def upgraded(held: Held, at: int) -> Held:
    """Return a state that an earlier decision version wrote in today's form: what it decided was due by ``at``."""
    if not held.decided:
        return held
    return with_decisions(replace(held, decided=()), (r.DecidedReminder(each, at) for each in held.decided))


def planned_for(standing: r.StandingReminder) -> int:
    """Return the instant that a reminder was planned for, before it was postponed."""
    return standing.due if standing.planned is None else standing.planned


def fields(standing: r.StandingReminder, held: Held, user: str, at: int) -> dict[str, Any]:
    """Return the fields of the records of a reminder that is scheduled, due or withheld."""
    return {
        "id": standing.id,
        "user": user,
        "at": at,
        "command": held.command,
        "task": held.task,
        "reminder": standing.reminder,
        "due": standing.due,
        "title": held.title,
    }


def _timed(plan: r.Plan, basis: Basis) -> r.Plan:
    """Return a plan with the instants of its reminders."""
    by = basis.version if any(map(reminder_times.depends, plan.reminders)) else ""
    instants = (reminder_times.instant(each, plan.due, plan.start, basis.settings) for each in plan.reminders)
    return replace(plan, by=by, instants=tuple(instants))


def _instants(held: Held) -> Iterator[tuple[r.Reminder, int]]:
    """Yield the planned reminders that have an instant, each with its first one."""
    if plan := held.plan:
        for reminder, first in zip(plan.reminders, plan.instants, strict=True):
            if first is not None:
                yield reminder, first


def _snoozed(plan: r.Plan | None) -> int:
    """Return the instant that a plan's task is snoozed until; 0 if it is not."""
    reminders = plan.reminders if plan else ()
    return next((each.at for each in reminders if each.id == SNOOZE and each.at is not None), 0)


def _is_of(standing: r.StandingReminder, held: Held, reminder: r.Reminder, first: int) -> bool:
    """Return whether a timer is that of a reminder with this first instant, or of one of its repetitions."""
    planned = planned_for(standing)
    if planned < first or standing.id != _id(held, reminder, planned):
        return False
    return planned == reminder_times.next_of(reminder, first, planned - 1)


def _is_decided(held: Held, standing: r.StandingReminder) -> bool:
    return standing.due <= held.floor or any(each.id == standing.id for each in held.decisions)


def _standing(held: Held, reminder: r.Reminder, due: int) -> r.StandingReminder:
    return r.StandingReminder(_id(held, reminder, due), reminder.id, due)


def _id(held: Held, reminder: r.Reminder, due: int) -> str:
    return ids.reminder(held.task, held.plan.occurrence if held.plan else None, reminder.id, due)
