"""Builds a task: from a command's fields, or from the previous occurrence; and checks its fields together."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from domain import times
from domain.invalid import Conflict, Ended, Invalid
from domain.recurrence import advance, succession
from schemas import records as r


def plain(command: r.CreateTask) -> r.Task:
    """Return a new task without a rule. Raises ``Invalid`` if due, start and reminders are inconsistent."""
    fields = command.fields
    check_reminders(fields.due, fields.start, fields.reminders)
    check_start(fields.start, fields.due)
    return r.Task(
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


def continued(previous: r.Task, command: r.CreateOccurrence, *, bounded: bool = True) -> r.Task:
    """Return the next occurrence: the previous one's fields, with those of its reminders that are not at an instant.

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
        recurrence=advance.advanced(previous.recurrence, command.due),
        reminders=tuple(reminder for reminder in previous.reminders if reminder.before is not None),
        series=command.series,
        occurrence=command.occurrence,
        start=_start_of_next(previous, command.due, bounded=bounded),
        parent=previous.parent,
        rank=previous.rank,
        pinned=previous.pinned,
        list=previous.list,
    )


def overridden(task: r.Task, override: r.Override) -> r.Task:
    """Return an occurrence with what was changed of it before it came. Raises ``Invalid`` if that no longer fits."""
    if override.fields is None:
        return task
    own = (name for name in override.changed if name in r.Task.__struct_fields__)
    after = replace(task, **{name: getattr(override.fields, name) for name in own})
    check_reminders(after.due, after.start, after.reminders)
    check_start(after.start, after.due)
    return after


def check_rule(rrule: str, due: r.Due | None) -> str:
    """Return the rule in canonical form. Raises ``Invalid`` if there is no due or the rule is incompatible with it."""
    if due is None:
        raise Invalid("due", "A recurring task needs a due; give one, or leave recurrence out.")
    return succession.check(rrule, due)


def check_without_rule(parts: Mapping[str, Any]) -> None:
    """Raise ``Invalid`` for a part of a recurrence, other than its default, without a rule."""
    if parts.get("subtasks"):
        raise Invalid("subtasks", "Only a task that recurs passes sub-tasks on; give recurrence, too, or leave it out.")
    for name in ("rdates", "exdates"):
        if parts.get(name):
            raise Invalid(name, "These dates belong to a rule; give recurrence, too, or leave them out.")
    for name, default in (("repeats", r.Repeats.SCHEDULE), ("missed", r.Missed.SKIP)):
        if parts.get(name, default) is not default:
            raise Invalid(name, "Only a task that recurs has this; give recurrence, too, or leave it out.")


def check_reminders(due: r.Due | None, start: r.Due | None, reminders: tuple[r.Reminder, ...]) -> None:
    """Raise ``Invalid`` if a reminder is relative to a due or a start that is missing."""
    for reminder in reminders:
        starts = reminder.anchor is r.Anchor.START
        if reminder.before is not None and (start if starts else due) is None:
            name = "start" if starts else "due"
            raise Invalid("reminders", f"A reminder before the {name} needs a {name}; give one, or use `at`.")


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


def unversioned(task: r.Task) -> r.Task:
    """Return the task with version 0 of its rule, to compare it with one of another version."""
    return replace(task, recurrence=replace(task.recurrence, version=0)) if task.recurrence else task


def is_at(latest: r.Series | None, occurrence: str | None, rule_version: int) -> bool:
    """Return whether an occurrence is the latest one of its series."""
    return latest is not None and (latest.occurrence, latest.rule_version) == (occurrence, rule_version)


def cannot_change_rule(task: r.Task) -> Conflict:
    """Return the error for a rule that is changed on a task that is not the open occurrence of its series."""
    if task.status is r.Status.COMPLETED:
        return Conflict("recurrence", "The task is completed; change the rule on the occurrence that is open.")
    return Conflict("recurrence", "The series has gone on; change the rule on its latest occurrence.")
