"""Subtasks: a task may have a parent, that one another, and so on, to a limited depth and without cycles.

Completing or deleting a task leaves its subtasks unchanged: a task whose parent was deleted is a top-level task. Those
of a series pass on with its occurrences (``subtasks``).
"""

from collections.abc import Iterator

from msgspec.structs import replace

from domain.entity import State
from domain.invalid import Conflict, Invalid
from schemas.records import Status, Task

MAX_DEPTH = 8
"""The most ancestors of a task."""


def above(task: Task | None) -> str | None:
    """Return the parent that a task is a subtask of; None for one that is deleted, which can be restored to it."""
    return None if task is None or task.status is Status.DELETED else task.parent


def kept(state: State, task: Task) -> Task:
    """Return a restored task with its parent, or without if ``check`` finds a cycle."""
    try:
        check(state, task)
    except Conflict:
        return replace(task, parent=None)
    except Invalid:  # the parent is deleted, too: it may be restored
        pass
    return task


def is_below(state: State, task: Task, ancestor: str) -> bool:
    """Return whether a task is a descendant of another, through deleted tasks, too."""
    return any(one.parent == ancestor for one in line(state, task))


def line(state: State, task: Task) -> Iterator[Task]:
    """Yield a task and its ancestors, from below, through deleted tasks, too."""
    one: Task | None = task
    seen = set[str]()
    while one is not None and one.id not in seen:
        yield one
        seen.add(one.id)
        one = state.task(one.parent) if one.parent else None


def check(state: State, task: Task) -> None:
    """Raise ``Invalid`` if a task can't have the parent that it names.

    The task's own subtasks are not known here, so moving a subtree may put these deeper than the limit.
    """
    above, depth = task.parent, 0
    while above is not None:
        if above == task.id:
            raise Conflict("parent", "The task would be a part of itself; choose another parent.")
        parent = state.task(above)
        if parent is None or parent.user != task.user or parent.status is Status.DELETED:
            if depth:
                return
            raise Invalid("parent", "There is no such task to be a part of.")
        above, depth = parent.parent, depth + 1
        if depth > MAX_DEPTH:
            raise Conflict("parent", f"At most {MAX_DEPTH} tasks may stand above a task; choose a parent further up.")
