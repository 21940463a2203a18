"""Everything that a user's commands may be about: which decision answers which, and what their events hold."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias, get_args

from schemas import subjects
from schemas.records import List, SavedFilter, Tag, Task
from streams.domain import lists, saved, tags, tasks
from streams.domain.decision import Decision

Command: TypeAlias = tasks.Command | lists.Command | saved.Command | tags.Command
Event: TypeAlias = tasks.Event | lists.Event | saved.Event | tags.Event
Thing: TypeAlias = Task | List | SavedFilter | Tag
"""What an event holds, whole."""
EVENTS: tuple[type[Event], ...] = (*get_args(tasks.Event), *get_args(lists.Event), *get_args(saved.Event), tags.Event)


_KINDS: Mapping[type[Thing], str] = {List: subjects.LIST, SavedFilter: subjects.FILTER, Tag: subjects.TAG}


class State(tasks.State, lists.Sizes, tags.State, Protocol):
    """What a decision may look at, read lazily by id."""

    def filter(self, filter_id: str, /) -> SavedFilter | None:
        """Return the saved filter of this id."""


def decide(state: State, command: Command) -> Decision[Any]:
    """Return the events that a command leads to, and its outcome."""
    if isinstance(command, lists.Command):
        return lists.decide(state, command)
    if isinstance(command, saved.Command):
        return saved.KIND.decide(state.filter(command.filter), command)
    if isinstance(command, tags.Command):
        return tags.decide(state, command)
    return tasks.decide(state, command)


def thing(event: Event) -> Thing:
    """Return what an event holds: what it is about, as it left it."""
    if isinstance(event, lists.Event):
        return event.list
    if isinstance(event, saved.Event):
        return event.filter
    return event.tag if isinstance(event, tags.Event) else event.task


def name(thing: Thing) -> str:
    """Return what a thing is known by among the user's of its kind: its id, or a tag's name."""
    return thing.name if isinstance(thing, Tag) else thing.id


def subject(thing: Thing) -> str | None:
    """Return a thing as the subject of records; None for a task, which they name by its id."""
    return None if isinstance(thing, Task) else subjects.of(_KINDS[type(thing)], name(thing))


def found(state: State, subject: str) -> List | SavedFilter | Tag | None:
    """Return what a subject names, None where the user has no such thing."""
    kind, name = subjects.split(subject)
    match kind:
        case subjects.LIST:
            return state.list(name)
        case subjects.FILTER:
            return state.filter(name)
    return state.tag(name)
