"""Reads pieces of topics as they are committed, for tools that look: in no group, writing nothing, creating nothing."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams.runtime.stopping import stop
from streams.topics import admin


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

    async def bounds(self, partitions: list[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """Return where partitions begin and end, up to the first transaction that is open."""
        begins = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        return {tp: (begins[tp], ends[tp]) for tp in partitions}

    async def between(self, tp: TopicPartition, start: int, end: int) -> AsyncGenerator[ConsumerRecord, None]:
        """Yield a partition's records with start <= offset < end."""
        self._consumer.assign([tp])
        self._consumer.seek(tp, start)
        while await self._consumer.position(tp) < end:  # the last offsets may be markers, which no consumer returns
            for record in (await self._consumer.getmany(tp, timeout_ms=100)).get(tp, []):
                if record.offset >= end:
                    return
                yield record

    async def following(self, starts: dict[TopicPartition, int]) -> AsyncGenerator[ConsumerRecord, None]:
        """Yield records from these offsets on, and then what comes; it never ends."""
        self._consumer.assign(list(starts))
        for tp, start in starts.items():
            self._consumer.seek(tp, start)
        while True:
            for records in (await self._consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record
