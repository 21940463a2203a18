"""Saved filters: decisions on their commands. A filter is stored as its user wrote it, and parsed when it is used."""

from typing import get_args

from domain import lifecycle, query, ranks, validation
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


def _text(value: str) -> str:
    query.parse(value)
    return value.strip()


def _sort(value: str) -> str:
    if value:
        query.sort(value)
    return value.strip()


FILTER = lifecycle.entity_type(
    "filter",
    SavedFilter,
    commands=get_args(Command),
    events=get_args(Event),
    checks={"name": validation.name, "text": _text, "sort": _sort, "colour": validation.colour, "rank": ranks.check},
)
