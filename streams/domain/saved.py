"""Saved filters: what each command means for one. A filter is kept as its user wrote it, and read when it is used."""

from typing import get_args

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
from streams.domain import entities

Command = CreateFilter | UpdateFilter | DeleteFilter | RestoreFilter
Event = FilterCreated | FilterUpdated | FilterDeleted | FilterRestored | FilterPurged
EVENTS: tuple[type[Event], ...] = get_args(Event)
KIND = entities.Kind("filter", SavedFilter, get_args(Command), get_args(Event))
