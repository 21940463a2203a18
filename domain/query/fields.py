"""The words of the language: fields and their comparisons, shorthands, and synonyms to suggest."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum, auto

from domain.query.dates import Op
from domain.query.tree import Closed, Filter, Has, Is, Not, Overdue, Pinned, Priorities
from schemas.records import Closing, Priority, Status


class FieldType(Enum):
    """The type of a field's values, which determines its comparisons."""

    TEXT = auto()
    PRIORITY = auto()
    STATUS = auto()
    TAGS = auto()
    LIST = auto()
    ID = auto()
    DATE = auto()


FIELDS: Mapping[str, FieldType] = {
    "title": FieldType.TEXT,
    "notes": FieldType.TEXT,
    "priority": FieldType.PRIORITY,
    "status": FieldType.STATUS,
    "tag": FieldType.TAGS,
    "tags": FieldType.TAGS,
    "list": FieldType.LIST,
    "parent": FieldType.ID,
    "series": FieldType.ID,
    "start": FieldType.DATE,
    "due": FieldType.DATE,
    "created": FieldType.DATE,
    "completed": FieldType.DATE,
    "changed": FieldType.DATE,
}
"""The fields that can be compared."""

_EQUAL = ("=", "!=")
_ORDERED = ("=", "!=", "<", "<=", ">", ">=")
COMPARISONS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: ("~", "!~", *_EQUAL),
    FieldType.PRIORITY: _ORDERED,
    FieldType.STATUS: _EQUAL,
    FieldType.TAGS: _EQUAL,
    FieldType.LIST: _EQUAL,
    FieldType.ID: _EQUAL,
    FieldType.DATE: _ORDERED,
}
"""The comparisons of each type; all also have ``in``."""

SHORTHANDS: Mapping[str, Filter] = {
    "open": Is(Status.OPEN),
    "completed": Is(Status.COMPLETED),
    "deleted": Is(Status.DELETED),
    "skipped": Closed(Closing.SKIPPED),
    "missed": Closed(Closing.MISSED),
    "overdue": Overdue(),
    "pinned": Pinned(),
    "recurring": Has("recurrence"),
}
"""Conditions of one word."""

HELD: Mapping[str, Filter] = {
    "notes": Has("notes"),
    "priority": Not(Priorities(Op.IS, Priority.NONE)),
    "tag": Has("tags"),
    "tags": Has("tags"),
    "list": Has("list"),
    "parent": Has("parent"),
    "series": Has("series"),
    "start": Has("start"),
    "due": Has("due"),
    "completed": Has("completed"),
    "recurrence": Has("recurrence"),
}
"""The conditions of ``has``, and negated of ``no``, by the name that follows."""

SYNONYMS: Mapping[str, str] = {
    "label": "tags",
    "labels": "tags",
    "project": "list",
    "lists": "list",
    "folder": "list",
    "date": "due",
    "deadline": "due",
    "duedate": "due",
    "startdate": "start",
    "scheduled": "start",
    "description": "notes",
    "note": "notes",
    "text": "title",
    "name": "title",
    "state": "status",
    "updated": "changed",
    "modified": "changed",
    "added": "created",
    "done": "completed",
    "finished": "completed",
    "pending": "open",
    "starred": "pinned",
    "favorite": "pinned",
    "repeating": "recurring",
    "before": "<",
    "after": ">",
    "is": "=",
    "equals": "=",
    "by": "<=",
    "since": ">=",
    "contains": "~",
    "like": "~",
    "with": "has",
    "without": "no",
    "plus": "and",
}
"""Words of other programs, and the same in this language."""


def nearest(word: str, options: Iterable[str]) -> str | None:
    """Return the option that was probably meant by a word, None if none is similar."""
    options = list(options)
    word = word.lower().removesuffix(":")
    if (synonym := SYNONYMS.get(word)) in options:
        return synonym
    if len(word) > 2:
        return next(iter(get_close_matches(word, options, n=1)), None)
    return next((option for option in options if word and option.startswith(word)), None)  # else very many match
