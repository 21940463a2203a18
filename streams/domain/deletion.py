"""Deletion: a task, list or saved filter can be restored for 30 days, and is then gone, all but its audit trail.

A timer is set for each that is deleted, by the deletion's own time. A notice says that it has come; it acts only if the
thing is still deleted by that same deletion, which the timer's id tells: a version of the thing stands for it.
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias, get_args

from msgspec.structs import replace

from schemas import ids, subjects
from schemas.records import (
    FilterPurged,
    List,
    ListPurged,
    SavedFilter,
    Status,
    Tag,
    Task,
    TaskNotice,
    TaskPurged,
    Timer,
)

RESTORABLE = 30 * 24 * 60 * 60 * 1000
"""Milliseconds for which what was deleted can be restored."""

ACTOR = "stage:tasks"

Event: TypeAlias = TaskPurged | ListPurged | FilterPurged
EVENTS: tuple[type[Event], ...] = get_args(Event)

_KINDS: Mapping[type[Any], tuple[str, type[Event]]] = {
    Task: (subjects.TASK, TaskPurged),
    List: (subjects.LIST, ListPurged),
    SavedFilter: (subjects.FILTER, FilterPurged),
}


class State(Protocol):
    """What may have been deleted, read lazily by id."""

    def task(self, task_id: str, /) -> Task | None:
        """Return the task of this id."""

    def list(self, list_id: str, /) -> List | None:
        """Return the list of this id."""

    def filter(self, filter_id: str, /) -> SavedFilter | None:
        """Return the saved filter of this id."""


def timer(thing: Task | List | SavedFilter | Tag | None) -> Timer | None:
    """Return the timer that stands for a thing: that of its purge if it is deleted. A tag is never deleted."""
    match thing:
        case Task(status=Status.DELETED):
            subject = thing.id
        case List(deleted=True) | SavedFilter(deleted=True):
            subject = subjects.of(_KINDS[type(thing)][0], thing.id)
        case _:
            return None
    return Timer(ids.derive("purge", subject, thing.version), thing.user, subject, thing.changed_at + RESTORABLE)


def notice(timer: Timer, at: int) -> TaskNotice:
    """Return what tells that a timer has come."""
    task, subject = ("", timer.subject) if ":" in timer.subject else (timer.subject, None)
    return TaskNotice(timer.id, timer.user, at, task, timer.due, subject)


def purge(state: State, notice: TaskNotice) -> Event | None:
    """Return the event that a notice leads to, None where the timer does not stand any more."""
    thing = _named(state, notice)
    stands = timer(thing)
    if thing is None or stands is None or (stands.id, stands.user) != (notice.id, notice.user):
        return None
    word, event = _KINDS[type(thing)]
    gone: dict[str, Any] = {word: replace(thing, changed_at=notice.at, version=thing.version + 1)}
    return event(id=ids.event(notice.id), user=notice.user, at=notice.at, actor=ACTOR, command=notice.id, **gone)


def _named(state: State, notice: TaskNotice) -> Task | List | SavedFilter | None:
    if notice.subject is None:
        return state.task(notice.task)
    kind, id_ = subjects.split(notice.subject)
    return state.list(id_) if kind == subjects.LIST else state.filter(id_)
