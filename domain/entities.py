"""All entity types, looked up by command, event, record or subject."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, TypeAlias

from domain import filters, lists, settings, tags, targets, tasks
from domain.decision import Decision
from domain.entity import EntityType, State
from schemas import entity_subjects
from schemas.records import CreateOccurrence, List, SavedFilter, Settings, Tag, Target, Task

Asked: TypeAlias = tasks.Asked | lists.Command | filters.Command | tags.Command | targets.Command | settings.Command
"""Commands that users send; other commands are derived."""
Command: TypeAlias = Asked | CreateOccurrence
Event: TypeAlias = tasks.Event | lists.Event | filters.Event | tags.Event | targets.Event | settings.Event
Entity: TypeAlias = Task | List | SavedFilter | Tag | Target | Settings

TYPES: tuple[EntityType[Any], ...] = (
    tasks.TASK,
    lists.LIST,
    filters.FILTER,
    tags.TAG,
    targets.TARGET,
    settings.SETTINGS,
)
EVENTS: tuple[type[Event], ...] = tuple(chain.from_iterable(one.events for one in TYPES))
BY_WORD: Mapping[str, EntityType[Any]] = {one.word: one for one in TYPES}
_OF: Mapping[type[Any], EntityType[Any]] = {
    part: one for one in TYPES for part in (one.record, *one.commands, *one.events)
}


def of(part: Any) -> EntityType[Any]:
    """Return the type of an entity, or of the entity of a command or an event."""
    return _OF[type(part)]


def decide(state: State, command: Command) -> Decision[Any]:
    """Return the events of a command, and its outcome."""
    return _OF[type(command)].decide(state, command)


def after(event: Event) -> Entity:
    """Return the entity after an event."""
    left: Entity = _OF[type(event)].after(event)
    return left


def name(entity: Entity) -> str:
    """Return what identifies an entity among the user's of its type: its id, or a tag's name."""
    return _OF[type(entity)].name(entity)


def subject(entity: Entity) -> str | None:
    """Return an entity's subject in records; None for a task, which records refer to by its id."""
    one = _OF[type(entity)]
    return None if one is tasks.TASK else one.subject(one.name(entity))


def find(state: State, subject: str) -> Entity | None:
    """Return the entity of a subject, None if the user has no such entity."""
    word, name = entity_subjects.split(subject)
    found: Entity | None = state.get(BY_WORD[word], name)
    return found
