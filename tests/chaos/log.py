"""The log beneath the workers: commands are put on it, and whatever is committed on any topic is read."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

import schemas.kafka.admin
from schemas.codec import Codec
from schemas.kafka.log_reader import committed
from schemas.kafka.stopping import started
from schemas.names import partition_of
from schemas.registry.client import Registry
from schemas.topics import Topic
from tests.chaos.seen import Entry, Seen


@dataclass
class Log:
    """What is committed from the beginning of a test on; ``users`` are those that begin with it."""

    codec: Codec
    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer
    partitions: int
    users: frozenset[str]
    grouping: str = ""
    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    changelogs: dict[TopicPartition, list[ConsumerRecord]] = field(default_factory=lambda: defaultdict(list))
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def put(self, topic: Topic, *records: Struct) -> None:
        """Append users' records and return once the broker has them."""
        sent = [await self._send(topic, record, record.user) for record in records]
        await asyncio.gather(*sent)

    async def _send(self, topic: Topic, record: Struct, user: str) -> Awaitable[object]:
        where, value = partition_of(user, self.partitions), self.codec.encode(topic.name, record)
        return await self.producer.send(topic.name, value, user.encode(), where, timestamp_ms=record.at)

    async def look(self) -> Seen:
        """Read what was committed since the last look, and return all so far."""
        async with self._looking:  # one after the other, or what is read would be out of order
            ends = await self.consumer.end_offsets(self.consumer.assignment())
            while await self._behind(ends):
                for tp, raws in (await self.consumer.getmany(timeout_ms=100)).items():
                    await self._take(tp, raws)
        return Seen({topic: list(entries) for topic, entries in self.entries.items()}, self.users, self.grouping)

    async def marks(self) -> dict[str, Counter[int]]:
        """Return how many records each topology has committed on its changelog, by partition."""
        await self.look()
        found: dict[str, Counter[int]] = defaultdict(Counter)
        for (topic, partition), raws in self.changelogs.items():
            found[topic.removesuffix("-changelog")][partition] = len(raws)
        return found

    async def _behind(self, ends: dict[TopicPartition, int]) -> bool:
        positions = await asyncio.gather(*(self.consumer.position(tp) for tp in ends))
        return any(position < end for position, end in zip(positions, ends.values(), strict=True))

    async def _take(self, tp: TopicPartition, raws: list[ConsumerRecord]) -> None:
        if tp.topic.endswith("-changelog"):
            self.changelogs[tp] += raws
            return
        await self.codec.learn(raw.value for raw in raws)
        self.entries[tp.topic] += (Entry(tp.partition, raw.offset, self.codec.decode(raw.value)) for raw in raws)


def now() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def opened(
    kafka: str,
    registry_url: str,
    topics: Iterable[Topic],
    partitions: int,
    users: Iterable[str],
    *,
    whole: bool = False,
    grouping: str = "",
) -> AsyncIterator[Log]:
    """Look at these topics, from their ends on or as a ``whole``, and write to them.

    ``grouping`` is ``RONDO_TOPOLOGIES`` of the workers there.
    """
    registry = Registry(registry_url)
    codec, wanted = Codec(registry), list(dict.fromkeys(topics))
    await codec.publish(wanted)
    await schemas.kafka.admin.create(kafka, partitions, wanted)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_wait_ms=50,  # a request for ends waits behind a fetch
    )
    async with started(producer), started(consumer):
        assigned = [TopicPartition(topic.name, n) for topic in wanted for n in range(topic.partitions or partitions)]
        consumer.assign(assigned)
        starts = await (consumer.beginning_offsets if whole else consumer.end_offsets)(assigned)
        for tp, start in starts.items():
            consumer.seek(tp, start)
        yield Log(codec, producer, consumer, partitions, frozenset(users), grouping)
    await registry.aclose()


async def decoded(kafka: str, registry_url: str, topic: Topic) -> AsyncIterator[Struct]:
    """Yield every record of a topic from its beginning."""
    registry = Registry(registry_url)
    codec = Codec(registry)
    async for raw in committed(kafka, topic.name):
        await codec.learn([raw.value])
        yield codec.decode(raw.value)
    await registry.aclose()
