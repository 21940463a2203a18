"""Containers: the parent and the list that a task belongs to."""

from domain import hierarchy, lists
from domain.entity import State
from schemas.records import Task


def check(state: State, before: Task, after: Task) -> None:
    """Raise ``Invalid`` if a task can't have the parent or the list that a change gives it."""
    if after.parent != before.parent:
        hierarchy.check(state, after)
    if after.list != before.list:
        lists.check(state, after)


def kept(state: State, task: Task) -> Task:
    """Return a task that comes again, or a copy, without a parent or list that it can't have any more."""
    return hierarchy.kept(state, lists.kept(state, task))
