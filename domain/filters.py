"""Saved filters: what each command means for one. A filter is kept as its user wrote it, and read when it is used."""

from typing import get_args

from domain import lifecycle
from domain.decision import Decision
from domain.entity import EntityType, State
from schemas.records import (
    CreateFilter,
    DeleteFilter,
    FilterCreated,
    FilterDeleted,
    FilterPurged,
    FilterRestored,
    FilterUpdated,
    RestoreFilter,
    SavedFilter,
    UpdateFilter,
)

Command = CreateFilter | UpdateFilter | DeleteFilter | RestoreFilter
Event = FilterCreated | FilterUpdated | FilterDeleted | FilterRestored | FilterPurged


def decide(state: State, command: Command) -> Decision[Event]:
    """Return the events that a command leads to, none or one, and its outcome."""
    return lifecycle.decide(FILTER, state, command)


FILTER = EntityType(
    word="filter",
    plural="filters",
    record=SavedFilter,
    commands=get_args(Command),
    events=get_args(Event),
    decide=decide,
    update=UpdateFilter,
    delete=DeleteFilter,
    restore=RestoreFilter,
    purged=FilterPurged,
)
