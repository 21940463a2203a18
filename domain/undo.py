"""Undo: compensating commands for an event, unless something later contradicts it.

The audit trail records which fields an event changed, with the values before and after. An event can be undone while
each of them still has the value after, all at once or not at all; if all have the value before, there is nothing to do.
A recurrence rule is restored with its earlier start, as a new version; differing versions are no contradiction.

Completing a task of a series leads to the next occurrence, sooner or later. Undoing it reopens the task, which deletes
the next occurrence if that is unchanged (``series``); else it contradicts. Completing again creates it again, under the
same id. So to undo the undoing, it is enough to complete the task again.

Lists, saved filters and colours of tags are compensated alike, by their own commands. A list that was created is
deleted only if no task is on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, get_type_hints

import msgspec
from msgspec.structs import replace

from domain import ahead, audit, before_6, beside, composition, current, entities, scheduling, series, templates
from domain.compensation import Compensation, Contradicted
from domain.decision import BEFORE_6, BEFORE_7, BEFORE_8
from domain.entities import BY_WORD, Entity, Event
from domain.entity import State, differing
from domain.recurrence import overrides
from domain.recurrence.derived import CLOSING
from schemas import entity_subjects
from schemas import records as r

_CREATIONS = frozenset(one.events[0].__name__ for one in entities.TYPES if one.create)
"""The events that create an entity, by their names in the audit trail."""


@dataclass(frozen=True)
class AuditedEvent:
    """An event of a command, as recorded in the audit trail."""

    task: str | None
    cause: str | None
    reversal: r.Reversal
    subject: str | None = None  # the entity, if not a task


def items(command: Sequence[AuditedEvent]) -> tuple[r.TaskAt, ...]:
    """Return the items of the bulk that undoes a command, from its events in order: the last event is undone first.

    An event caused by another of them is undone with that one.
    """
    events = {each.reversal.event for each in command}
    return tuple(
        r.TaskAt(each.task or "", reversal=each.reversal, subject=each.subject)
        for each in reversed(command)
        if each.cause not in events
    )


def compensate(state: State, common: Mapping[str, Any], reversal: r.Reversal) -> Compensation:
    """Return the compensation of an event on a task. Raises ``Contradicted``.

    ``common`` are the fields of commands on the task.
    """
    task = state.task(common["task"])
    if task is None:
        raise Contradicted("task", "The task is gone.")
    if reversal.kind not in _COMPENSATIONS:
        raise Contradicted("task", f"{reversal.kind} can't be undone.")
    if (rules := _rules(reversal)) and overrides.difference(*rules):
        return ahead.compensate(state, task, common, *rules)
    if not _is_to_be_undone(task, reversal):
        return Compensation()
    return _COMPENSATIONS[reversal.kind](state, task, common, reversal)


def _rules(reversal: r.Reversal) -> tuple[r.Recurrence, r.Recurrence] | None:
    """Return a recurrence before and after an update, if it changed that alone."""
    if reversal.kind != r.TaskUpdated.__name__ or [change.field for change in reversal.changes] != ["recurrence"]:
        return None
    before, after = (
        _read(r.Task, "recurrence", each) for each in (reversal.changes[0].before, reversal.changes[0].after)
    )
    return (before, after) if before and after else None


def compensate_other(state: State, subject: str, common: Mapping[str, Any], reversal: r.Reversal) -> Compensation:
    """Return the compensation of an event on another entity; ``common`` are the fields of any command."""
    word, name = entity_subjects.split(subject)
    entity = entities.find(state, subject)
    if entity is None:
        raise Contradicted(word, f"The {word} is gone.")
    if not _is_to_be_undone(entity, reversal):
        return Compensation()
    before = {change.field: _read(type(entity), change.field, change.before) for change in reversal.changes}
    of, common = BY_WORD[word], {**common, **BY_WORD[word].naming(name)}
    if "deleted" in before or _creates(reversal):
        command = of.restore if before.get("deleted") is False else of.delete
        assert command
        return Compensation((command(**common),))
    return Compensation((of.update(**common, changed=tuple(before), fields=of.settable(**before)),))


def _is_to_be_undone(entity: Entity, reversal: r.Reversal) -> bool:
    """Return whether an entity is as after the event, not as before it. Raises ``Contradicted`` if neither."""
    if _is_undone(entity, reversal):
        return False
    if changed := _changed_since(entity, reversal):
        raise Contradicted(changed[0], f"This was changed since: {', '.join(changed)}.")
    return True


def _is_undone(entity: Entity, reversal: r.Reversal) -> bool:
    if _creates(reversal):
        return entities.of(entity).is_deleted(entity)
    return all(_has(entity, change.field, change.before) for change in reversal.changes)


def _changed_since(entity: Entity, reversal: r.Reversal) -> list[str]:
    """Return the fields without the value after the event; of a created entity also those that the event left unset."""
    after = {change.field: change.after for change in reversal.changes}
    changed = [field for field, value in after.items() if not _has(entity, field, value)]
    if _creates(reversal):
        changed += [change.field for change in audit.changes(None, entity) if change.field not in after]
    return changed


def _creates(reversal: r.Reversal) -> bool:
    return reversal.kind in _CREATIONS


def _has(entity: Entity, field: str, value: str) -> bool:
    """Return whether a field has a value of the audit trail; the version of a rule is ignored."""
    return bool(_unversioned(getattr(entity, field, None)) == _unversioned(_read(type(entity), field, value)))


def _unversioned(value: Any) -> Any:
    return replace(value, version=0) if isinstance(value, r.Recurrence) else value


def _read(kind: type[Entity], field: str, value: str) -> Any:
    return None if value == "null" else msgspec.json.decode(value, type=_types(kind)[field])


@cache
def _types(kind: type[Entity]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _updated(state: State, task: r.Task, common: Mapping[str, Any], reversal: r.Reversal) -> Compensation:
    before = {change.field: _read(r.Task, change.field, change.before) for change in reversal.changes}
    wanted = {field: value for field, value in before.items() if field in r.TaskFields.__struct_fields__}
    rule: r.Recurrence | None = before.get("recurrence")
    if "recurrence" in before:
        if task.status is r.Status.COMPLETED or not _is_latest(state, task):
            raise Contradicted("recurrence", "The series has gone on since.")
        wanted |= _parts(rule, state.version)
    scope = r.Scope.FOLLOWING if "recurrence" in before or state.version in BEFORE_6 else r.Scope.UNNAMED
    command = r.UpdateTask(**common, changed=tuple(wanted), fields=r.TaskFields(**wanted), scope=scope)
    found = Compensation((command,), partial(_as_before, state, task, before, reversal))
    return beside.given_back(state, found, common, before.get("series", task.series), rule)


def _as_before(
    state: State, task: r.Task, before: Mapping[str, Any], reversal: r.Reversal, event: r.TaskUpdated
) -> r.TaskUpdated:
    """Return an update with the earlier rule, and with what its series had before; one of another task as it is."""
    if event.task.id != task.id:
        return event
    if rule := before.get("recurrence"):
        event = _with_earlier_rule(state, task, rule, before, event)
    elif "recurrence" in before and state.version not in BEFORE_8:
        event = _amended(task, event, series=before.get("series", task.series), occurrence=_occurrence(task, before))
    return event if state.version in BEFORE_7 else templates.given_back(state, reversal, before, event)


def _parts(rule: r.Recurrence | None, version: str) -> dict[str, Any]:
    """Return the fields of a command that give a task a recurrence."""
    if rule is None or version in BEFORE_7:
        return {"rrule": rule.rrule if rule else None}
    return {name: getattr(rule, name) for name in scheduling.PARTS}


def _is_latest(state: State, task: r.Task) -> bool:
    latest = state.series(task.series or task.id)
    return (before_6.is_latest if state.version in BEFORE_6 else current.is_current)(task, latest)


def _with_earlier_rule(
    state: State, task: r.Task, rule: r.Recurrence, before: Mapping[str, Any], event: r.TaskUpdated
) -> r.TaskUpdated:
    """Return an update with the earlier rule, series and occurrence, unless the series has advanced since."""
    name, occurrence = before.get("series", task.series), _occurrence(task, before)
    latest = state.series(name)
    if latest is None or not ("series" not in before or _is_head(state, task, latest, occurrence, rule)):
        return event
    rule = replace(rule, version=latest.rule_version + 1)
    return _amended(task, event, recurrence=rule, series=name, occurrence=occurrence)


def _is_head(state: State, task: r.Task, latest: r.Series, occurrence: str | None, rule: r.Recurrence) -> bool:
    """Return whether a task without its rule is where its series ended; in version 7, with no other rule since."""
    is_same = state.version not in BEFORE_8 and latest.task == task.id
    return is_same or composition.is_at(latest, occurrence, rule.version)


def _occurrence(task: r.Task, before: Mapping[str, Any]) -> str | None:
    """Return which occurrence a task was before an update."""
    occurrence: str | None = before.get("occurrence", task.occurrence)
    return occurrence


def _amended(task: r.Task, event: r.TaskUpdated, **fields: Any) -> r.TaskUpdated:
    """Return an update after which the task has other fields, too."""
    after = replace(event.task, **fields)
    return replace(event, task=after, changed=differing(task, after))


def _completed(state: State, task: r.Task, common: Mapping[str, Any], reversal: r.Reversal) -> Compensation:
    if state.version in BEFORE_6:
        return before_6.completed(state, task, common, reversal)
    _check_place(state, task)
    return Compensation((r.ReopenTask(**common),))


def _check_place(state: State, task: r.Task) -> None:
    """Raise ``Contradicted`` if the series of a task has gone on, so that it would not be its open occurrence."""
    if series.place(state, task)[0] is series.Place.OWN:
        raise Contradicted("series", "The series has gone on since, or its next occurrence was changed.")


def _reopened(_: State, task: r.Task, common: Mapping[str, Any], reversal: r.Reversal) -> Compensation:
    before = {change.field: change.before for change in reversal.changes}
    fields = {name: _read(r.Task, name, before[name]) for name in _OF_A_CLOSED_TASK if name in before}
    skips = fields.get("closing") is r.Closing.SKIPPED and task.recurrence is not None
    command = r.SkipTask(**common) if skips else r.CompleteTask(**common)
    return Compensation((command,), partial(_with_fields, fields))


_OF_A_CLOSED_TASK = ("completed_at", "closing", "recurrence")
"""The fields that a reopening changes besides the status."""


def _with_fields(fields: Mapping[str, Any], event: Event) -> Event:
    """Return the closing with what the task had before it was reopened."""
    return replace(event, task=replace(event.task, **fields)) if isinstance(event, CLOSING) else event


def _restore(state: State, task: r.Task, common: Mapping[str, Any], _: r.Reversal) -> Compensation:
    if state.version not in BEFORE_6 and task.completed_at is None:
        _check_place(state, task)
    return Compensation((r.RestoreTask(**common),))


def _delete(_: State, __: r.Task, common: Mapping[str, Any], ___: r.Reversal) -> Compensation:
    return Compensation((r.DeleteTask(**common),))


_COMPENSATIONS: Mapping[str, Callable[[State, r.Task, Mapping[str, Any], r.Reversal], Compensation]] = {
    "TaskCreated": _delete,
    "TaskUpdated": _updated,
    "TaskCompleted": _completed,
    "TaskSkipped": _completed,
    "TaskMissed": _completed,
    "TaskReopened": _reopened,
    "TaskDeleted": _restore,
    "TaskRestored": _delete,
}
"""The function that compensates an event, by the event's type."""
