"""Sort orders of tasks: ``due,-priority,title``. A key with ``-`` sorts descending; tasks without a value come last.

Ties are broken by the id, in the direction of the last key. ``due`` and ``start`` sort by local time, a day as its
midnight, whatever their zones: so pages stay consistent even if the user's zone changes in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from domain.query.errors import QueryError
from domain.query.fields import nearest

FIELDS = ("title", "priority", "start", "due", "order", "pinned", "created", "completed", "changed")
"""Fields that tasks can be sorted by."""
RELEVANCE = "relevance"
"""Another key, for the results of a search."""


@dataclass(frozen=True, slots=True)
class Key:
    """A field to sort by, ascending or descending."""

    field: str
    down: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.down else ''}{self.field}"


@dataclass(frozen=True, slots=True)
class Sort:
    """One or more keys, the most significant first. ``str`` gives a sort order that parses to the same."""

    keys: tuple[Key, ...]

    def __str__(self) -> str:
        return ",".join(map(str, self.keys))


@lru_cache(256)
def sort(text: str, *, found: bool = False) -> Sort:
    """Parse a sort order such as ``due,-priority,title``. Raises ``QueryError`` for the field ``sort``.

    ``found`` tasks, the results of a search, can also be sorted by ``relevance``: the best have the highest.
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
    near = nearest(name, fields)
    quoted = written.removeprefix("-")[:40]
    raise QueryError("sort", at, f"There is nothing to sort by called `{quoted}`.", () if near else tuple(fields), near)
