"""When a task recurs, from decision version 6 on: the recurrence that a command gives a task, by the command's scope.

``THIS`` changes the named fields of one occurrence: a moved due or start leaves the rule, its start and COUNT as they
are. ``FOLLOWING`` changes the series from this occurrence on: with the same rule COUNT counts on, a new rule's COUNT
counts from this one; with ``ALL`` it counts from the series' first start. Unnamed, a due or start that is moved
without a new rule is this occurrence's, and all else the following ones', too.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from domain import composition, current, merging, times
from domain.decision import BEFORE_8
from domain.entity import State, differing
from domain.invalid import Conflict, Invalid
from domain.recurrence import advance, keys, succession, upcoming
from schemas import ids
from schemas import records as r

PARTS = ("rrule", "rdates", "exdates", "repeats", "missed", "subtasks")
"""The fields of a command that a recurrence is made of."""
_DATES = ("due", "start")
_SERIES = (r.Scope.FOLLOWING, r.Scope.ALL)


def created(state: State, command: r.CreateTask) -> r.Task:
    """Return a new task. Raises ``Invalid`` if due, rule, dates and reminders are inconsistent."""
    plain = composition.plain(command)
    return _begun(state, plain, command.id, {name: getattr(command.fields, name) for name in PARTS})


def updated(state: State, task: r.Task, command: r.UpdateTask) -> tuple[r.Task, tuple[str, ...]]:
    """Return the task with the named fields set, and which of its changed fields only this occurrence has.

    Raises ``Invalid`` if due, rule, dates and reminders become inconsistent, ``Conflict`` if the rule can't be changed
    on this task.
    """
    wanted: dict[str, Any] = merging.wanted(task, command.changed, command.fields)
    parts = {name: wanted.pop(name) for name in PARTS if name in wanted}
    after = replace(task, **wanted)
    if task.recurrence is None:
        after = _begun(state, after, command.id, parts) if parts else after
    else:
        after = _changed(state, task, after, parts, command.scope)
    if (after.due, after.start, after.reminders) != (task.due, task.start, task.reminders):
        composition.check_reminders(after.due, after.start, after.reminders)
    if (after.due, after.start) != (task.due, task.start):
        composition.check_start(after.start, after.due)
    return after, _own(task, after, command.scope)


def whole_series() -> Invalid:
    """Return the error for a rule that is changed on one occurrence alone."""
    return Invalid("scope", "The rule is the whole series'; choose the scope following or all.")


def _begun(state: State, task: r.Task, command: str, parts: Mapping[str, Any]) -> r.Task:
    """Return a task as the first occurrence of a series, unchanged without a rule."""
    if parts.get("rrule") is None:
        _check_without_rule(state, parts)
        return task
    if task.status is not r.Status.OPEN and state.version not in BEFORE_8:
        raise Conflict("recurrence", "The task is completed; reopen it to let it begin a series.")
    known = state.series(task.id)
    is_free = known is None or known.task in {None, task.id}
    name = task.id if is_free else ids.derive("series", task.id, command)
    version = known.rule_version + 1 if known and is_free else 1
    parts = {**parts, "subtasks": parts.get("subtasks") or r.Subtasks.RESET}
    return _first_of(replace(task, series=name), _recurrence(task.due, parts, version))


def _check_without_rule(state: State, parts: Mapping[str, Any]) -> None:
    """Raise ``Invalid`` for parts of a recurrence that a task without a rule can't have."""
    ignored = ("repeats", "missed") if state.version in BEFORE_8 else ()
    composition.check_without_rule({name: part for name, part in parts.items() if name not in ignored})


def _changed(state: State, task: r.Task, after: r.Task, parts: Mapping[str, Any], scope: r.Scope) -> r.Task:
    """Return an occurrence whose fields and parts of the recurrence are changed."""
    assert task.recurrence is not None
    rule = task.recurrence
    if after.due is None and parts.get("rrule", "") is not None:
        raise Invalid("due", "A recurring task needs a due; give one, or clear recurrence too.")
    given = {**{name: getattr(rule, name) for name in PARTS}, **parts}
    given["subtasks"] = given["subtasks"] or r.Subtasks.RESET
    if given["rrule"] is not None:
        given["rrule"] = succession.check(given["rrule"], None)
    is_same = all(given[name] == getattr(rule, name) for name in PARTS)
    moves = after.due != task.due and (scope in _SERIES or given["rrule"] != rule.rrule)
    if is_same and not moves:
        return after
    latest = state.series(task.series or task.id)
    if task.status is not r.Status.OPEN or not current.is_current(task, latest):
        if is_same:
            return after
        raise composition.cannot_change_rule(task)
    if not is_same and scope is r.Scope.THIS:
        raise whole_series()
    if given["rrule"] is None:
        if state.version not in BEFORE_8:
            composition.check_without_rule(parts)
        return replace(after, recurrence=None, series=None, occurrence=None)
    if state.version in BEFORE_8 and scope is r.Scope.ALL and rule.repeats is not r.Repeats.COMPLETION:
        again = _from_first(state, task, after, given)
    else:
        again = _rescheduled(state, task, after, given, scope)
    assert again.recurrence is not None
    return replace(again, recurrence=upcoming.kept(again.recurrence, again.occurrence or "", rule))


def _rescheduled(state: State, task: r.Task, after: r.Task, given: Mapping[str, Any], scope: r.Scope) -> r.Task:
    """Return an occurrence whose series goes on by other parts, or from another due."""
    rule, version = task.recurrence, _next_version(state, task)
    assert rule is not None
    assert after.due is not None
    if given["rrule"] != rule.rrule:
        if scope is r.Scope.ALL and rule.repeats is not r.Repeats.COMPLETION:
            return _from_first(state, task, after, given)
        return _first_of(after, _recurrence(after.due, given, version))
    if after.due != task.due:
        if state.version not in BEFORE_8 and not _is_by_rule(rule, task.occurrence or ""):
            move = _move(task, after)
            start = moved_along(rule.start, *move)
            return _planned(after, move, replace(_recurrence(start, given, version), before=rule.before))
        before = advance.ordinal(rule, task.occurrence or "")
        return _first_of(after, replace(_recurrence(after.due, given, version), before=before))
    if given["repeats"] is r.Repeats.COMPLETION and rule.repeats is not r.Repeats.COMPLETION:
        occurrence = task.occurrence or ""
        rule = replace(rule, start=keys.slot_due(rule, occurrence), before=advance.ordinal(rule, occurrence))
    changed = {name: value for name, value in given.items() if name != "rrule"}
    return replace(after, recurrence=advance.checked(replace(rule, **changed)))


def _from_first(state: State, task: r.Task, after: r.Task, given: Mapping[str, Any]) -> r.Task:
    """Return an occurrence whose series counts from its first start, moved as this one is from its slot."""
    rule, latest = task.recurrence, state.series(task.series or task.id)
    assert rule is not None
    first, move = (latest.first if latest else None) or rule.start, _move(task, after)
    start = _moved_by_days(first, *move) if state.version in BEFORE_8 else moved_along(first, *move)
    return _planned(after, move, _recurrence(start, given, _next_version(state, task)))


def _move(task: r.Task, after: r.Task) -> tuple[r.Due, r.Due]:
    """Return the slot of an occurrence, and where a change moves it; the same if it does not."""
    assert task.recurrence is not None
    assert after.due is not None
    slot = keys.slot_due(task.recurrence, task.occurrence or "")
    return slot, slot if after.due == task.due else after.due


def _planned(after: r.Task, move: tuple[r.Due, r.Due], recurrence: r.Recurrence) -> r.Task:
    """Return an occurrence of a recurrence that moves it from its slot to another."""
    return replace(after, recurrence=recurrence, occurrence=times.key(keys.on_clocks(move[1])))


def _next_version(state: State, task: r.Task) -> int:
    """Return the version of the next rule of an occurrence's series."""
    latest, rule = state.series(task.series or task.id), task.recurrence
    assert rule is not None
    return (latest.rule_version if latest else rule.version) + 1


def _moved_by_days(start: r.Due, slot: r.Due, due: r.Due) -> r.Due:
    """Return a start moved by days as an occurrence is from its slot, as in decision versions before 8."""
    if due == slot:
        return start
    return replace(times.shifted(start, times.days_between(slot, due), "due"), time=due.time, zone=due.zone)


def moved_along(start: r.Due, slot: r.Due, due: r.Due) -> r.Due:
    """Return a due of a series moved as an occurrence is from its slot. Raises ``Invalid`` outside of the calendar."""
    try:
        return times.check(keys.moved_along(start, slot, due), "due")
    except OverflowError:
        raise Invalid("due.date", "The series would begin outside the years 1970 to 9999.") from None


def _is_by_rule(recurrence: r.Recurrence, occurrence: str) -> bool:
    """Return whether an occurrence is one that the rule gives, not a further date, nor one that a change has left."""
    own = upcoming.base(replace(recurrence, rdates=(), exdates=(), overrides=()))
    key = keys.shown_key(recurrence, occurrence)
    return next((each.key for each in own.occurrences(key)), None) == key


def _first_of(task: r.Task, recurrence: r.Recurrence) -> r.Task:
    """Return a task as the first occurrence of a recurrence, due when the clocks show it."""
    assert task.due is not None
    return replace(task, due=keys.on_clocks(task.due), recurrence=recurrence, occurrence=times.key(recurrence.start))


def _recurrence(due: r.Due | None, parts: Mapping[str, Any], version: int) -> r.Recurrence:
    rrule = composition.check_rule(parts["rrule"], due)
    assert due is not None
    others = {name: value for name, value in parts.items() if name != "rrule"}
    return advance.checked(r.Recurrence(rrule, start=keys.on_clocks(due), version=version, **others))


def _own(task: r.Task, after: r.Task, scope: r.Scope) -> tuple[str, ...]:
    """Return the changed fields that only this occurrence has."""
    if task.recurrence is None or after.recurrence is None or scope in _SERIES:
        return ()
    changed = differing(task, after)
    if scope is r.Scope.THIS:
        return changed
    moves_series = after.recurrence.start != task.recurrence.start
    return () if moves_series else tuple(name for name in changed if name in _DATES)
