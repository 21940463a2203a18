"""The protocol of a store of users' state: maps and timers by name, implemented by the tasks stage's tables, or dicts.

Keys of maps begin with the user's id and a slash, so that one store holds many users, isolated from each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from domain.entity import EntityType
from schemas.records import ListSize, Remembered, Series, Timer

Value = TypeVar("Value")


class Map(Protocol[Value]):
    """Records of one type by key."""

    def get(self, key: str, /) -> Value | None:
        """Return the record under ``key``, or None."""

    def __setitem__(self, key: str, value: Value, /) -> None:
        """Put a record under ``key``."""

    def __delitem__(self, key: str, /) -> None:
        """Remove the record under ``key``."""


class Listed(Map[Value], Protocol):
    """A map whose keys can be listed."""

    def names(self, limit: int, after: str = "", /) -> list[str]:
        """Return the first ``limit`` keys behind ``after``, in order."""


class Timers(Protocol):
    """Timers by their time and id."""

    def set(self, timer: Timer, /) -> None:
        """Set a timer."""

    def remove(self, timer: Timer, /) -> None:
        """Remove a timer, if it is set."""


class Index(Protocol):
    """A set of names under each key."""

    def add(self, key: str, name: str, /) -> None:
        """Put a name under a key."""

    def remove(self, key: str, name: str, /) -> None:
        """Remove a name from a key, if it is there."""

    def names(self, key: str, limit: int, after: str = "", /) -> list[str]:
        """Return the first ``limit`` names under a key behind ``after``, in order."""


class Queue(Timers, Protocol):
    """Timers that are polled by their owner."""

    def due(self, until: int, limit: int, /) -> Iterable[Timer]:
        """Return at most ``limit`` timers due at or before ``until`` (ms since 1970), in order."""


@dataclass(frozen=True)
class Store:
    """The state of many users, in maps. Keys are given without the user's prefix."""

    entities: Mapping[EntityType[Any], Map[Any]]
    """The entities of each type, by name."""
    series: Map[Series]
    """The latest occurrence of each series, by its id; kept for ever."""
    sizes: Map[ListSize]
    """The number of tasks on each list, by its id; no entry for an empty list."""
    subtasks: Index
    """The subtasks of each task, by its id; without those that are deleted."""
    decided: Map[Remembered]
    """The idempotency store: decided commands, by id; and target-set hashes of bulks (``idempotency``)."""
    expiries: Queue
    """When each entry of ``decided`` expires."""
    purges: Timers
    """When each deleted entity is purged (``deletion``)."""
