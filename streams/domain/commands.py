"""Everything that a user's commands may be about: which decision answers which, and what their events hold."""

from typing import Protocol, TypeAlias, get_args

from schemas.records import List, Task
from streams.domain import lists, tasks
from streams.domain.decision import Decision

Command: TypeAlias = tasks.Command | lists.Command
Event: TypeAlias = tasks.Event | lists.Event
Thing: TypeAlias = Task | List
"""What an event holds, whole."""
EVENTS: tuple[type[Event], ...] = (*get_args(tasks.Event), *get_args(lists.Event))


class State(tasks.State, lists.Sizes, Protocol):
    """What a decision may look at, read lazily by id."""


def decide(state: State, command: Command) -> Decision[tasks.Event] | Decision[lists.Event]:
    """Return the events that a command leads to, and its outcome."""
    return lists.decide(state, command) if isinstance(command, lists.Command) else tasks.decide(state, command)


def thing(event: Event) -> Thing:
    """Return what an event holds: what it is about, as it left it."""
    return event.list if isinstance(event, lists.Event) else event.task
