"""Reminders: which timers a task's reminders ask for, and what is decided when a timer comes.

Each reminder of an open task means one instant. Its id is derived from task, occurrence, reminder and instant, so a
moved task has other ids and one that is moved back has the same. What was decided under an id stays decided, and an
instant at or before the event that would schedule it is never scheduled: nobody wants a reminder of the past.
"""

from msgspec.structs import replace

from domain import times
from domain.tasks import Event
from schemas import ids
from schemas.records import (
    Reminder,
    ReminderCancelled,
    ReminderDue,
    ReminderNotice,
    ReminderScheduled,
    StandingReminder,
    StandingReminders,
    Status,
    Task,
    TaskPurged,
)


def react(
    held: StandingReminders | None, event: Event
) -> tuple[StandingReminders | None, tuple[ReminderScheduled | ReminderCancelled, ...]]:
    """Return what stands after the event, None where there is nothing to hold, and what changed: cancelled first."""
    task = event.task
    if isinstance(event, TaskPurged) or (held is None and not task.reminders):
        return None, ()
    before, decided = (held.standing, held.decided) if held else ((), ())
    wanted = _wanted(task)
    kept = tuple(s for s in before if s in wanted)
    new = tuple(s for s in wanted if s not in before and s.id not in decided and s.due > event.at)
    cancelled = tuple(
        ReminderCancelled(id=s.id, user=event.user, at=event.at, command=event.command, task=task.id)
        for s in before
        if s not in wanted
    )
    after = StandingReminders(task.id, task.title, event.command, kept + new, decided)
    return _worth_holding(after), (*cancelled, *(_scheduled(s, event) for s in new))


def fire(
    held: StandingReminders | None, notice: ReminderNotice
) -> tuple[StandingReminders | None, tuple[ReminderDue, ...]]:
    """Decide the reminder whose timer has come, if that very timer (id and instant) still stands; else nothing."""
    stands = next((s for s in held.standing if (s.id, s.due) == (notice.id, notice.due)), None) if held else None
    if held is None or stands is None:
        return held, ()
    after = replace(held, standing=tuple(s for s in held.standing if s != stands), decided=(*held.decided, stands.id))
    due = ReminderDue(
        id=stands.id,
        user=notice.user,
        at=notice.at,
        command=held.command,
        task=held.task,
        reminder=stands.reminder,
        due=stands.due,
        title=held.title,
    )
    return after, (due,)


def instant(task: Task, reminder: Reminder) -> int | None:
    """Return when to remind, in milliseconds since 1970; None where it is before a due that means no instant."""
    if reminder.before is None:
        return reminder.at
    due = times.instant(task.due) if task.due else None
    return None if due is None else due - reminder.before * 1000


def _wanted(task: Task) -> tuple[StandingReminder, ...]:
    """Return the timers that a task asks for, in its reminders' order: none unless it is open."""
    if task.status is not Status.OPEN:
        return ()
    dues = ((reminder, instant(task, reminder)) for reminder in task.reminders)
    return tuple(
        StandingReminder(ids.reminder(task.id, task.occurrence, reminder.id, due), reminder.id, due)
        for reminder, due in dues
        if due is not None
    )


def _worth_holding(held: StandingReminders) -> StandingReminders | None:
    return held if held.standing or held.decided else None  # also of a deleted task: it may be restored


def _scheduled(standing: StandingReminder, event: Event) -> ReminderScheduled:
    return ReminderScheduled(
        id=standing.id,
        user=event.user,
        at=event.at,
        command=event.command,
        task=event.task.id,
        reminder=standing.reminder,
        due=standing.due,
        title=event.task.title,
    )
