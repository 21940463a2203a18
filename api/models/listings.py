"""Responses of searches: tasks with highlights, and facets."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict

from api.models import examples, outputs
from api.models.selection import Selection
from domain import times
from domain.query.search import Piece, Search, fragment, parts
from postgres import reader as views
from schemas.records import Priority, Status


class Part(BaseModel):
    """A piece of a text, and whether it matches."""

    text: str
    match: bool


class Highlights(BaseModel):
    """Matches of the words: in the whole title, and in an excerpt of the notes around the first match."""

    title: list[Part]
    notes: list[Part]


class ListedTask(outputs.Task):
    """A task of a list; with ``q`` also the matches of its words."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.LISTED]})

    highlights: Highlights | None = None


class TaskPage(BaseModel):
    """A page of tasks, and the cursor of the next page; null at the end."""

    items: list[ListedTask]
    next: str | None
    corrected: str | None = None
    """The words that replaced ``q``, if no task matches it; ``|`` separates spellings."""


MARKING = 0.5
"""Seconds for highlighting a page: long notes take milliseconds, the worst a third of a second each."""


def page(selection: Selection, tasks: Iterable[views.Task], following: str | None) -> bytes:
    """Return a ``TaskPage`` as JSON; the last tasks lack highlights where highlighting takes too long.

    The model only documents it: to make one and to write it takes five times as long.
    """
    until = time.monotonic() + MARKING
    items = [_listed(selection, task, until) for task in tasks]
    return msgspec.json.encode({"items": items, "next": following, "corrected": _corrected(selection)})


def _listed(selection: Selection, task: views.Task, until: float) -> dict[str, Any]:
    words = selection.words if time.monotonic() < until else None
    return {**outputs.task_members(task), "highlights": words and _highlights(words, task)}


def _highlights(words: Search, task: views.Task) -> dict[str, Any]:
    return {"title": _parts(parts(words, task.title)), "notes": _parts(fragment(words, task.notes))}


def _parts(pieces: Iterable[Piece]) -> list[dict[str, Any]]:
    return [{"text": piece.text, "match": piece.match} for piece in pieces]


def _corrected(selection: Selection) -> str | None:
    return str(selection.words) if selection.words and selection.corrected else None


class FacetCount(BaseModel):
    """The number of tasks with a value; null counts tasks without one."""

    value: str | None
    tasks: int


FacetCounts = list[FacetCount]
MOST_VALUES = 5_000
"""The most values of a facet: a user may have any number of tags, and dues on any day."""


class Facets(BaseModel):
    """The number of tasks, in all and by value; values without tasks are omitted."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.FACETS]})

    total: int
    status: FacetCounts
    priority: FacetCounts
    """The highest first."""
    list: FacetCounts
    """By the list's id, those with most tasks first, at most 5,000; null is the inbox."""
    tags: FacetCounts
    """Those with most tasks first, at most 5,000."""
    due: FacetCounts
    """By the day of the due in ``zone``: the first 5,000 days."""
    corrected: str | None = None
    """The words that replaced ``q``, if no task matches it."""

    @classmethod
    def of(cls, selection: Selection, facets: Iterable[views.Facet]) -> "Facets":
        """Return the facets of the views."""
        by_facet: dict[str, Counter[str | None]] = {}
        for facet in facets:
            name, value = _day(facet, selection.clock.zone)
            by_facet.setdefault(name, Counter())[value] += facet.tasks
        lists, tags = (by_facet.get(name, Counter()) for name in ("list", "tag"))
        days = {day: tasks for day, tasks in by_facet.get("day", Counter()).items() if day}
        return cls(
            total=by_facet.get("total", Counter())[None],
            status=_in_order(by_facet.get("status", Counter()), Status),
            priority=_in_order(by_facet.get("priority", Counter()), reversed(Priority)),
            list=[FacetCount(value=value, tasks=tasks) for value, tasks in lists.most_common(MOST_VALUES)],
            tags=[FacetCount(value=value, tasks=tasks) for value, tasks in tags.most_common(MOST_VALUES)],
            due=[FacetCount(value=day, tasks=tasks) for day, tasks in sorted(days.items())[:MOST_VALUES]],
            corrected=_corrected(selection),
        )


def _day(facet: views.Facet, zone: str) -> tuple[str, str | None]:
    """Return a facet's name and value, an instant as its day in the zone."""
    if facet.facet != "instant" or facet.value is None:
        return facet.facet, facet.value
    milliseconds = times.milliseconds(datetime.fromisoformat(facet.value).astimezone(UTC).replace(tzinfo=None), None)
    return "day", times.local_at(milliseconds, zone).date().isoformat()


def _in_order(counts: Counter[str | None], values: Iterable[str]) -> list[FacetCount]:
    return [FacetCount(value=value.lower(), tasks=counts[value]) for value in values if counts[value]]
