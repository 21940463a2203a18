"""Reminders by decision versions before 6, so that what they decided can be decided again.

Each reminder of an open task has one instant. Its id is derived from task, occurrence, reminder and instant, so a
rescheduled task has other ids, and one that is moved back has the same again. A decision under an id is final, and an
instant at or before the event that would schedule it is never scheduled: nobody wants a reminder of the past.
"""

from msgspec.structs import replace

from domain import times
from domain.tasks import Event
from schemas import ids
from schemas import records as r


def react(
    held: r.StandingReminders | None, event: Event
) -> tuple[r.StandingReminders | None, tuple[r.ReminderScheduled | r.ReminderCancelled, ...]]:
    """Return the state after the event, None if it is empty, and the reminders that it cancelled and scheduled."""
    task = event.task
    if isinstance(event, r.TaskPurged) or (held is None and not task.reminders):
        return None, ()
    before, decided = (held.standing, held.decided) if held else ((), ())
    wanted = _wanted(task)
    kept = tuple(s for s in before if s in wanted)
    new = tuple(s for s in wanted if s not in before and s.id not in decided and s.due > event.at)
    cancelled = tuple(
        r.ReminderCancelled(id=s.id, user=event.user, at=event.at, command=event.command, task=task.id)
        for s in before
        if s not in wanted
    )
    after = r.StandingReminders(task.id, task.title, event.command, kept + new, decided)
    return _worth_holding(after), (*cancelled, *(_scheduled(s, event) for s in new))


def fire(
    held: r.StandingReminders | None, notice: r.ReminderNotice
) -> tuple[r.StandingReminders | None, tuple[r.ReminderDue, ...]]:
    """Decide the reminder whose timer has fired, if exactly that timer (id and instant) still exists."""
    fired = next((s for s in held.standing if (s.id, s.due) == (notice.id, notice.due)), None) if held else None
    if held is None or fired is None:
        return held, ()
    after = replace(held, standing=tuple(s for s in held.standing if s != fired), decided=(*held.decided, fired.id))
    due = r.ReminderDue(
        id=fired.id,
        user=notice.user,
        at=notice.at,
        command=held.command,
        task=held.task,
        reminder=fired.reminder,
        due=fired.due,
        title=held.title,
    )
    return after, (due,)


def instant(task: r.Task, reminder: r.Reminder) -> int | None:
    """Return when to remind, in milliseconds since 1970; None if that is relative to a due that is no instant."""
    if reminder.before is None:
        return reminder.at
    due = times.instant(task.due) if task.due else None
    return None if due is None else due - reminder.before * 1000


def _wanted(task: r.Task) -> tuple[r.StandingReminder, ...]:
    """Return the timers that a task needs, in its reminders' order: none unless it is open."""
    if task.status is not r.Status.OPEN:
        return ()
    dues = ((reminder, instant(task, reminder)) for reminder in task.reminders)
    return tuple(
        r.StandingReminder(ids.reminder(task.id, task.occurrence, reminder.id, due), reminder.id, due)
        for reminder, due in dues
        if due is not None
    )


def _worth_holding(held: r.StandingReminders) -> r.StandingReminders | None:
    return held if held.standing or held.decided else None  # also of a deleted task: it may be restored


def _scheduled(standing: r.StandingReminder, event: Event) -> r.ReminderScheduled:
    return r.ReminderScheduled(
        id=standing.id,
        user=event.user,
        at=event.at,
        command=event.command,
        task=event.task.id,
        reminder=standing.reminder,
        due=standing.due,
        title=event.task.title,
    )
