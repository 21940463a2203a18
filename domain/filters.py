"""Saved filters: decisions on their commands. A filter is stored as its user wrote it, and parsed when it is used."""

from typing import get_args

from domain import lifecycle, query, ranks, validation
from schemas import records as r

Command = r.CreateFilter | r.UpdateFilter | r.DeleteFilter | r.RestoreFilter
Event = r.FilterCreated | r.FilterUpdated | r.FilterDeleted | r.FilterRestored | r.FilterPurged


def _text(value: str) -> str:
    query.parse(value)
    return value.strip()


def _sort(value: str) -> str:
    if value:
        query.sort(value)
    return value.strip()


FILTER = lifecycle.entity_type(
    "filter",
    r.SavedFilter,
    commands=get_args(Command),
    events=get_args(Event),
    checks={"name": validation.name, "text": _text, "sort": _sort, "colour": validation.colour, "rank": ranks.check},
)
