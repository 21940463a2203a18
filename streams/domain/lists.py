"""Lists: what each command means for one, and which tasks are on it.

A list is absent, standing or deleted; deleted is for good. A task is on one list or on none, which people call the
inbox. A list is deleted only when no task is on it, open or completed: state counts them, since looking for them would
take a walk over all of the user's tasks. A deleted task is on no list; where it comes back and its list is gone, it
comes to the inbox. Two lists may have the same name: an id is what tells them apart.

A sub-task that is created without a list comes to its parent's. From then on each task is moved by itself.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum, auto
from typing import Any, Protocol, get_args

from msgspec.structs import replace

from schemas import ids, subjects
from schemas.records import (
    CreateList,
    DeleteList,
    List,
    ListCreated,
    ListDeleted,
    ListUpdated,
    Status,
    Task,
    UpdateList,
)
from streams.domain import decision
from streams.domain.decision import About, Decision
from streams.domain.invalid import Invalid
from streams.domain.rejections import Code

Command = CreateList | UpdateList | DeleteList
Event = ListCreated | ListUpdated | ListDeleted
EVENTS: tuple[type[Event], ...] = get_args(Event)


class Answer(StrEnum):
    """What a command does to a list in some state."""

    CREATE = auto()
    UPDATE = auto()  # the fields that really differ, if any
    DELETE = auto()  # if no task is on it
    NOTHING = auto()  # it is so already
    NOT_FOUND = auto()
    GONE = auto()  # deleted


_A = Answer
_ABSENT, _STANDING, _DELETED = None, False, True

# fmt: off
TABLE: Mapping[type[Command], Mapping[bool | None, Answer]] = {
    CreateList: {_ABSENT: _A.CREATE,    _STANDING: _A.NOTHING, _DELETED: _A.NOTHING},
    UpdateList: {_ABSENT: _A.NOT_FOUND, _STANDING: _A.UPDATE,  _DELETED: _A.GONE},
    DeleteList: {_ABSENT: _A.NOT_FOUND, _STANDING: _A.DELETE,  _DELETED: _A.NOTHING},
}
# fmt: on
"""The answer to every command for a list that is absent (None), stands (False) or was deleted (True)."""

_BOOKKEEPING = {"changed_at", "version"}


class Lists(Protocol):
    """A user's lists by id, read lazily."""

    def list(self, list_id: str, /) -> List | None:
        """Return the list of this id."""


class Sizes(Lists, Protocol):
    """A user's lists, and how many tasks are on each."""

    def size(self, list_id: str, /) -> int:
        """Return how many tasks are on a list: open and completed ones."""


class Tasks(Lists, Protocol):
    """A user's lists and tasks."""

    def task(self, task_id: str, /) -> Task | None:
        """Return the task of this id."""


class OutOfOrder(ValueError):
    """An event does not follow the list's state: one before it is missing, or it was folded already."""


def decide(state: Sizes, command: Command) -> Decision[Event]:
    """Return the events that a command leads to, none or one, and its outcome."""
    found = state.list(command.list)
    if found is not None and found.user != command.user:  # another user's: not even its existence is told
        return decision.rejected(command, _about(command, None), Code.NOT_FOUND, "There is no such list.")
    answer = TABLE[type(command)][found.deleted if found else None]
    if refusal := _refusal(state, found, command, answer):
        return decision.rejected(command, _about(command, found), *refusal)
    after = _applied(found, command, answer)
    if after is None or after == found:
        return decision.nothing(command, _about(command, found))
    after = replace(after, changed_at=command.at, version=found.version + 1 if found else 1)
    return decision.accepted(command, _about(command, after), _event(command, found, after))


def evolve(before: List | None, event: Event) -> List:
    """Return the list after an event; raise ``OutOfOrder`` where the event is not the next one for it."""
    expected = before.version + 1 if before else 1
    if event.list.version != expected:
        raise OutOfOrder(f"List {event.list.id}: version {expected} was expected, not {event.list.version}.")
    return event.list


def check(state: Lists, task: Task) -> None:
    """Raise ``Invalid`` where a task can't be on the list that it names."""
    if task.list is not None and not _stands(state, task):
        raise Invalid("list", "There is no such list; choose one that stands, or none for the inbox.")


def placed(state: Tasks, task: Task) -> Task:
    """Return a new task on its list, which is its parent's where it names none. Raises ``Invalid``."""
    if task.list is None and task.parent is not None:
        parent = state.task(task.parent)
        return kept(state, replace(task, list=parent.list)) if parent else task
    check(state, task)
    return task


def kept(state: Lists, task: Task) -> Task:
    """Return a task on its list where that still stands, else in the inbox."""
    return task if task.list is None or _stands(state, task) else replace(task, list=None)


def moves(before: Task | None, after: Task | None) -> Iterator[tuple[str, int]]:
    """Yield the lists that an event of a task took it from (-1) or put it on (+1)."""
    left, came = _list_of(before), _list_of(after)
    if left != came:
        if left is not None:
            yield left, -1
        if came is not None:
            yield came, 1


def _list_of(task: Task | None) -> str | None:
    return None if task is None or task.status is Status.DELETED else task.list


def _stands(state: Lists, task: Task) -> bool:
    found = None if task.list is None else state.list(task.list)
    return found is not None and found.user == task.user and not found.deleted


def _refusal(state: Sizes, found: List | None, command: Command, answer: Answer) -> tuple[Code, str] | None:
    """Return code and detail of a command that is refused whatever it wants."""
    if found is None:
        return (Code.NOT_FOUND, "There is no such list.") if answer is Answer.NOT_FOUND else None
    if answer is Answer.GONE:
        return Code.DELETED, "The list was deleted."
    if not isinstance(command, CreateList) and command.expected not in (None, found.version):
        return Code.VERSION, f"The list has changed: its version is {found.version} by now."
    if answer is Answer.DELETE and (size := state.size(found.id)):
        tasks = "1 task is" if size == 1 else f"{size:,} tasks are"
        return Code.NOT_EMPTY, f"{tasks} on the list, open or completed: move or delete them first."
    return None


def _applied(found: List | None, command: Command, answer: Answer) -> List | None:
    """Return the list as the answer leaves it, the same or None where nothing is to be done."""
    match answer, found, command:
        case Answer.CREATE, None, CreateList(list=id_, user=user, at=at, fields=fields):
            return List(id_, user, fields.name, at, at, fields.colour, fields.rank)
        case Answer.UPDATE, List() as before, UpdateList() as update:
            return replace(before, **{name: getattr(update.fields, name) for name in update.changed})
        case Answer.DELETE, List() as before, _:
            return replace(before, deleted=True)
    return found


def _event(command: Command, before: List | None, after: List) -> Event:
    common: dict[str, Any] = {
        "id": ids.event(command.id),
        "user": command.user,
        "at": command.at,
        "actor": command.actor,
        "command": command.id,
        "list": after,
        "cause": command.cause,
    }
    if before is None:
        return ListCreated(**common)
    if after.deleted:
        return ListDeleted(**common)
    names = (name for name in List.__struct_fields__ if name not in _BOOKKEEPING)
    changed = tuple(name for name in names if getattr(before, name) != getattr(after, name))
    return ListUpdated(**common, changed=changed)


def _about(command: Command, found: List | None) -> About:
    return About(subject=subjects.of(subjects.LIST, command.list), version=found.version if found else None)
