"""Lists: decisions on their commands, and the tasks on them.

A task is on one list or on none, which is called the inbox. A list can be deleted only if no task is on it, open or
completed: the state counts them, since searching would scan all of the user's tasks. A deleted task is on no list; if
it is restored after its list is gone, it moves to the inbox.

A subtask created without a list is put on its parent's. Afterwards each task is moved separately.
"""

from collections.abc import Iterator
from typing import get_args

from msgspec.structs import replace

from domain import lifecycle, ranks, validation
from domain.entity import State
from domain.invalid import Invalid
from domain.lifecycle import Refusal, Transition
from domain.rejections import Code
from schemas import records as r

Command = r.CreateList | r.UpdateList | r.DeleteList | r.RestoreList
Event = r.ListCreated | r.ListUpdated | r.ListDeleted | r.ListRestored | r.ListPurged


def refuse(state: State, command: Command, answer: Transition) -> Refusal | None:
    """Refuse to delete a list that tasks are on."""
    if answer is Transition.DELETE and (size := state.size(command.list)):
        tasks = "1 task is" if size == 1 else f"{size:,} tasks are"
        return Code.NOT_EMPTY, f"{tasks} on the list, open or completed: move or delete them first."
    return None


LIST = lifecycle.entity_type(
    "list",
    r.List,
    commands=get_args(Command),
    events=get_args(Event),
    checks={"name": validation.name, "colour": validation.colour, "rank": ranks.check},
    refuse=refuse,
)


def check(state: State, task: r.Task) -> None:
    """Raise ``Invalid`` if a task can't be on the list that it names."""
    if task.list is not None and not _has_list(state, task):
        raise Invalid("list", "There is no such list; choose one that stands, or none for the inbox.")


def placed(state: State, task: r.Task) -> r.Task:
    """Return a new task on its list, by default its parent's. Raises ``Invalid``."""
    if task.list is None and task.parent is not None:
        parent = state.task(task.parent)
        return kept(state, replace(task, list=parent.list)) if parent else task
    check(state, task)
    return task


def kept(state: State, task: r.Task) -> r.Task:
    """Return a task on its list if that still exists, else in the inbox."""
    return task if task.list is None or _has_list(state, task) else replace(task, list=None)


def moves(before: r.Task | None, after: r.Task | None) -> Iterator[tuple[str, int]]:
    """Yield the lists that an event removed a task from (-1) or added it to (+1)."""
    left, came = _list_of(before), _list_of(after)
    if left != came:
        if left is not None:
            yield left, -1
        if came is not None:
            yield came, 1


def _list_of(task: r.Task | None) -> str | None:
    return None if task is None or task.status is r.Status.DELETED else task.list


def _has_list(state: State, task: r.Task) -> bool:
    found = None if task.list is None else state.get(LIST, task.list)
    return found is not None and not found.deleted
