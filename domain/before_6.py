"""Series by decision versions before 6, so that what they decided can be decided again.

The state keeps for each series the latest occurrence created and its rule version. ``CreateOccurrence`` acts only on
exactly that occurrence, so a series advances once per occurrence, even if one is completed twice, reopened or delivered
late. Changing the rule, or the due of the open latest occurrence, starts a new version of the rule, counted from that
due; commands derived under older versions do nothing.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from domain import composition, containers, merging, times
from domain.compensation import Compensation, Contradicted
from domain.entity import State, differing
from domain.invalid import Ended, Invalid
from domain.recurrence import succession
from schemas import ids
from schemas import records as r

_LATER = ("rdates", "exdates", "repeats", "missed", "snoozed", "subtasks")
"""Fields that these versions don't know."""


def latest_after(latest: r.Series | None, event: Any) -> r.Series | None:
    """Return the latest occurrence of the series of an event's task after the event."""
    task = event.task
    if task.recurrence is None or task.occurrence is None:
        return latest
    moved = r.Series(task.occurrence, task.recurrence.version)
    match event:
        case r.TaskCreated():
            return moved
        case r.TaskUpdated(changed=changed) if "recurrence" in changed:
            return moved
        case r.TaskReopened(undone=str(completion)):
            is_same = composition.is_at(latest, moved.occurrence, moved.rule_version)
            before = latest.undone if latest and is_same else ()
            return replace(moved, undone=(*before, completion))
        case r.TaskRestored() if (
            latest and latest.rule_version == moved.rule_version and latest.occurrence < moved.occurrence
        ):
            return moved  # its deletion had moved it back
    return latest


def continued(state: State, command: r.CreateOccurrence, *, bounded: bool = True) -> r.Task | None:
    """Return the next occurrence, None if the series has advanced or changed its rule since. Raises ``Ended``."""
    if (there := state.task(command.task)) and there.status is not r.Status.DELETED:
        return None
    previous, latest = state.task(command.previous), state.series(command.series)
    if previous is None or previous.recurrence is None:  # cleared: the series stopped
        return None
    if not composition.is_at(latest, command.after, command.rule_version):
        return None
    if latest and command.cause in latest.undone:
        return None
    return containers.kept(state, composition.continued(previous, command, bounded=bounded))


def created(state: State, command: r.CreateTask) -> r.Task:
    """Return a new task, of a new version of the rule if its id once named a series."""
    check_reminders(command.fields.due, command.fields.reminders)
    plain = composition.plain(command)
    if command.fields.rrule is None:
        return plain
    return _recurring(plain, command.fields.rrule, _next_version(state.series(command.task)))


def updated(state: State, task: r.Task, command: r.UpdateTask) -> r.Task:
    """Return the task with the named fields set: a moved due moves the series of the latest occurrence.

    Raises ``Invalid`` if due, rule and reminders become inconsistent, ``Conflict`` if the rule can't be changed on this
    task.
    """
    known = [name for name in command.changed if name not in _LATER]
    wanted: dict[str, Any] = merging.wanted(task, known, command.fields)
    rrule = wanted.pop("rrule", _rrule(task))
    rrule = None if rrule is None else succession.check(rrule, None)
    latest = state.series(task.series or task.id)
    after = _with_rule(task, replace(task, **wanted), rrule, latest)
    if (after.due, after.reminders) != (task.due, task.reminders):
        check_reminders(after.due, after.reminders)
    if (after.due, after.start) != (task.due, task.start):
        composition.check_start(after.start, after.due)
    return after


def check_reminders(due: r.Due | None, reminders: tuple[r.Reminder, ...]) -> None:
    """Raise ``Invalid`` if a reminder is relative to a due that is no instant."""
    if any(reminder.before is not None for reminder in reminders) and (due is None or due.zone is None):
        raise Invalid("reminders", "A reminder before the due needs a due with time and zone; add them, or use `at`.")


def _with_rule(task: r.Task, after: r.Task, rrule: str | None, latest: r.Series | None) -> r.Task:
    same_rule = rrule == _rrule(task)
    if same_rule and (rrule is None or after.due == task.due):
        return after
    if rrule is not None and after.due is None:
        raise Invalid("due", "A recurring task needs a due; give one, or clear recurrence too.")
    if task.status is not r.Status.OPEN or not is_latest(task, latest):
        if same_rule:  # only its own due moves, not the series
            return after
        raise composition.cannot_change_rule(task)
    if rrule is None:
        return replace(after, recurrence=None, series=None, occurrence=None)
    return _recurring(after, rrule, _next_version(latest))


def _next_version(latest: r.Series | None) -> int:
    return latest.rule_version + 1 if latest else 1


def _rrule(task: r.Task) -> str | None:
    return task.recurrence.rrule if task.recurrence else None


def is_latest(task: r.Task, latest: r.Series | None) -> bool:
    """Return whether a task is the latest occurrence of its series, or in no series."""
    return task.recurrence is None or composition.is_at(latest, task.occurrence, task.recurrence.version)


def _recurring(task: r.Task, rrule: str, version: int) -> r.Task:
    """Return the task as the first occurrence of a rule that counts from its due."""
    rrule = composition.check_rule(rrule, task.due)
    assert task.due is not None
    rule = r.Recurrence(rrule, start=task.due, version=version)
    return replace(task, recurrence=rule, series=task.series or task.id, occurrence=times.key(task.due))


def completed(state: State, task: r.Task, common: Mapping[str, Any], reversal: r.Reversal) -> Compensation:
    """Return the compensation of a completion: the next occurrence is deleted, or its command is kept from acting."""
    reopen = r.ReopenTask(**common)
    done = r.TaskCompleted(reversal.event, task.user, reversal.at, actor="", command="", task=task)
    following = succession.following(done)
    if following is None or task.recurrence is None:
        return Compensation((reopen,))
    latest = state.series(following.series)
    amend = partial(_with_undone, reversal.event)
    if composition.is_at(latest, task.occurrence, task.recurrence.version):  # the next one is still pending
        return Compensation((reopen,), amend)
    made = state.task(following.task)
    if made is None or not _is_last(latest, made, following.occurrence):
        raise Contradicted("series", "The series has gone on since.")
    if not _is_as_made(made, task, following):
        raise Contradicted("series", "The next occurrence, which it led to, was changed since.")
    its = {"id": ids.derive("next", common["id"]), "task": made.id, "cause": ids.event(common["id"]), "expected": None}
    delete = r.DeleteTask(**{**common, **its})
    return Compensation((reopen, delete), amend)


def _with_undone(completion: str, event: Any) -> Any:
    """Return the reopening with the completion that it undoes."""
    return replace(event, undone=completion) if isinstance(event, r.TaskReopened) else event


def _is_last(latest: r.Series | None, made: r.Task, occurrence: str) -> bool:
    """Return whether a task is this occurrence, under any version, and the latest of its series."""
    return made.recurrence is not None and made.occurrence == occurrence and is_latest(made, latest)


def _is_as_made(made: r.Task, task: r.Task, following: r.CreateOccurrence) -> bool:
    """Return whether an occurrence was never changed, or equals one that would be created now."""
    if made.version == 1:
        return True
    try:
        again = composition.continued(task, following)
    except Ended:  # it was created when the task began earlier
        return False
    return not differing(*(composition.unversioned(replace(one, created_at=0)) for one in (made, again)))
