"""Deletion: a task, list or saved filter can be restored for 30 days, and is then gone, all but its audit trail.

A timer is set for each that is deleted, by the deletion's own time. A notice says that it has come; it acts only if the
thing is still deleted by that same deletion, which the timer's id tells: a version of the thing stands for it.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias, get_args

from msgspec.structs import replace

from schemas import ids
from schemas.records import (
    FilterPurged,
    List,
    ListPurged,
    SavedFilter,
    Status,
    Task,
    TaskNotice,
    TaskPurged,
    Timer,
)
from streams.domain import commands
from streams.domain.commands import State, Thing

RESTORABLE = 30 * 24 * 60 * 60 * 1000
"""Milliseconds for which what was deleted can be restored."""

ACTOR = "stage:tasks"

Event: TypeAlias = TaskPurged | ListPurged | FilterPurged
EVENTS: tuple[type[Event], ...] = get_args(Event)

_EVENTS: Mapping[type[Any], tuple[str, type[Event]]] = {
    Task: ("task", TaskPurged),
    List: ("list", ListPurged),
    SavedFilter: ("filter", FilterPurged),
}
"""What says of each kind that it is gone, and the field that holds it."""


def timer(thing: Thing | None) -> Timer | None:
    """Return the timer that stands for a thing: that of its purge if it is deleted. A tag is never deleted."""
    match thing:
        case Task(status=Status.DELETED) | List(deleted=True) | SavedFilter(deleted=True):
            subject, due = commands.subject(thing) or thing.id, thing.changed_at + RESTORABLE
            return Timer(ids.derive("purge", subject, thing.version), thing.user, subject, due)
    return None


def notice(timer: Timer, at: int) -> TaskNotice:
    """Return what tells that a timer has come."""
    task, subject = ("", timer.subject) if ":" in timer.subject else (timer.subject, None)
    return TaskNotice(timer.id, timer.user, at, task, timer.due, subject)


def purge(state: State, notice: TaskNotice) -> Event | None:
    """Return the event that a notice leads to, None where the timer does not stand any more."""
    thing = state.task(notice.task) if notice.subject is None else commands.found(state, notice.subject)
    stands = timer(thing)
    if thing is None or stands is None or (stands.id, stands.user) != (notice.id, notice.user):
        return None
    field, event = _EVENTS[type(thing)]
    gone: dict[str, Any] = {field: replace(thing, changed_at=notice.at, version=thing.version + 1)}
    return event(id=ids.event(notice.id), user=notice.user, at=notice.at, actor=ACTOR, command=notice.id, **gone)
