"""Deletion: a task, list or saved filter can be restored for 30 days, and is then gone, all but its audit trail.

A timer is set for each that is deleted, by the deletion's own time. A notice says that it has fired; it acts only if
the entity is still deleted by that same deletion, which the timer's id tells: it is derived from the entity's version.
"""

from typing import Any

from msgspec.structs import replace

from domain import entities
from domain.entities import Entity, Event, State
from schemas import ids
from schemas.records import TaskNotice, Timer

RESTORABLE = 30 * 24 * 60 * 60 * 1000
"""Milliseconds for which what was deleted can be restored."""

ACTOR = "stage:tasks"

EVENTS: tuple[type[Any], ...] = tuple(one.purged for one in entities.TYPES if one.purged)


def timer(entity: Entity | None) -> Timer | None:
    """Return the timer of an entity's purge, None where it is not deleted."""
    if entity is None or not entities.of(entity).is_deleted(entity):
        return None
    subject, due = entities.subject(entity) or entities.name(entity), entity.changed_at + RESTORABLE
    return Timer(ids.derive("purge", subject, entity.version), entity.user, subject, due)


def notice(timer: Timer, at: int) -> TaskNotice:
    """Return what tells that a timer has fired."""
    task, subject = ("", timer.subject) if ":" in timer.subject else (timer.subject, None)
    return TaskNotice(timer.id, timer.user, at, task, timer.due, subject)


def purge(state: State, notice: TaskNotice) -> Event | None:
    """Return the event that a notice leads to, None where the entity is no longer deleted, or by another deletion."""
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
    """Tell whether by an event its entity is gone."""
    return isinstance(event, EVENTS)
