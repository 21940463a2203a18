"""Occurrences that are yet to come: what commands decide about one of a series whose open occurrence is an earlier one.

Nothing is created for a change: it is an override in the recurrence of the open occurrence (``recurrence.overrides``),
which passes on to the next ones until the series comes to that slot. One that is completed, skipped or deleted ahead of
time becomes a closed task of its own at once, and the series passes over its slot. ``ReopenTask`` takes back all that
was decided about a slot.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias, TypeGuard

from msgspec.structs import replace

from domain import composition, hierarchy, lists, merging, scheduling, series, times
from domain.compensation import Compensation, Contradicted
from domain.entity import State, differing
from domain.invalid import Conflict, Invalid
from domain.recurrence import advance, overrides, upcoming
from domain.recurrence.keys import shown_key
from domain.recurrence.sets import Occurrence
from domain.subtasks import Change
from schemas import records as r

Command: TypeAlias = r.UpdateTask | r.CompleteTask | r.SkipTask | r.ReopenTask | r.DeleteTask
_FIELD = "occurrence"


def is_ahead(command: Any, task: r.Task) -> TypeGuard[Command]:
    """Return whether a command on a task is about another occurrence of its series than the task itself."""
    if not isinstance(command, Command) or command.occurrence is None:
        return False
    written, own = command.occurrence, task.occurrence
    if task.recurrence is None or own is None:
        return True
    if "T" in written or "T" not in own:
        return own not in {written, f"{written}:00"}
    following = next(upcoming.after(task.recurrence, own), None)
    return own[:10] != written or (following is not None and following.due.date == written)


def decided(state: State, task: r.Task, command: Command) -> Iterator[Change]:
    """Yield what a command about an occurrence that is yet to come changes, first the open one. Raises ``Invalid``."""
    rule = _rule(state, task)
    slot = upcoming.find(rule, task.occurrence or "", command.occurrence or "")
    known = overrides.of(rule, slot.planned or slot.key)
    match command:
        case r.ReopenTask():
            yield from _reopened(state, task, known)
        case r.DeleteTask() if command.scope is not r.Scope.THIS:
            raise Invalid(
                "scope", "Of an occurrence that is yet to come only this one is deleted; choose the scope this."
            )
        case r.UpdateTask():
            yield _with(task, _changed(state, task, slot, known, command))
        case _ if known.closing is None:
            yield from _closed(state, task, slot, known, command)
        case r.DeleteTask() if not known.deleted:
            raise _is_closed()


def compensate(
    state: State, task: r.Task, common: Mapping[str, Any], before: r.Recurrence, after: r.Recurrence
) -> Compensation:
    """Return the compensation of an event that changed only the override of one slot, whichever occurrence is open now.

    Raises ``Contradicted``.
    """
    [slot] = overrides.difference(before, after)
    latest = state.series(task.series or "")
    current = state.task(latest.task) if latest and latest.task else None
    if current is None or current.recurrence is None or current.status is not r.Status.OPEN:
        raise Contradicted("series", "The series has ended since, or none of its occurrences is open.")
    if shown_key(current.recurrence, slot) <= (current.occurrence or ""):
        raise Contradicted(_FIELD, f"The series has come to {slot} since; change that occurrence itself.")
    was, is_, now = (overrides.of(each, slot) for each in (before, after, current.recurrence))
    if now == was:
        return Compensation()
    if now != is_:
        raise Contradicted(_FIELD, f"The occurrence of {slot} was changed since.")
    common = {**common, "task": current.id, _FIELD: slot}
    return Compensation((_command(common, was, is_),), partial(_with_override, current, was))


def _command(common: Mapping[str, Any], was: r.Override, is_: r.Override) -> Command:
    """Return the command by which the tasks of a slot become as they were with an earlier override."""
    if is_ != r.Override(is_.slot):
        return r.ReopenTask(**common)
    if was.fields is not None:
        return r.UpdateTask(**common, changed=was.changed, fields=was.fields, scope=r.Scope.THIS)
    if was.deleted:
        return r.DeleteTask(**common, scope=r.Scope.THIS)
    return (r.SkipTask if was.closing is r.Closing.SKIPPED else r.CompleteTask)(**common)


def _with_override(task: r.Task, override: r.Override, event: Any) -> Any:
    """Return the event of the open occurrence with an override as it was."""
    if not isinstance(event, r.TaskUpdated) or event.task.id != task.id or task.recurrence is None:
        return event
    if override.closing and event.task.recurrence:
        override = replace(override, task=overrides.of(event.task.recurrence, override.slot).task)
    after = replace(event.task, recurrence=overrides.put(task.recurrence, override))
    return replace(event, task=after, changed=differing(task, after))


def _rule(state: State, task: r.Task) -> r.Recurrence:
    """Return the recurrence of the open occurrence of a series. Raises ``Conflict`` if the task is none."""
    if task.recurrence is None:
        raise Conflict(_FIELD, "Only a task that recurs has occurrences that are yet to come; leave occurrence out.")
    latest = state.series(task.series or task.id)
    if task.status is not r.Status.OPEN or not series.is_current(task, latest):
        raise Conflict(_FIELD, "The series has gone on; name this occurrence on the task that is open.")
    return task.recurrence


def _creation(task: r.Task, slot: Occurrence, command: Command) -> r.CreateOccurrence:
    """Return the command that would create the occurrence of a slot."""
    assert task.recurrence is not None
    name, occurrence = task.series or task.id, task.occurrence or ""
    return advance.creation(command, task.id, task.recurrence, occurrence, series=name, due=slot.due)


def _made(state: State, task: r.Task, slot: Occurrence, command: Command) -> series.Made:
    """Return the occurrence of a slot as it would be created now.

    Raises ``Ended``, and ``Conflict`` if it was closed before it came.
    """
    latest = state.series(task.series or task.id)
    like = (latest.template if latest else None) or task
    made = series.composed(state, like, _creation(task, slot, command))
    if made is None:
        raise _is_closed()
    return made


def _is_closed() -> Conflict:
    return Conflict(_FIELD, "It was closed before it came; reopen it first.")


def _with(task: r.Task, override: r.Override) -> Change:
    assert task.recurrence is not None
    return Change(task, replace(task, recurrence=overrides.put(task.recurrence, override)))


def _closed(state: State, task: r.Task, slot: Occurrence, known: r.Override, command: Command) -> Iterator[Change]:
    """Yield the closing of an occurrence: a closed task of its own, over whose slot the series passes."""
    deletes = isinstance(command, r.DeleteTask)
    closing = r.Closing.DONE if isinstance(command, r.CompleteTask) else r.Closing.SKIPPED
    made, name = _made(state, task, slot, command).task, _creation(task, slot, command).task
    there = state.task(name)
    if there and there.status is not r.Status.DELETED:  # a task of its own has the id
        name, there = made.id, None
    closed = {"status": r.Status.COMPLETED, "completed_at": command.at, "closing": closing}
    after = replace(made, id=name, recurrence=None, **closed)
    yield _with(task, r.Override(known.slot, closing=closing, deleted=deletes, task=after.id))
    yield Change(there, after)
    if deletes:
        yield Change(after, replace(after, status=r.Status.DELETED))


def _reopened(state: State, task: r.Task, known: r.Override) -> Iterator[Change]:
    """Yield what takes back all that was decided about a slot."""
    closed = state.task(known.task) if known.task else None
    if closed and closed.status is r.Status.OPEN:
        raise Conflict(_FIELD, "It was reopened as a task of its own.")
    if known != r.Override(known.slot):
        yield _with(task, r.Override(known.slot))
        yield from _deleted(state, known)


def _deleted(state: State, known: r.Override) -> Iterator[Change]:
    """Yield the deletion of a task that was closed before its time."""
    closed = state.task(known.task) if known.task else None
    if closed and closed.status is r.Status.COMPLETED:
        yield Change(closed, replace(closed, status=r.Status.DELETED))


def _changed(state: State, task: r.Task, slot: Occurrence, known: r.Override, command: r.UpdateTask) -> r.Override:
    """Return the override of a slot after a change of fields: what differs from the series then. Raises ``Invalid``."""
    made = _made(state, task, slot, command)
    wanted = merging.wanted(made.task, command.changed, command.fields)
    if command.scope is not r.Scope.THIS and not (
        command.scope is r.Scope.UNNAMED and wanted.keys() <= {"due", "start"}
    ):
        raise Invalid("scope", "Of an occurrence that is yet to come this one is changed; choose the scope this.")
    if not wanted.keys().isdisjoint(scheduling.PARTS):
        raise scheduling.whole_series()
    after = replace(made.task, **wanted)
    _check(state, task, slot, made.task, after)
    changed = differing(made.plain, after)
    values = r.TaskFields(**{name: getattr(after, name) for name in changed}) if changed else None
    return replace(known, changed=changed, fields=values)


def _check(state: State, task: r.Task, slot: Occurrence, before: r.Task, after: r.Task) -> None:
    """Raise ``Invalid`` if an occurrence that is yet to come can't be like that."""
    if after.due is None:
        raise Invalid("due", "An occurrence needs a due; give one, or skip it.")
    composition.check_reminders(after.due, after.start, after.reminders)
    composition.check_start(after.start, after.due)
    if after.parent != before.parent:
        hierarchy.check(state, after)
    if after.list != before.list:
        lists.check(state, after)
    if task.recurrence and task.recurrence.repeats is r.Repeats.CALENDAR:
        _check_turn(task, slot, after.due)


def _check_turn(task: r.Task, slot: Occurrence, due: r.Due) -> None:
    """Raise ``Conflict`` if an occurrence of a series by the calendar would not come between its neighbours."""
    rule = task.recurrence
    assert rule is not None
    moved, own = overrides.moved(rule), task.occurrence or ""
    base = advance.series_set(replace(rule, overrides=()))
    earlier = advance.last(base, shown_key(rule, own), times.local(slot.due), lambda each: each.key < slot.key)
    last = moved.get(earlier[0].key, earlier[0].due) if earlier else task.due
    following = base.after(slot.key)
    later = following and moved.get(following.key, following.due)
    if (last and not times.is_later(due, last)) or (later and not times.is_later(later, due)):
        raise Conflict("due", "By the calendar occurrences come in their order; choose a due between its neighbours'.")
