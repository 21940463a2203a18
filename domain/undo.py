"""Undo: an event is reverted by the command that leads back, if nothing later contradicts it.

The audit trail says which fields an event changed, from what to what. It can be undone while each of them still has the
value that it was given, and all at once or not at all; where all have the value from before already, nothing is to be
done. A rule of recurrence comes back with the start that it had, as a new version; versions alone contradict nothing.

Completing a task of a series has led, or will soon lead, to the next occurrence. Undoing it deletes that, if it is
still as it was made, or is so again, and the series goes back to the completed one. While the command that creates it
is still on its way, the series remembers that its cause was undone, and the command does nothing. Completing again
leads to a command with another cause for a task with the same id, which is created anew. So to undo the undoing, the
task need only be completed again: the occurrence that was taken back comes by itself.

Lists, saved filters and the colours of tags go back the same way, each by commands of its own. A list that was created
is deleted again only when no task is on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar, get_type_hints

import msgspec
from msgspec.structs import replace

from domain import audit, composition, entities
from domain.entities import BY_WORD, Command, Entity, Event, State
from domain.entity import differing
from domain.invalid import Ended, Invalid
from domain.recurrence import succession
from domain.rejections import Code
from schemas import entity_subjects, ids
from schemas.records import (
    CompleteTask,
    CreateOccurrence,
    DeleteTask,
    Recurrence,
    ReopenTask,
    RestoreTask,
    Reversal,
    Series,
    Status,
    Task,
    TaskAt,
    TaskCompleted,
    TaskFields,
    TaskReopened,
    TaskUpdated,
    UpdateTask,
)


class Contradicted(Invalid):
    """Something later contradicts what is to be undone."""

    code: ClassVar[Code] = Code.CONTRADICTED


def _as_it_is(event: Event) -> Event:
    return event


@dataclass(frozen=True)
class Way:
    """What leads back: commands on different entities, and how the events that they lead to are to be told."""

    commands: tuple[Command, ...] = ()
    told: Callable[[Event], Event] = _as_it_is


@dataclass(frozen=True)
class Told:
    """An event of a command, as the audit trail tells of it."""

    task: str | None
    cause: str | None
    reversal: Reversal
    subject: str | None = None  # what it is about, if not a task


def items(command: Sequence[Told]) -> tuple[TaskAt, ...]:
    """Return the items of the bulk that undoes a command, of its events in their order: the last event is the first.

    What another of its events was the cause of comes back with that.
    """
    events = {each.reversal.event for each in command}
    return tuple(
        TaskAt(each.task or "", reversal=each.reversal, subject=each.subject)
        for each in reversed(command)
        if each.cause not in events
    )


def way_back(state: State, common: Mapping[str, Any], reversal: Reversal) -> Way:
    """Return what undoes an event on a task; raise ``Contradicted`` where something later does not let it.

    ``common`` are the fields of commands on the task.
    """
    task = state.task(common["task"])
    if task is None:
        raise Contradicted("task", "The task is gone.")
    if reversal.kind not in _WAYS:
        raise Contradicted("task", f"There is no way back from {reversal.kind}.")
    return _WAYS[reversal.kind](state, task, common, reversal) if _is_to_be_undone(task, reversal) else Way()


def way_back_of(state: State, subject: str, common: Mapping[str, Any], reversal: Reversal) -> Way:
    """Return what undoes an event on something else, as ``way_back`` does; ``common`` are the fields of any command."""
    word, name = entity_subjects.split(subject)
    entity = entities.find(state, subject)
    if entity is None:
        raise Contradicted(word, f"The {word} is gone.")
    if not _is_to_be_undone(entity, reversal):
        return Way()
    before = {change.field: _read(type(entity), change.field, change.before) for change in reversal.changes}
    of, common = BY_WORD[word], {**common, word: name}
    if "deleted" in before or _creates(reversal):
        command = of.restore if before.get("deleted") is False else of.delete
        assert command
        return Way((command(**common),))
    return Way((of.update(**common, changed=tuple(before), fields=of.settable(**before)),))


def _is_to_be_undone(entity: Entity, reversal: Reversal) -> bool:
    """Tell whether an entity is as an event left it, not as before; raise ``Contradicted`` if neither."""
    if _is_undone(entity, reversal):
        return False
    if changed := _changed_since(entity, reversal):
        raise Contradicted(changed[0], f"This was changed since: {', '.join(changed)}.")
    return True


def _is_undone(entity: Entity, reversal: Reversal) -> bool:
    if _creates(reversal):
        return entities.of(entity).is_deleted(entity)
    return all(_says(entity, change.field, change.before) for change in reversal.changes)


def _changed_since(entity: Entity, reversal: Reversal) -> list[str]:
    """Return the fields whose value is not what the event gave them; of a new one also those that it did not name."""
    given = {change.field: change.after for change in reversal.changes}
    changed = [field for field, value in given.items() if not _says(entity, field, value)]
    if _creates(reversal):
        changed += [change.field for change in audit.changes(None, entity) if change.field not in given]
    return changed


def _creates(reversal: Reversal) -> bool:
    return reversal.kind.endswith("Created")


def _says(entity: Entity, field: str, value: str) -> bool:
    """Tell whether a field has a value of the audit trail; of a rule its version does not matter."""
    return bool(_unversioned(getattr(entity, field, None)) == _unversioned(_read(type(entity), field, value)))


def _unversioned(value: Any) -> Any:
    return replace(value, version=0) if isinstance(value, Recurrence) else value


def _read(kind: type[Entity], field: str, value: str) -> Any:
    return None if value == "null" else msgspec.json.decode(value, type=_types(kind)[field])


@cache
def _types(kind: type[Entity]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _updated(state: State, task: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
    before = {change.field: _read(Task, change.field, change.before) for change in reversal.changes}
    wanted = {field: value for field, value in before.items() if field in TaskFields.__struct_fields__}
    rule: Recurrence | None = before.get("recurrence")
    if "recurrence" in before:
        if task.status is Status.COMPLETED or not composition.is_head(task, state.series(task.series or task.id)):
            raise Contradicted("recurrence", "The series has gone on since.")
        wanted["rrule"] = rule.rrule if rule else None
    command = UpdateTask(**common, changed=tuple(wanted), fields=TaskFields(**wanted))
    return Way((command,), partial(_ruled_as_before, state, task, rule, before)) if rule else Way((command,))


def _ruled_as_before(
    state: State, task: Task, rule: Recurrence, before: Mapping[str, Any], event: TaskUpdated
) -> TaskUpdated:
    """Tell an update with the rule, the series and the occurrence of before, where the series has not gone on since."""
    series, occurrence = before.get("series", task.series), before.get("occurrence", task.occurrence)
    head = state.series(series)
    stood = composition.stands_at(head, occurrence, rule.version) if "series" in before else True
    if head is None or not stood:
        return event
    rule = replace(rule, version=head.rule_version + 1)
    after = replace(event.task, recurrence=rule, series=series, occurrence=occurrence)
    return replace(event, task=after, changed=differing(task, after))


def _completed(state: State, task: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
    reopen = ReopenTask(**common)
    done = TaskCompleted(reversal.event, task.user, reversal.at, actor="", command="", task=task)
    following = succession.following(done)
    if following is None or task.recurrence is None:
        return Way((reopen,))
    head = state.series(following.series)
    told = partial(_gone_back, reversal.event)
    if composition.stands_at(head, task.occurrence, task.recurrence.version):  # the next one is still on its way
        return Way((reopen,), told)
    made = state.task(following.task)
    if made is None or not _is_last(head, made, following.occurrence):
        raise Contradicted("series", "The series has gone on since.")
    if not _is_as_made(made, task, following):
        raise Contradicted("series", "The next occurrence, which it led to, was changed since.")
    its = {"id": ids.derive("next", common["id"]), "task": made.id, "cause": ids.event(common["id"]), "expected": None}
    delete = DeleteTask(**{**common, **its})
    return Way((reopen, delete), told)


def _gone_back(completion: str, event: Event) -> Event:
    """Tell after which completion the series goes back."""
    return replace(event, undone=completion) if isinstance(event, TaskReopened) else event


def _is_last(head: Series | None, made: Task, occurrence: str) -> bool:
    """Tell whether a series has gone no further than to a task that is this occurrence, under whatever version."""
    return made.recurrence is not None and made.occurrence == occurrence and composition.is_head(made, head)


def _is_as_made(made: Task, task: Task, following: CreateOccurrence) -> bool:
    """Tell whether an occurrence was never changed, or is as it would be made now."""
    if made.version == 1:
        return True
    try:
        anew = composition.continued(task, following)
    except Ended:  # it was made when the task began earlier
        return False
    told = (replace(each, created_at=0, recurrence=_unversioned(each.recurrence)) for each in (made, anew))
    return not differing(*told)


def _reopened(_: State, __: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
    before = {change.field: change.before for change in reversal.changes}
    at = _read(Task, "completed_at", before.get("completed_at", "null"))
    return Way((CompleteTask(**common),), partial(_completed_at, at) if at is not None else _as_it_is)


def _completed_at(at: int, event: Event) -> Event:
    """Tell the time at which the task was completed before."""
    return replace(event, task=replace(event.task, completed_at=at)) if isinstance(event, TaskCompleted) else event


def _restore(_: State, __: Task, common: Mapping[str, Any], ___: Reversal) -> Way:
    return Way((RestoreTask(**common),))


def _delete(_: State, __: Task, common: Mapping[str, Any], ___: Reversal) -> Way:
    return Way((DeleteTask(**common),))


_WAYS: Mapping[str, Callable[[State, Task, Mapping[str, Any], Reversal], Way]] = {
    "TaskCreated": _delete,
    "TaskUpdated": _updated,
    "TaskCompleted": _completed,
    "TaskReopened": _reopened,
    "TaskDeleted": _restore,
    "TaskRestored": _delete,
}
"""By the event that is to be undone, what leads back."""
