"""The context that a stage runs with, in a worker, a replay or a test."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from msgspec import Struct

from common import clock
from domain.times import tzdata_version
from schemas.codec import Serde
from schemas.topics import Topic
from streams.runtime.settings import Settings

Produce = Callable[[Topic, Struct, int], Awaitable[None]]


async def _nowhere(topic: Topic, record: Struct, partition: int) -> None:
    raise RuntimeError(f"{type(record).__name__} can't be produced to {topic.name}/{partition}: no worker runs here.")


@dataclass(frozen=True)
class Context:
    """The settings, the codec, the cluster's id, the clock, and the worker's functions outside of blocks."""

    settings: Settings
    codec: Serde
    cluster: str = ""
    clock: Callable[[], int] = clock.now
    """Returns milliseconds since 1970."""
    performs: Callable[[str], bool] = lambda _: False
    """Returns whether this process is performing the effect of a key."""
    produce: Produce = _nowhere
    """Produces one record to a partition outside any block, such as the outcome of an effect."""
    tzdata: str = field(default_factory=tzdata_version)
    """The version of the time zone data."""
