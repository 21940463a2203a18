"""Follows a topic: its existing records, and then new ones."""

import heapq
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from difflib import get_close_matches

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from rondo.location import Place
from rondo.operator.records import Decoded, concerns, decode
from schemas.codec import Codec
from schemas.kafka.log_reader import Bounds, LogReader
from schemas.names import partition_of
from schemas.registry.client import Registry


class UnknownTopic(LookupError):
    """There is no such topic, or no such partition of it."""


@dataclass(frozen=True, slots=True)
class TailQuery:
    """The records to show of a topic. ``last`` is the number of existing ones, None for all."""

    topic: str
    last: int | None = 10
    follow: bool = True
    user: str | None = None
    partition: int | None = None


class Tail:
    """A reader of a topic's wanted records."""

    def __init__(self, reader: LogReader, codec: Codec, wanted: TailQuery) -> None:
        self._reader = reader
        self._codec = codec
        self._wanted = wanted

    async def records(self) -> AsyncGenerator[Decoded, None]:
        """Yield the existing records, in order within partitions, and then new ones if wanted."""
        bounds = await self._reader.bounds(await _partitions(self._reader, self._wanted))
        if self._wanted.last is None:
            async for record in self._of_interest(self._reader.between(bounds)):
                yield record
        else:
            for record in await self._last(bounds, self._wanted.last):
                yield record
        if self._wanted.follow:
            async for record in self._of_interest(self._reader.following({tp: end for tp, (_, end) in bounds.items()})):
                yield record

    async def _of_interest(self, raws: AsyncGenerator[ConsumerRecord, None]) -> AsyncGenerator[Decoded, None]:
        async for raw in raws:
            record = await decode(self._codec, raw)
            if self._wanted.user is None or concerns(self._wanted.user, raw, record.value):
                yield record

    async def _last(self, bounds: Bounds, count: int) -> list[Decoded]:
        """Return the last records by time, searched in ever larger windows at the end of each partition."""
        found = {tp: deque[Decoded](maxlen=count) for tp in bounds}
        window, left = 10 * count, bounds if count else {}
        while left:
            windows = {tp: (max(begin, end - window), end) for tp, (begin, end) in left.items()}
            found |= {tp: deque(maxlen=count) for tp in left}
            async for record in self._of_interest(self._reader.between(windows)):
                found[TopicPartition(record.topic, record.partition)].append(record)
            left = {
                tp: left[tp] for tp, (start, _) in windows.items() if len(found[tp]) < count and start > left[tp][0]
            }
            window *= 10
        merged = list(heapq.merge(*found.values(), key=lambda record: record.at))
        return merged[len(merged) - min(count, len(merged)) :]


async def _partitions(reader: LogReader, wanted: TailQuery) -> list[TopicPartition]:
    """Return the partitions to read; a user's records are in one. Raises ``UnknownTopic``."""
    every = await reader.partitions(wanted.topic)
    if not every:
        close = get_close_matches(wanted.topic, await reader.topics(), 3, 0.5)
        suggestion = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UnknownTopic(f"There is no topic {wanted.topic}.{suggestion} `rondo topics` lists them.")
    if wanted.partition is not None and wanted.partition not in range(len(every)):
        raise UnknownTopic(f"The topic {wanted.topic} has no partition {wanted.partition}, only 0 to {len(every) - 1}.")
    if wanted.partition is not None:
        return [every[wanted.partition]]
    return every if wanted.user is None else [every[partition_of(wanted.user, len(every))]]


async def tail(place: Place, wanted: TailQuery) -> AsyncGenerator[Decoded, None]:
    """Yield a topic's records. Raises ``UnknownTopic``, KafkaConnectionError, RegistryUnavailable."""
    registry = Registry(place.registry)
    try:
        async with (
            LogReader.of(place.kafka) as reader,
            aclosing(Tail(reader, Codec(registry), wanted).records()) as records,
        ):
            async for record in records:
                yield record
    finally:
        await registry.aclose()
