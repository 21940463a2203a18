"""How tasks are sorted: ``due,-priority,title``. A key with ``-`` sorts downwards; what has no such thing comes last.

Ties are settled by the id, which goes the way of the last key. ``due`` and ``start`` sort by what they read, a day as
its midnight, whatever their zones: so a page follows the one before though the user's zone has changed in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from domain.query.errors import QueryError
from domain.query.words import meant

FIELDS = ("title", "priority", "start", "due", "order", "pinned", "created", "completed", "changed")
"""What tasks are sorted by."""
RELEVANCE = "relevance"
"""What tasks that a search for words found are sorted by besides."""


@dataclass(frozen=True, slots=True)
class Key:
    """A field to sort by, upwards or downwards."""

    field: str
    down: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.down else ''}{self.field}"


@dataclass(frozen=True, slots=True)
class Sort:
    """One or more keys, the first one first. Printed it is a sort again."""

    keys: tuple[Key, ...]

    def __str__(self) -> str:
        return ",".join(map(str, self.keys))


@lru_cache(256)
def sort(text: str, *, found: bool = False) -> Sort:
    """Return the sort that is written as ``due,-priority,title``. Raises ``QueryError`` for the field ``sort``.

    ``found`` tasks, those of a search for words, sort by ``relevance``, too: the best are the highest.
    """
    fields = (*FIELDS, RELEVANCE) if found else FIELDS
    keys: list[Key] = []
    column = 1
    for part in text.split(","):
        at = column + len(part) - len(part.lstrip())
        key = _key(part.strip(), at, fields)
        if key.field in {each.field for each in keys}:
            raise QueryError("sort", at, f"`{key.field}` is there already.")
        keys.append(key)
        column += len(part) + 1
    return Sort(tuple(keys))


def _key(written: str, at: int, fields: Sequence[str]) -> Key:
    name = written.removeprefix("-").lower()
    if name in fields:
        return Key(name, down=written.startswith("-"))
    at += written.startswith("-")
    near = meant(name, fields)
    shown = written.removeprefix("-")[:40]
    raise QueryError("sort", at, f"There is nothing to sort by called `{shown}`.", () if near else tuple(fields), near)
