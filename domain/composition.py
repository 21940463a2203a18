"""Builds a task: from a command's fields, by an update, or from the previous occurrence."""

from typing import Any

from msgspec.structs import replace

from domain import merging, times
from domain.invalid import Conflict, Ended, Invalid
from domain.recurrence import succession
from schemas import records as r


def created(command: r.CreateTask, latest: r.Series | None) -> r.Task:
    """Return a new task; ``latest`` is that of the series that its id once named, before the task was purged.

    Raises ``Invalid`` if due, rule and reminders are inconsistent.
    """
    fields = command.fields
    check_reminders(fields.due, fields.reminders)
    check_start(fields.start, fields.due)
    plain = r.Task(
        id=command.task,
        user=command.user,
        title=fields.title,
        created_at=command.at,
        changed_at=command.at,
        notes=fields.notes,
        priority=fields.priority,
        tags=fields.tags,
        due=fields.due,
        reminders=fields.reminders,
        start=fields.start,
        parent=fields.parent,
        rank=fields.rank,
        pinned=fields.pinned,
        list=fields.list,
    )
    return plain if fields.rrule is None else _recurring(plain, fields.rrule, _next_version(latest))


def continued(previous: r.Task, command: r.CreateOccurrence, *, bounded: bool = True) -> r.Task:
    """Return the next occurrence: the previous one's fields, with only those of its reminders relative to the due.

    Raises ``Ended`` if it would begin after the calendar's end; if not ``bounded``, as in decision version 4,
    OverflowError if no date can represent that.
    """
    return r.Task(
        id=command.task,
        user=command.user,
        title=previous.title,
        created_at=command.at,
        changed_at=command.at,
        notes=previous.notes,
        priority=previous.priority,
        tags=previous.tags,
        due=command.due,
        recurrence=previous.recurrence,
        reminders=tuple(reminder for reminder in previous.reminders if reminder.before is not None),
        series=command.series,
        occurrence=command.occurrence,
        start=_start_of_next(previous, command.due, bounded=bounded),
        parent=previous.parent,
        rank=previous.rank,
        pinned=previous.pinned,
        list=previous.list,
    )


def updated(task: r.Task, command: r.UpdateTask, latest: r.Series | None) -> r.Task:
    """Return the task with the named fields set; ``latest`` is that of its series, or of one that its id once named.

    Raises ``Invalid`` if due, rule and reminders become inconsistent, ``Conflict`` if the rule can't be changed on this
    task.
    """
    wanted: dict[str, Any] = merging.wanted(task, command.changed, command.fields)
    rrule = wanted.pop("rrule", _rrule(task))
    rrule = None if rrule is None else succession.check(rrule, None)
    after = _with_rule(task, replace(task, **wanted), rrule, latest)
    if (after.due, after.reminders) != (task.due, task.reminders):
        check_reminders(after.due, after.reminders)
    if (after.due, after.start) != (task.due, task.start):
        check_start(after.start, after.due)
    return after


def check_rule(rrule: str, due: r.Due | None) -> str:
    """Return the rule in canonical form. Raises ``Invalid`` if there is no due or the rule is incompatible with it."""
    if due is None:
        raise Invalid("due", "A recurring task needs a due; give one, or leave recurrence out.")
    return succession.check(rrule, due)


def check_reminders(due: r.Due | None, reminders: tuple[r.Reminder, ...]) -> None:
    """Raise ``Invalid`` if a reminder is relative to a due that is no instant."""
    if any(reminder.before is not None for reminder in reminders) and (due is None or due.zone is None):
        raise Invalid("reminders", "A reminder before the due needs a due with time and zone; add them, or use `at`.")


def check_start(start: r.Due | None, due: r.Due | None) -> None:
    """Raise ``Invalid`` if a task would begin after it is due."""
    if start and due and times.is_later(start, due):
        raise Invalid("start", "The task would begin after it is due; move the start or the due.")


def _start_of_next(previous: r.Task, due: r.Due, *, bounded: bool) -> r.Due | None:
    """Return the next start: as many days before the due as the previous one's. Raises as ``continued``."""
    if previous.start is None or previous.due is None:
        return previous.start
    try:
        start = times.moved(previous.start, times.days_between(previous.due, due))
    except OverflowError:
        if bounded:
            raise _begins_too_late() from None
        raise
    if bounded and (times.instant(start) or 0) >= times.END:
        raise _begins_too_late()
    return start


def _begins_too_late() -> Ended:
    return Ended("start", "The next occurrence would begin after the year 9999; the series ends.")


def _with_rule(task: r.Task, after: r.Task, rrule: str | None, latest: r.Series | None) -> r.Task:
    same_rule = rrule == _rrule(task)
    if same_rule and (rrule is None or after.due == task.due):
        return after
    if rrule is not None and after.due is None:
        raise Invalid("due", "A recurring task needs a due; give one, or clear recurrence too.")
    if task.status is not r.Status.OPEN or not is_latest(task, latest):
        if same_rule:  # only its own due moves, not the series
            return after
        raise _cannot_change_rule(task)
    if rrule is None:
        return replace(after, recurrence=None, series=None, occurrence=None)
    return _recurring(after, rrule, _next_version(latest))


def _next_version(latest: r.Series | None) -> int:
    return latest.rule_version + 1 if latest else 1


def _rrule(task: r.Task) -> str | None:
    return task.recurrence.rrule if task.recurrence else None


def is_at(latest: r.Series | None, occurrence: str | None, rule_version: int) -> bool:
    """Return whether an occurrence is the latest one of its series."""
    return latest is not None and (latest.occurrence, latest.rule_version) == (occurrence, rule_version)


def is_latest(task: r.Task, latest: r.Series | None) -> bool:
    """Return whether a task is the latest occurrence of its series, or in no series."""
    return task.recurrence is None or is_at(latest, task.occurrence, task.recurrence.version)


def _recurring(task: r.Task, rrule: str, version: int) -> r.Task:
    """Return the task as the first occurrence of a rule that counts from its due."""
    rrule = check_rule(rrule, task.due)
    assert task.due is not None
    rule = r.Recurrence(rrule, start=task.due, version=version)
    return replace(task, recurrence=rule, series=task.series or task.id, occurrence=times.key(task.due))


def _cannot_change_rule(task: r.Task) -> Conflict:
    if task.status is r.Status.COMPLETED:
        return Conflict("recurrence", "The task is completed; change the rule on the occurrence that is open.")
    return Conflict("recurrence", "The series has gone on; change the rule on its latest occurrence.")
