"""Undo: an event is reverted by the command that leads back, if nothing later contradicts it.

The audit trail says which fields an event changed, from what to what. It can be undone while each of them still has the
value that it was given, and all at once or not at all; where all have the value from before already, nothing is to be
done. A rule of recurrence comes back as a new version that counts from the due.

Completing a task of a series has led, or will soon lead, to the next occurrence. Undoing it deletes that, if it is
still as it was made, and the series goes back to the completed one. While the command that creates it is still on its
way, the series remembers that its cause was undone, and the command does nothing. Completing again leads to a command
with another cause for a task with the same id, which is created anew. So to undo the undoing, the task need only be
completed again: the occurrence that was taken back comes by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, get_type_hints

import msgspec
from msgspec.structs import replace

from schemas import ids
from schemas.records import (
    CompleteTask,
    DeleteTask,
    ReopenTask,
    RestoreTask,
    Reversal,
    Status,
    Task,
    TaskAt,
    TaskCompleted,
    TaskFields,
    TaskReopened,
    UpdateTask,
)
from streams.domain import audit, composition, recurrence, tasks
from streams.domain.invalid import Invalid
from streams.domain.rejections import Code

_TYPES = get_type_hints(Task)
_UNSET = object()  # no field's value


class Contradicted(Invalid):
    """Something later contradicts what is to be undone."""

    code: ClassVar[Code] = Code.CONTRADICTED


@dataclass(frozen=True)
class Way:
    """What leads back: commands on different tasks, and what their events tell besides."""

    commands: tuple[tasks.Command, ...] = ()
    undone: str | None = None  # the completion after which the series goes back
    completed_at: int | None = None  # when the task was completed that is so again

    def told(self, event: tasks.Event) -> tasks.Event:
        """Return an event that one of the commands led to as it is to be told."""
        if isinstance(event, TaskReopened):
            return replace(event, undone=self.undone)
        if isinstance(event, TaskCompleted) and self.completed_at is not None:
            return replace(event, task=replace(event.task, completed_at=self.completed_at))
        return event


@dataclass(frozen=True)
class Told:
    """An event of a command, as the audit trail tells of it."""

    task: str
    cause: str | None
    reversal: Reversal


def items(command: Sequence[Told]) -> tuple[TaskAt, ...]:
    """Return the items of the bulk that undoes a command, of its events in their order: the last event is the first.

    What another of its events was the cause of comes back with that.
    """
    events = {each.reversal.event for each in command}
    return tuple(TaskAt(each.task, reversal=each.reversal) for each in reversed(command) if each.cause not in events)


def way_back(state: tasks.State, common: Mapping[str, Any], reversal: Reversal) -> Way:
    """Return what undoes an event on a task; raise ``Contradicted`` where something later does not let it.

    ``common`` are the fields of commands on the task.
    """
    task = state.task(common["task"])
    if task is None or task.user != common["user"]:
        raise Contradicted("task", "The task is gone.")
    if _is_undone(task, reversal):
        return Way()
    if changed := _changed_since(task, reversal):
        raise Contradicted(changed[0], f"This was changed since: {', '.join(changed)}.")
    if reversal.kind not in _WAYS:
        raise Contradicted("task", f"There is no way back from {reversal.kind}.")
    return _WAYS[reversal.kind](state, task, common, reversal)


def _is_undone(task: Task, reversal: Reversal) -> bool:
    if reversal.kind == "TaskCreated":
        return task.status is Status.DELETED
    return all(getattr(task, change.field, None) == _read(change.field, change.before) for change in reversal.changes)


def _changed_since(task: Task, reversal: Reversal) -> list[str]:
    """Return the fields whose value is not what the event gave them; of a new task also those that it did not name."""
    given = {change.field: _read(change.field, change.after) for change in reversal.changes}
    if reversal.kind == "TaskCreated":
        given |= {change.field: _UNSET for change in audit.changes(None, task) if change.field not in given}
    return [field for field, value in given.items() if getattr(task, field, None) != value]


def _read(field: str, value: str) -> Any:
    return None if value == "null" else msgspec.json.decode(value, type=_TYPES[field])


def _updated(_: tasks.State, __: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
    before = {change.field: _read(change.field, change.before) for change in reversal.changes}
    wanted = {field: value for field, value in before.items() if field in TaskFields.__struct_fields__}
    if "recurrence" in before:
        wanted["rrule"] = before["recurrence"].rrule if before["recurrence"] else None
    return Way((UpdateTask(**common, changed=tuple(wanted), fields=TaskFields(**wanted)),))


def _completed(state: tasks.State, task: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
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


def _reopened(_: tasks.State, __: Task, common: Mapping[str, Any], reversal: Reversal) -> Way:
    times = [_read("completed_at", change.before) for change in reversal.changes if change.field == "completed_at"]
    return Way((CompleteTask(**common),), completed_at=next(iter(times), None))


def _restore(_: tasks.State, __: Task, common: Mapping[str, Any], ___: Reversal) -> Way:
    return Way((RestoreTask(**common),))


def _delete(_: tasks.State, __: Task, common: Mapping[str, Any], ___: Reversal) -> Way:
    return Way((DeleteTask(**common),))


_WAYS: Mapping[str, Callable[[tasks.State, Task, Mapping[str, Any], Reversal], Way]] = {
    "TaskCreated": _delete,
    "TaskUpdated": _updated,
    "TaskCompleted": _completed,
    "TaskReopened": _reopened,
    "TaskDeleted": _restore,
    "TaskRestored": _delete,
}
"""By the event that is to be undone, what leads back."""
