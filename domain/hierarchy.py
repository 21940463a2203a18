"""Sub-tasks: a task may be a part of another, that one of a third, and so on, within bounds and never in a circle.

What stands below a task stays when it is completed or deleted: a task whose parent was deleted stands by itself.
"""

from typing import Protocol

from msgspec.structs import replace

from domain.invalid import Conflict, Invalid
from schemas.records import Status, Task

MAX_DEPTH = 8
"""How many tasks may stand above a task."""


class Tasks(Protocol):
    """A user's tasks by id."""

    def task(self, task_id: str, /) -> Task | None:
        """Return the task of this id."""


def kept(tasks: Tasks, task: Task) -> Task:
    """Return a task that comes back as a part of its parent, or of nothing where ``check`` finds a circle."""
    try:
        check(tasks, task)
    except Conflict:
        return replace(task, parent=None)
    except Invalid:  # the parent is deleted, too: it may come back
        pass
    return task


def is_below(tasks: Tasks, task: Task, ancestor: str) -> bool:
    """Tell whether a task is a part of another, or of one of its parts, whether these stand or were deleted."""
    above, seen = task.parent, set[str]()
    while above is not None and above not in seen:
        if above == ancestor:
            return True
        seen.add(above)
        parent = tasks.task(above)
        above = parent.parent if parent else None
    return False


def check(tasks: Tasks, task: Task) -> None:
    """Raise ``Invalid`` where a task can't be a part of the parent that it names.

    What is below the task itself is not known here, so a branch that is moved may come to stand deeper than a task that
    is put there by itself could.
    """
    above, depth = task.parent, 0
    while above is not None:
        if above == task.id:
            raise Conflict("parent", "The task would be a part of itself; choose another parent.")
        parent = tasks.task(above)
        if parent is None or parent.user != task.user or parent.status is Status.DELETED:
            if depth:
                return
            raise Invalid("parent", "There is no such task to be a part of.")
        above, depth = parent.parent, depth + 1
        if depth > MAX_DEPTH:
            raise Conflict("parent", f"At most {MAX_DEPTH} tasks may stand above a task; choose a parent further up.")
