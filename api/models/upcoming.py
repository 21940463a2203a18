"""The response with the occurrences of a task's series that are yet to come."""

from itertools import islice, takewhile
from typing import Any, Literal

import msgspec
from pydantic import BaseModel

from api.models import outputs
from api.models.changes import CLOSED, PUBLIC
from api.models.formats import Id, Local
from domain.recurrence import upcoming
from domain.recurrence.rule_words import Language, describe_series
from postgres import reader as views
from schemas import records as r


class UpcomingOccurrence(BaseModel):
    """An occurrence that is yet to come, and what was decided about it."""

    occurrence: Local
    """By the rule; it names the occurrence in commands."""
    due: outputs.TaskDue
    """As it will be."""
    status: Literal["upcoming", "done", "skipped", "deleted"]
    """Whether it was closed before it comes; then it never opens."""
    changed: list[str]
    """The fields of it that were changed."""
    following: list[str]
    """The fields that were changed of it and those that follow."""
    task: Id | None
    """Its task, if it was closed."""


class UpcomingOccurrences(BaseModel):
    """Occurrences of a series after its open one, in the order of the rule."""

    words: str | None
    """The rule in words; null if the task does not recur."""
    items: list[UpcomingOccurrence]
    more: bool
    """Whether there are further ones."""


def content(task: views.Task, since: str | None, until: str | None, most: int, language: Language) -> bytes:
    """Return ``UpcomingOccurrences`` as JSON. It may take some tens of milliseconds."""
    rule = task.recurrence if task.status is r.Status.OPEN else None
    every = upcoming.listed(rule, task.occurrence, since) if rule and task.occurrence else iter(())
    last = until and (until if "T" in until else f"{until}T24")  # keys sort as times do
    known = takewhile(lambda each: last is None or each.slot <= last, every)
    found = [*islice(known, most + 1)]
    words = task.recurrence and describe_series(task.recurrence, language)
    return msgspec.json.encode({"words": words, "items": [*map(_members, found[:most])], "more": len(found) > most})


def _members(each: upcoming.Upcoming) -> dict[str, Any]:
    override = each.override
    return {
        "occurrence": each.slot,
        "due": {"date": each.due.date, "time": each.due.time, "zone": each.due.zone},
        "status": "deleted" if override.deleted else CLOSED[override.closing],
        "changed": [PUBLIC.get(name, name) for name in override.changed],
        "following": [PUBLIC.get(name, name) for name in each.following],
        "task": override.task,
    }
