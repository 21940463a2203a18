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
        r.DecidedReminder(timer_id(held, each, now), now)
        for each, was, now in moved
        if was is not None and now is not None and was != now and timer_id(held, each, was) in known
    )
    return with_decisions(replace(held, plan=again), decided)


def scheduled(
    held: Held, before: Held, user: str, at: int, *, is_late: bool = False
) -> tuple[Held, tuple[Output, ...]]:
    """Return the state with the timers that its plan needs, and the reminders that this cancels and schedules.

    Reminders of the past come at once if they have come due before without being decided, or if all that are late do.
    While a task is snoozed, none is repeated: if it was snoozed otherwise ``before``, repetitions are planned again.
    """
    if held.closed:
        owed = tuple(each for each in held.standing if _is_owed(each, at))
        after = replace(held, standing=(), owed=(*held.owed, *owed))
    else:
        was_silent = snoozed(before.plan or held.plan)
        wanted = (_wanted(held, *each, at, was_silent, is_late=is_late) for each in instants(held))
        after = replace(held, standing=tuple(filter(None, wanted)), owed=())
    return after, changes(before, after, user, at)


def changes(before: Held, after: Held, user: str, at: int) -> tuple[Output, ...]:
    """Return the reminders that are cancelled and scheduled between two states."""
    known = {each.id for each in after.standing}
    gone = (each for each in before.standing if each.id not in known)
    cancelled = (r.ReminderCancelled(each.id, user, at, after.command, after.task) for each in gone)
    new = (each for each in after.standing if each not in before.standing)
    return (*cancelled, *(r.ReminderScheduled(**fields(each, after, user, at)) for each in new))


def moved(held: Held, was: r.Plan, at: int) -> Held:
    """Return a state with its timers moved from the instants of the plan before it to its own, repetitions as far.

    One that is moved into the past comes at once.
    """
    plan = held.plan
    assert plan
    pairs = zip(plan.reminders, was.instants, plan.instants, strict=True)
    by = {each.id: now - then for each, then, now in pairs if then is not None and now is not None}
    return replace(held, standing=tuple(_shifted(held, each, by.get(each.reminder, 0), at) for each in held.standing))


def at_once(standing: r.StandingReminder, at: int) -> r.StandingReminder:
    """Return a timer that fires now, for the same instant."""
    return replace(standing, due=at, planned=planned_for(standing))


def at_its_instant(standing: r.StandingReminder) -> r.StandingReminder:
    """Return a timer that fires at the instant that it was planned for."""
    return replace(standing, due=planned_for(standing), planned=None)


def repetition(held: Held, fired: r.StandingReminder, at: int) -> tuple[r.StandingReminder, ...]:
    """Return the timer of a fired reminder's next repetition after ``at``; none if it is not repeated."""
    reminder, first = next(((each, at) for each, at in instants(held) if each.id == fired.reminder), (None, 0))
    if reminder is None or not reminder_times.is_repeated(reminder):
        return ()
    begin = planned_for(fired) if reminder.repeat_every is not None else first
    return (timer(held, reminder, following(held, reminder, begin, at)),)


def following(held: Held, reminder: r.Reminder, first: int, at: int) -> int:
    """Return the first instant of a planned reminder and its repetitions that is later than ``at``, or its only one."""
    return reminder_times.next_of(reminder, first, at, held.plan.zone if held.plan else None)


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
    zone = next((each.zone for each in (plan.due, plan.start) if each and each.zone), basis.settings.zone)
    in_days = any(each.repeat_days for each in plan.reminders)
    return replace(plan, by=by, instants=tuple(instants), zone=zone if in_days else None)


def instants(held: Held) -> Iterator[tuple[r.Reminder, int]]:
    """Yield the planned reminders that have an instant, each with its first one."""
    if plan := held.plan:
        for reminder, first in zip(plan.reminders, plan.instants, strict=True):
            if first is not None:
                yield reminder, first


def snoozed(plan: r.Plan | None) -> int:
    """Return the instant that a plan's task is snoozed until; 0 if it is not."""
    reminders = plan.reminders if plan else ()
    return next((each.at for each in reminders if each.id == SNOOZE and each.at is not None), 0)


def is_of(standing: r.StandingReminder, held: Held, reminder: r.Reminder, first: int) -> bool:
    """Return whether a timer is that of a reminder with this first instant, or of one of its repetitions."""
    planned = planned_for(standing)
    if planned < first or standing.id != timer_id(held, reminder, planned):
        return False
    return planned == following(held, reminder, first, planned - 1)


def _wanted(
    held: Held, reminder: r.Reminder, first: int, at: int, was_silent: int, *, is_late: bool
) -> r.StandingReminder | None:
    """Return the timer that a planned reminder needs; None if it is decided, or past without being owed."""
    silent, repeats = snoozed(held.plan), reminder_times.is_repeated(reminder)
    own = next((each for each in (*held.standing, *held.owed) if each.reminder == reminder.id), None)
    is_same = own is not None and is_of(own, held, reminder, first)
    choices = list[r.StandingReminder]()
    if own and is_same and (silent == was_silent or not repeats):
        choices.append(own if own in held.standing else at_once(own, at))
    elif not is_same and first <= at and (is_late or (own and _is_owed(own, at))):
        choices.append(at_once(timer(held, reminder, first), at))
    decided = {each.id for each in held.decisions}
    due = _next(held, reminder, first, max(at, silent, held.floor), decided)
    if due > max(at, held.floor):
        choices.append(timer(held, reminder, due))
    return next((each for each in choices if each.id not in decided), None)


def _next(held: Held, reminder: r.Reminder, first: int, since: int, decided: Collection[str]) -> int:
    """Return the next instant of a reminder; of one that repeats, the next that is not decided.

    Settings may have moved what was decided into the future.
    """
    due = following(held, reminder, first, since)
    while reminder_times.is_repeated(reminder) and timer_id(held, reminder, due) in decided:
        due = following(held, reminder, first, due)
    return due


def _is_owed(standing: r.StandingReminder, at: int) -> bool:
    """Return whether a reminder has come due without being decided."""
    return standing.planned is not None or standing.due <= at


def _shifted(held: Held, standing: r.StandingReminder, by: int, at: int) -> r.StandingReminder:
    """Return a timer that is moved by milliseconds; it fires no later than at once, and no earlier than it would."""
    if by == 0:
        return standing
    planned = planned_for(standing) + by
    due = max(planned, min(standing.due, at))
    identity = ids.reminder(held.task, held.plan.occurrence if held.plan else None, standing.reminder, planned)
    return r.StandingReminder(identity, standing.reminder, due, None if due == planned else planned)


def timer(held: Held, reminder: r.Reminder, due: int) -> r.StandingReminder:
    """Return the timer of a reminder that is planned for an instant."""
    return r.StandingReminder(timer_id(held, reminder, due), reminder.id, due)


def timer_id(held: Held, reminder: r.Reminder, due: int) -> str:
    """Return the id of a reminder that is planned for an instant."""
    return ids.reminder(held.task, held.plan.occurrence if held.plan else None, reminder.id, due)
