"""Undo: an event is reverted by the command that leads back, if nothing later contradicts it.

The audit trail says which fields an event changed, from what to what. It can be undone while each of them still has the
value that it was given, and all at once or not at all; where all have the value from before already, nothing is to be
done. A rule of recurrence comes back as a new version that counts from the due.

Completing a task of a series has led, or will soon lead, to the next occurrence. Undoing it deletes that, if it is
still as it was made, and the series goes back to the completed one. While the command that creates it is still on its
way, the series remembers that its cause was undone, and the command does nothing. Completing again leads to a command
with another cause for a task with the same id, which is created anew. So to undo the undoing, the task need only be
completed again: the occurrence that was taken back comes by itself.

Lists, saved filters and the colours of tags go back the same way, each by commands of its own. A list that was created
is deleted again only when no task is on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, get_type_hints

import msgspec
from msgspec.structs import replace

from schemas import ids, subjects
from schemas.records import (
    CompleteTask,
    DeleteTask,
    ReopenTask,
    RestoreTask,
    Reversal,
    Status,
    TagFields,
    Task,
    TaskAt,
    TaskCompleted,
    TaskFields,
    TaskReopened,
    UpdateTag,
    UpdateTask,
)
from streams.domain import audit, composition, lists, recurrence, saved
from streams.domain.commands import Command, Event, State, Thing
from streams.domain.entities import Kind
from streams.domain.invalid import Invalid
from streams.domain.rejections import Code

_KINDS: Mapping[str, Kind[Any]] = {kind.word: kind for kind in (lists.KIND, saved.KIND)}
_UNSET = object()  # no field's value


class Contradicted(Invalid):
    """Something later contradicts what is to be undone."""

    code: ClassVar[Code] = Code.CONTRADICTED


@dataclass(frozen=True)
class Way:
    """What leads back: commands on different things, and what their events tell besides."""

    commands: tuple[Command, ...] = ()
    undone: str | None = None  # the completion after which the series goes back
    completed_at: int | None = None  # when the task was completed that is so again

    def told(self, event: Event) -> Event:
        """Return an event that one of the commands led to as it is to be told."""
        if isinstance(event, TaskReopened):
            return replace(event, undone=self.undone)
        if isinstance(event, TaskCompleted) and self.completed_at is not None:
            return replace(event, task=replace(event.task, completed_at=self.completed_at))
        return event


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
    if task is None or task.user != common["user"]:
        raise Contradicted("task", "The task is gone.")
    if reversal.kind not in _WAYS:
        raise Contradicted("task", f"There is no way back from {reversal.kind}.")
    return _WAYS[reversal.kind](state, task, common, reversal) if _is_to_be_undone(task, reversal) else Way()


def way_back_of(state: State, subject: str, common: Mapping[str, Any], reversal: Reversal) -> Way:
    """Return what undoes an event on something else, as ``way_back`` does; ``common`` are the fields of any command."""
    word, name = subjects.split(subject)
    thing = state.tag(name) if word == subjects.TAG else _standing(state, word, name)
    if thing is None or thing.user != common["user"]:
        raise Contradicted(word, f"The {word} is gone.")
    if not _is_to_be_undone(thing, reversal):
        return Way()
    before = {change.field: _read(type(thing), change.field, change.before) for change in reversal.changes}
    if word == subjects.TAG:
        return Way((UpdateTag(**common, tag=name, changed=tuple(before), fields=TagFields(**before)),))
    _, update, delete, restore = _KINDS[word].commands
    if "deleted" in before:
        return Way(((delete if before["deleted"] else restore)(**common, **{word: name}),))
    if _creates(reversal):
        return Way((delete(**common, **{word: name}),))
    fields: type[Any] = get_type_hints(update)["fields"]
    return Way((update(**common, **{word: name}, changed=tuple(before), fields=fields(**before)),))


def _standing(state: State, word: str, name: str) -> Any:
    return state.list(name) if word == subjects.LIST else state.filter(name)


def _is_to_be_undone(thing: Thing, reversal: Reversal) -> bool:
    """Tell whether a thing stands as an event left it, not as before; raise ``Contradicted`` where it does neither."""
    if _is_undone(thing, reversal):
        return False
    if changed := _changed_since(thing, reversal):
        raise Contradicted(changed[0], f"This was changed since: {', '.join(changed)}.")
    return True


def _is_undone(thing: Thing, reversal: Reversal) -> bool:
    if _creates(reversal):
        return thing.status is Status.DELETED if isinstance(thing, Task) else getattr(thing, "deleted", False)
    return all(
        getattr(thing, change.field, None) == _read(type(thing), change.field, change.before)
        for change in reversal.changes
    )


def _changed_since(thing: Thing, reversal: Reversal) -> list[str]:
    """Return the fields whose value is not what the event gave them; of a new thing also those that it did not name."""
    given = {change.field: _read(type(thing), change.field, change.after) for change in reversal.changes}
    if _creates(reversal):
        given |= {change.field: _UNSET for change in audit.changes(None, thing) if change.field not in given}
    return [field for field, value in given.items() if getattr(thing, field, None) != value]


def _creates(reversal: Reversal) -> bool:
    return reversal.kind.endswith("Created")


def _read(kind: type[Thing], field: str, value: str) -> Any:
    return None if value == "null" else msgspec.json.decode(value, type=_types(kind)[field])


@cache
def _types(kind: type[Thing]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _updated(_: State, __: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
    before = {change.field: _read(Task, change.field, change.before) for change in reversal.changes}
    wanted = {field: value for field, value in before.items() if field in TaskFields.__struct_fields__}
    if "recurrence" in before:
        wanted["rrule"] = before["recurrence"].rrule if before["recurrence"] else None
    return Way((UpdateTask(**common, changed=tuple(wanted), fields=TaskFields(**wanted)),))


def _completed(state: State, task: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
    reopen = ReopenTask(**common)
    done = TaskCompleted(reversal.event, task.user, reversal.at, actor="", command="", task=task)
    following = recurrence.following(done)
    if following is None or task.recurrence is None:
        return Way((reopen,))
    head = state.series(following.series)
    if composition.stands_at(head, task.occurrence, task.recurrence.version):  # the next one is still on its way
        return Way((reopen,), undone=reversal.event)
    made = state.task(following.task)
    if made is None or not composition.stands_at(head, following.occurrence, following.rule_version):
        raise Contradicted("series", "The series has gone on since.")
    if composition.differing(made, replace(composition.continued(task, following), created_at=made.created_at)):
        raise Contradicted("series", "The next occurrence, which it led to, was changed since.")
    its = {"id": ids.derive("next", common["id"]), "task": made.id, "cause": ids.event(common["id"]), "expected": None}
    delete = DeleteTask(**{**common, **its})
    return Way((reopen, delete), undone=reversal.event)


def _reopened(_: State, __: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
    before = {change.field: change.before for change in reversal.changes}
    return Way((CompleteTask(**common),), completed_at=_read(Task, "completed_at", before.get("completed_at", "null")))


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
