"""Reads committed records of topics: without a group, and without writing or creating anything.

A ``LogReader`` is one consumer. It does one read at a time: of records as they are fetched, from any partition, or of
partitions side by side, each at its own pace, through a ``PartitionReader`` each.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Container, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Literal, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas.kafka import clients
from schemas.kafka.admin import partition_count, partition_counts
from schemas.kafka.latest import Latest
from schemas.kafka.partition_reader import PartitionReader
from schemas.kafka.stopping import stop

Ends = dict[TopicPartition, int]
"""Offsets by partition: reading ends before them."""
Bounds = dict[TopicPartition, tuple[int, int]]
"""First offsets, and offsets before which reading ends, by partition."""
Fetched = tuple[TopicPartition, list[ConsumerRecord]]
Isolation = Literal["read_committed", "read_uncommitted"]

_SOME_BYTES, _WHOLE_BYTES = 256 * 1024, 1024 * 1024  # of a partition per fetch: when reading a few records; a whole one
_MOST_HELD = 5000  # buffered records of a partition above which it is not fetched
_WINDOW, _WIDER = 10, 100  # offsets at the end of a partition, as the last may be markers; factor of the next window


class LogReader:
    """A consumer of a broker's topics, without a group. Each read replaces the one before."""

    def __init__(self, kafka: str, consumer: AIOKafkaConsumer) -> None:
        self._kafka = kafka
        self._consumer = consumer
        self._topics: dict[str, int] | None = None

    @classmethod
    async def connect(cls, kafka: str, isolation: Isolation = "read_committed", fetch_bytes: int = _SOME_BYTES) -> Self:
        """Connect to a broker; ``fetch_bytes`` bounds one fetch of a partition. Raises KafkaConnectionError."""
        consumer = clients.consumer(
            kafka,
            isolation_level=isolation,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=fetch_bytes,
            fetch_max_wait_ms=100,  # other requests wait behind a fetch
        )
        try:
            await consumer.start()
        except BaseException:
            await stop(consumer)
            raise
        return cls(kafka, consumer)

    async def close(self) -> None:
        """Disconnect, in bounded time. Raises nothing."""
        await stop(self._consumer)

    @classmethod
    @asynccontextmanager
    async def of(
        cls, kafka: str, isolation: Isolation = "read_committed", fetch_bytes: int = _SOME_BYTES
    ) -> AsyncIterator[Self]:
        """Connect to a broker for the duration of the context. Raises KafkaConnectionError."""
        reader = await cls.connect(kafka, isolation, fetch_bytes)
        try:
            yield reader
        finally:
            await reader.close()

    async def topics(self) -> Mapping[str, int]:
        """Return the number of partitions of each topic that existed at the first call."""
        if self._topics is None:
            self._topics = await partition_counts(self._kafka)
        return self._topics

    async def partitions(self, *topics: str) -> list[TopicPartition]:
        """Return the partitions of those topics that exist."""
        counts = await self.topics()
        return [TopicPartition(topic, number) for topic in topics for number in range(counts.get(topic, 0))]

    async def ends(self, partitions: Iterable[TopicPartition]) -> Ends:
        """Return the ends of partitions; if reading committed records, these are at the first open transaction."""
        return dict(await self._consumer.end_offsets(self._known(partitions)))

    async def bounds(self, partitions: Iterable[TopicPartition]) -> Bounds:
        """Return the first offsets and the ends of partitions."""
        wanted = self._known(partitions)
        begins, ends = await self._consumer.beginning_offsets(wanted), await self.ends(wanted)
        return {tp: (begins[tp], ends[tp]) for tp in wanted}

    def _known(self, partitions: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Ask for the metadata of all topics at once: aiokafka waits 0.1 s for each that it does not know."""
        wanted = list(partitions)
        for topic in {tp.topic for tp in wanted}:
            self._consumer._client.add_topic(topic)
        return wanted

    def fetches(self, bounds: Bounds, left: Ends | None = None) -> AsyncGenerator[Fetched, None]:
        """Yield the records of partitions with start <= offset < end by fetch, an empty list at an end.

        ``left`` is filled with the ends of the partitions still being read: remove one to stop reading it.
        """
        left = {} if left is None else left
        left |= {tp: end for tp, (start, end) in bounds.items() if start < end}
        if left:
            self._seek({tp: bounds[tp][0] for tp in left})
        return self._fetches(left)

    async def _fetches(self, left: Ends) -> AsyncGenerator[Fetched, None]:
        read = [*left]
        while left:
            for tp, records in (await self._consumer.getmany(timeout_ms=100)).items():
                if tp in left:
                    yield tp, _before(left[tp], records)
            for tp in read:  # the last offsets may be markers, which no consumer returns
                if tp not in left or await self._consumer.position(tp) >= left[tp]:
                    self._consumer.pause(tp)
                    if left.pop(tp, None) is not None:
                        yield tp, []

    async def between(self, bounds: Bounds) -> AsyncGenerator[ConsumerRecord, None]:
        """Yield the records of partitions with start <= offset < end, in order within each partition."""
        async for _, records in self.fetches(bounds):
            for record in records:
                yield record

    async def first(self, bounds: Bounds) -> dict[TopicPartition, ConsumerRecord]:
        """Return the first record of each partition with start <= offset < end, if there is one."""
        found: dict[TopicPartition, ConsumerRecord] = {}
        left: Ends = {}
        async for tp, records in self.fetches(bounds, left):
            if records:
                found[tp] = records[0]
                del left[tp]
        return found

    async def last(self, bounds: Bounds, found: Container[TopicPartition]) -> AsyncGenerator[ConsumerRecord, None]:
        """Yield the last records of partitions, in growing windows at their ends, until each is in ``found``.

        The caller adds partitions to ``found``; a larger window repeats the records of the smaller one.
        """
        left, window = {tp: (begin, end) for tp, (begin, end) in bounds.items() if begin < end}, _WINDOW
        while left:
            windows = {tp: (max(begin, end - window), end) for tp, (begin, end) in left.items()}
            async for record in self.between(windows):
                yield record
            left = {tp: of for tp, of in left.items() if tp not in found and windows[tp][0] > of[0]}
            window *= _WIDER

    async def latest(self, topics: Iterable[str], partition: int) -> Latest:
        """Return the times of the last records in a partition of these topics."""
        times: dict[TopicPartition, int] = {}
        async for raw in self.last(await self.bounds(TopicPartition(topic, partition) for topic in topics), times):
            tp = TopicPartition(raw.topic, raw.partition)
            times[tp] = max(times.get(tp, 0), raw.timestamp)
        return Latest({tp.topic: at for tp, at in times.items()})

    async def following(self, starts: Mapping[TopicPartition, int]) -> AsyncGenerator[ConsumerRecord, None]:
        """Yield records from these offsets on, and new ones as they come; never ends."""
        self._seek(starts)
        while True:
            for records in (await self._consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record

    @asynccontextmanager
    async def side_by_side(self, bounds: Bounds) -> AsyncIterator[dict[TopicPartition, PartitionReader]]:
        """Read partitions through a reader each. Records fetched for another reader are buffered, up to a limit."""
        left: Ends = {}
        readers: dict[TopicPartition, PartitionReader] = {}
        async with aclosing(self.fetches(bounds, left)) as fetches:

            async def fetch(at: TopicPartition) -> bool:
                if at not in left:
                    return False
                self._consumer.resume(at)
                tp, records = await anext(fetches)
                if readers[tp].hold(records) >= _MOST_HELD:
                    self._consumer.pause(tp)
                return True

            readers |= {at: PartitionReader(at, end, fetch) for at, (_, end) in bounds.items()}
            yield readers

    def _seek(self, starts: Mapping[TopicPartition, int]) -> None:
        self._consumer.assign(list(starts))  # all at once: each assignment waits for the broker's metadata
        for tp, start in starts.items():
            self._consumer.seek(tp, start)


def _before(end: int, records: list[ConsumerRecord]) -> list[ConsumerRecord]:
    return records if records[-1].offset < end else [record for record in records if record.offset < end]


@asynccontextmanager
async def partition_readers(
    kafka: str, ends: Mapping[TopicPartition, int], begins: Mapping[TopicPartition, int] | None = None
) -> AsyncIterator[dict[TopicPartition, PartitionReader]]:
    """Connect, and read partitions side by side, each from its beginning or its offset in ``begins``."""
    bounds = {at: ((begins or {}).get(at, 0), end) for at, end in ends.items()}
    async with LogReader.of(kafka, fetch_bytes=_WHOLE_BYTES) as reader, reader.side_by_side(bounds) as readers:
        yield readers


async def committed(kafka: str, topic: str) -> AsyncIterator[ConsumerRecord]:
    """Yield every committed record of a topic at the time of the first call, partition by partition, in order.

    Raises ``NoTopic``.
    """
    count = await partition_count(kafka, topic)
    async with LogReader.of(kafka, fetch_bytes=_WHOLE_BYTES) as reader:
        bounds = await reader.bounds(TopicPartition(topic, number) for number in range(count))
        async with reader.side_by_side(bounds) as readers:
            for each in readers.values():
                async for record in each:
                    yield record


async def ends(kafka: str, partitions: Iterable[TopicPartition]) -> Ends:
    """Return the current ends of committed records: the last stable offsets."""
    async with LogReader.of(kafka) as reader:
        return await reader.ends(partitions)
