"""Deletion: a task, list or saved filter can be restored for 30 days, and is then purged, except its audit trail.

Each deletion sets a timer, relative to the deletion's own time. A notice reports that it has fired, and acts only if
the entity is still deleted by that same deletion: the timer's id is derived from the entity's version.
"""

from typing import Any

from msgspec.structs import replace

from domain import entities
from domain.entities import Entity, Event
from domain.entity import State
from schemas import ids
from schemas.records import TaskNotice, Timer

RESTORABLE = 30 * 24 * 60 * 60 * 1000
"""Milliseconds for which a deleted entity can be restored."""

ACTOR = "stage:tasks"

EVENTS: tuple[type[Any], ...] = tuple(one.purged for one in entities.TYPES if one.purged)


def timer(entity: Entity | None) -> Timer | None:
    """Return the timer of an entity's purge, None if it is not deleted."""
    if entity is None or not entities.of(entity).is_deleted(entity):
        return None
    subject, due = entities.subject(entity) or entities.name(entity), entity.changed_at + RESTORABLE
    return Timer(ids.derive("purge", subject, entity.version), entity.user, subject, due)


def notice(timer: Timer, at: int) -> TaskNotice:
    """Return the notice that a timer has fired."""
    task, subject = ("", timer.subject) if ":" in timer.subject else (timer.subject, None)
    return TaskNotice(timer.id, timer.user, at, task, timer.due, subject)


def purge(state: State, notice: TaskNotice) -> Event | None:
    """Return the event of a notice, None if the entity is no longer deleted, or by another deletion."""
    entity = state.task(notice.task) if notice.subject is None else entities.find(state, notice.subject)
    current = timer(entity)
    if entity is None or current is None or current.id != notice.id:
        return None
    of = entities.of(entity)
    assert of.purged
    gone = replace(entity, changed_at=notice.at, version=entity.version + 1)
    event: Event = of.event(of.purged, notice, gone, actor=ACTOR)
    return event


def purges(event: Event) -> bool:
    """Return whether an event purges its entity."""
    return isinstance(event, EVENTS)
