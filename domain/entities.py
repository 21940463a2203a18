"""All entity types, and which of them a command, an event, a record or a subject is of."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, Protocol, TypeAlias

from domain import entity, filters, lists, tags, tasks
from domain.decision import Decision
from domain.entity import EntityType
from schemas import entity_subjects
from schemas.records import CreateOccurrence, List, SavedFilter, Tag, Task

Asked: TypeAlias = tasks.Asked | lists.Command | filters.Command | tags.Command
"""What people ask for of an entity."""
Command: TypeAlias = Asked | CreateOccurrence
Event: TypeAlias = tasks.Event | lists.Event | filters.Event | tags.Event
Entity: TypeAlias = Task | List | SavedFilter | Tag

TYPES: tuple[EntityType[Any], ...] = (tasks.TASK, lists.LIST, filters.FILTER, tags.TAG)
EVENTS: tuple[type[Event], ...] = tuple(chain.from_iterable(one.events for one in TYPES))
BY_WORD: Mapping[str, EntityType[Any]] = {one.word: one for one in TYPES}
_OF: Mapping[type[Any], EntityType[Any]] = {
    part: one for one in TYPES for part in (one.record, *one.commands, *one.events)
}


class State(entity.State, tasks.State, lists.Sizes, tags.State, Protocol):
    """What a decision may look at, read lazily."""


def of(part: Any) -> EntityType[Any]:
    """Return the type of an entity, or that a command or an event is about."""
    return _OF[type(part)]


def decide(state: State, command: Command) -> Decision[Any]:
    """Return the events that a command leads to, and its outcome."""
    return _OF[type(command)].decide(state, command)


def after(event: Event) -> Entity:
    """Return the entity that an event is about, as it left it."""
    left: Entity = _OF[type(event)].after(event)
    return left


def name(entity: Entity) -> str:
    """Return what an entity is known by among the user's of its type: its id, or a tag's name."""
    return _OF[type(entity)].name(entity)


def subject(entity: Entity) -> str | None:
    """Return an entity as the subject of records; None for a task, which they name by its id."""
    one = _OF[type(entity)]
    return None if one is tasks.TASK else one.subject(one.name(entity))


def find(state: State, subject: str) -> Entity | None:
    """Return what a subject names, None where the user has no such entity."""
    word, name = entity_subjects.split(subject)
    found: Entity | None = state.get(BY_WORD[word], name)
    return found
