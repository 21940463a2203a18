"""Reads pieces of topics as they are committed, for tools that look: in no group, writing nothing, creating nothing."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams.kafka.latest import Latest
from streams.kafka.stopping import stop
from streams.kafka.topics import admin

Bounds = dict[TopicPartition, tuple[int, int]]
"""Where a slice begins, and the offset before which it ends, by partition."""


class Slices:
    """A broker's topics, in slices. ``partitions`` has the numbers of partitions by topic, of those that exist."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: dict[str, int]) -> None:
        self.partitions = partitions
        self._consumer = consumer

    @classmethod
    @asynccontextmanager
    async def of(cls, kafka: str) -> AsyncIterator[Self]:
        """Connect to a broker; raises KafkaConnectionError where there is none."""
        async with admin(kafka) as asked:
            partitions = {entry["topic"]: len(entry["partitions"]) for entry in await asked.describe_topics()}
        consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=256 * 1024,
            fetch_max_wait_ms=100,
        )
        try:
            await consumer.start()
            yield cls(consumer, partitions)
        finally:
            await stop(consumer)

    def numbered(self, topic: str) -> list[TopicPartition]:
        """Return a topic's partitions, none for a topic that does not exist."""
        return [TopicPartition(topic, number) for number in range(self.partitions.get(topic, 0))]

    async def bounds(self, partitions: list[TopicPartition]) -> Bounds:
        """Return where partitions begin and end, up to the first transaction that is open."""
        begins = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        return {tp: (begins[tp], ends[tp]) for tp in partitions}

    async def between(self, bounds: Bounds) -> AsyncGenerator[ConsumerRecord, None]:
        """Yield the records of partitions with start <= offset < end, each partition's in its order."""
        async for _, records in self._fetched(bounds, {tp: end for tp, (_, end) in bounds.items()}):
            for record in records:
                yield record

    async def first(self, bounds: Bounds) -> dict[TopicPartition, ConsumerRecord]:
        """Return the first record of each partition with start <= offset < end, where there is one."""
        found: dict[TopicPartition, ConsumerRecord] = {}
        ends = {tp: end for tp, (_, end) in bounds.items()}
        async for tp, records in self._fetched(bounds, ends):
            if records:
                found[tp] = records[0]
                del ends[tp]
        return found

    async def _fetched(
        self, bounds: Bounds, ends: dict[TopicPartition, int]
    ) -> AsyncGenerator[tuple[TopicPartition, list[ConsumerRecord]], None]:
        """Yield what each fetch brings until every partition has come to its end, or was taken out of ``ends``."""
        for tp in [tp for tp, (start, end) in bounds.items() if start >= end]:
            del ends[tp]
        if ends:
            self._seek({tp: bounds[tp][0] for tp in ends})
        while ends:
            for tp, records in (await self._consumer.getmany(timeout_ms=100)).items():
                if tp in ends:
                    yield tp, [record for record in records if record.offset < ends[tp]]
            for tp in self._consumer.assignment():  # the last offsets may be markers, which no consumer returns
                if tp not in ends or await self._consumer.position(tp) >= ends[tp]:
                    self._consumer.pause(tp)
                    ends.pop(tp, None)

    async def following(self, starts: dict[TopicPartition, int]) -> AsyncGenerator[ConsumerRecord, None]:
        """Yield records from these offsets on, and then what comes; it never ends."""
        self._seek(starts)
        while True:
            for records in (await self._consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record

    async def latest(self, topics: Iterable[str], partition: int) -> Latest:
        """Return the times of the last records in a partition of these topics."""
        times = Latest()
        await times.read(self._consumer, topics, partition)
        return times

    def _seek(self, starts: dict[TopicPartition, int]) -> None:
        self._consumer.assign(list(starts))  # all at once: each assignment waits for the broker's metadata
        for tp, start in starts.items():
            self._consumer.seek(tp, start)
