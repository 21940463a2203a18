"""What keeps a user's state: maps and timers by name, as the tasks stage's tables do, or dicts.

Keys of maps begin with the user's id and a slash, so that one store holds many users and none sees another's.
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


class Timers(Protocol):
    """Timers by their time and id."""

    def set(self, timer: Timer, /) -> None:
        """Set a timer."""

    def remove(self, timer: Timer, /) -> None:
        """Remove a timer; one that is not set is no error."""


class Queue(Timers, Protocol):
    """Timers that their owner takes himself."""

    def due(self, until: int, limit: int, /) -> Iterable[Timer]:
        """Return at most ``limit`` timers due at or before ``until`` (ms since 1970), the first ones first."""


@dataclass(frozen=True)
class Store:
    """The state of many users: what each map holds, and by which key after the user's."""

    entities: Mapping[EntityType[Any], Map[Any]]
    """The entities of each type, by name."""
    series: Map[Series]
    """The latest occurrence of each series, by its id; kept for ever."""
    sizes: Map[ListSize]
    """How many tasks are on each list, by its id; no entry for none."""
    decided: Map[Remembered]
    """Which commands were decided, by id; and what bulks resolved to (``idempotency``)."""
    expiries: Queue
    """When each entry of ``decided`` expires."""
    purges: Timers
    """When each deleted entity is purged (``deletion``)."""
