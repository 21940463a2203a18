"""Undo: compensating commands for an event, unless something later contradicts it.

The audit trail records which fields an event changed, with the values before and after. An event can be undone while
each of them still has the value after, all at once or not at all; if all have the value before, there is nothing to do.
A recurrence rule is restored with its earlier start, as a new version; differing versions are no contradiction.

Completing a task of a series leads to the next occurrence, sooner or later. Undoing it deletes that, if it is unchanged
or equals a new one, and the series goes back to the completed occurrence. If the command that creates it is still
pending, the series records that its cause was undone, and the command does nothing. Completing again leads to a command
with another cause for a task with the same id, which is created again. So to undo the undoing, it is enough to complete
the task again: the deleted occurrence follows by itself.

Lists, saved filters and colours of tags are compensated alike, by their own commands. A list that was created is
deleted only if no task is on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar, get_type_hints

import msgspec
from msgspec.structs import replace

from domain import audit, composition, entities
from domain.entities import BY_WORD, Command, Entity, Event
from domain.entity import State, differing
from domain.invalid import Ended, Invalid
from domain.recurrence import succession
from domain.rejections import Code
from schemas import entity_subjects, ids
from schemas import records as r


class Contradicted(Invalid):
    """Something later contradicts undoing the event."""

    code: ClassVar[Code] = Code.CONTRADICTED


_CREATIONS = frozenset(one.events[0].__name__ for one in entities.TYPES if one.create)
"""The events that create an entity, by their names in the audit trail."""


def _unchanged(event: Event) -> Event:
    return event


@dataclass(frozen=True)
class Compensation:
    """Compensating commands on different entities, and a function that amends their events."""

    commands: tuple[Command, ...] = ()
    amend: Callable[[Event], Event] = _unchanged


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
    if not _is_to_be_undone(task, reversal):
        return Compensation()
    return _COMPENSATIONS[reversal.kind](state, task, common, reversal)


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
        if task.status is r.Status.COMPLETED or not composition.is_latest(task, state.series(task.series or task.id)):
            raise Contradicted("recurrence", "The series has gone on since.")
        wanted["rrule"] = rule.rrule if rule else None
    command = r.UpdateTask(**common, changed=tuple(wanted), fields=r.TaskFields(**wanted))
    if rule is None:
        return Compensation((command,))
    return Compensation((command,), partial(_with_earlier_rule, state, task, rule, before))


def _with_earlier_rule(
    state: State, task: r.Task, rule: r.Recurrence, before: Mapping[str, Any], event: r.TaskUpdated
) -> r.TaskUpdated:
    """Return an update with the earlier rule, series and occurrence, unless the series has advanced since."""
    series, occurrence = before.get("series", task.series), before.get("occurrence", task.occurrence)
    latest = state.series(series)
    is_current = composition.is_at(latest, occurrence, rule.version) if "series" in before else True
    if latest is None or not is_current:
        return event
    rule = replace(rule, version=latest.rule_version + 1)
    after = replace(event.task, recurrence=rule, series=series, occurrence=occurrence)
    return replace(event, task=after, changed=differing(task, after))


def _completed(state: State, task: r.Task, common: Mapping[str, Any], reversal: r.Reversal) -> Compensation:
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


def _with_undone(completion: str, event: Event) -> Event:
    """Return the reopening with the completion that it undoes."""
    return replace(event, undone=completion) if isinstance(event, r.TaskReopened) else event


def _is_last(latest: r.Series | None, made: r.Task, occurrence: str) -> bool:
    """Return whether a task is this occurrence, under any version, and the latest of its series."""
    return made.recurrence is not None and made.occurrence == occurrence and composition.is_latest(made, latest)


def _is_as_made(made: r.Task, task: r.Task, following: r.CreateOccurrence) -> bool:
    """Return whether an occurrence was never changed, or equals one that would be created now."""
    if made.version == 1:
        return True
    try:
        again = composition.continued(task, following)
    except Ended:  # it was created when the task began earlier
        return False
    both = (replace(one, created_at=0, recurrence=_unversioned(one.recurrence)) for one in (made, again))
    return not differing(*both)


def _reopened(_: State, __: r.Task, common: Mapping[str, Any], reversal: r.Reversal) -> Compensation:
    before = {change.field: change.before for change in reversal.changes}
    at = _read(r.Task, "completed_at", before.get("completed_at", "null"))
    return Compensation((r.CompleteTask(**common),), partial(_with_time, at) if at is not None else _unchanged)


def _with_time(at: int, event: Event) -> Event:
    """Return the completion with the time at which the task was completed before."""
    return replace(event, task=replace(event.task, completed_at=at)) if isinstance(event, r.TaskCompleted) else event


def _restore(_: State, __: r.Task, common: Mapping[str, Any], ___: r.Reversal) -> Compensation:
    return Compensation((r.RestoreTask(**common),))


def _delete(_: State, __: r.Task, common: Mapping[str, Any], ___: r.Reversal) -> Compensation:
    return Compensation((r.DeleteTask(**common),))


_COMPENSATIONS: Mapping[str, Callable[[State, r.Task, Mapping[str, Any], r.Reversal], Compensation]] = {
    "TaskCreated": _delete,
    "TaskUpdated": _updated,
    "TaskCompleted": _completed,
    "TaskReopened": _reopened,
    "TaskDeleted": _restore,
    "TaskRestored": _delete,
}
"""The function that compensates an event, by the event's type."""
