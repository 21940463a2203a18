"""Reads topics as they are committed: for checks, replay and tests, apart from any consumer group."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams.kafka.stopping import stop
from streams.kafka.topics import admin
from streams.transactions.hidden import Hidden

Ends = dict[TopicPartition, int]
"""Offsets by partition: reading ends before them."""

_ENDS_WITHIN = 60.0  # seconds for an open transaction: the broker aborts a dead worker's after 10 by default
_HELD = 5000


class StillOpen(RuntimeError):
    """A transaction stays open, so that what stands behind it can't be read."""


class NoTopic(LookupError):
    """A topic does not exist."""


class Tape:
    """One partition, read forward from its beginning to a fixed end."""

    def __init__(
        self, consumer: AIOKafkaConsumer, tapes: dict[TopicPartition, "Tape"], at: TopicPartition, end: int
    ) -> None:
        self.at = at
        self.end = end
        self.held: deque[ConsumerRecord] = deque()
        self._consumer = consumer
        self._tapes = tapes

    def __aiter__(self) -> AsyncIterator[ConsumerRecord]:
        return self

    async def __anext__(self) -> ConsumerRecord:
        if await self.peek() is None:
            raise StopAsyncIteration
        return self.held.popleft()

    async def peek(self) -> ConsumerRecord | None:
        """Return the next record without taking it, None at the end."""
        while not self.held and await self._consumer.position(self.at) < self.end:  # the last may be a commit's marker
            await self._fetch()
        return self.held[0] if self.held else None

    async def through(self, last: int) -> list[ConsumerRecord]:
        """Take the records up to the offset ``last``."""
        taken = []
        while (raw := await self.peek()) and raw.offset <= last:
            taken.append(self.held.popleft())
        return taken

    async def _fetch(self) -> None:
        """Fetch for all tapes of this consumer, pausing those that hold enough."""
        self._consumer.resume(*(tape.at for tape in self._tapes.values() if not tape.held))
        for at, records in (await self._consumer.getmany(timeout_ms=200)).items():
            tape = self._tapes[at]
            tape.held.extend(raw for raw in records if raw.offset < tape.end)
            if len(tape.held) >= _HELD:
                self._consumer.pause(at)


@asynccontextmanager
async def tapes(
    kafka: str, ends: Mapping[TopicPartition, int], begins: Mapping[TopicPartition, int] | None = None
) -> AsyncIterator[dict[TopicPartition, Tape]]:
    """Open partitions to be read side by side, each from its beginning unless ``begins`` says where."""
    async with consumer(kafka) as reader:
        reader.assign(list(ends))
        opened: dict[TopicPartition, Tape] = {}
        for at, end in ends.items():
            reader.seek(at, (begins or {}).get(at, 0))
            opened[at] = Tape(reader, opened, at, end)
        yield opened


async def committed(kafka: str, topic: str) -> AsyncIterator[ConsumerRecord]:
    """Yield every committed record that a topic holds at the first call, one partition after the other, in order."""
    partitions = [TopicPartition(topic, number) for number in range(await partition_count(kafka, topic))]
    async with tapes(kafka, await ends(kafka, partitions)) as opened:
        for tape in opened.values():
            async for record in tape:
                yield record


async def ends(kafka: str, partitions: Iterable[TopicPartition]) -> Ends:
    """Return where what is committed ends now: the last stable offset."""
    async with consumer(kafka) as asked:
        return dict(await asked.end_offsets(list(partitions)))


async def settled_ends(kafka: str, partitions: Iterable[TopicPartition]) -> Ends:
    """Return ends that lie behind everything that is written by now, once the transactions that are open have ended."""
    wanted = list(partitions)
    async with consumer(kafka, "read_uncommitted") as asked:
        written = await asked.end_offsets(wanted)
    async with consumer(kafka) as asked:
        deadline = asyncio.get_running_loop().time() + _ENDS_WITHIN
        while True:
            found = dict(await asked.end_offsets(wanted))
            behind = next((at for at in wanted if found[at] < written[at]), None)
            if behind is None:
                return found
            if asyncio.get_running_loop().time() > deadline:
                raise StillOpen(f"A transaction on {behind.topic}/{behind.partition} stays open: try again later.")
            await asyncio.sleep(0.05)


async def overdue(kafka: str, partitions: Collection[TopicPartition], patience: float) -> dict[TopicPartition, int]:
    """Return the first offset that is hidden by a transaction whose time is over, by partition.

    Where a transaction is open just now, it is waited for as long as ``patience`` (seconds); else this takes no time.
    """
    hidden, clock = Hidden(patience), asyncio.get_running_loop().time
    left, first = list(partitions), None
    async with (
        consumer(kafka, "read_uncommitted") as uncommitted,
        consumer(kafka) as committed,
    ):
        while True:
            written = await uncommitted.end_offsets(left)
            hidden.look(written, await committed.end_offsets(left), now := clock())
            first = first or now
            left = hidden.still(first)  # one after the other hides nothing
            if not left or hidden.overdue():
                return hidden.overdue()
            await asyncio.sleep(0.2)


async def partition_count(kafka: str, topic: str) -> int:
    """Return how many partitions a topic has; raises ``NoTopic``."""
    async with admin(kafka) as asked:
        (described,) = await asked.describe_topics([topic])
    if not described["partitions"]:
        raise NoTopic(f"There is no topic {topic} on {kafka}: is it another broker, or was Rondo never started on it?")
    return len(described["partitions"])


@asynccontextmanager
async def consumer(
    kafka: str, isolation: Literal["read_committed", "read_uncommitted"] = "read_committed"
) -> AsyncIterator[AIOKafkaConsumer]:
    """Connect a consumer that is in no group."""
    opened = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level=isolation, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await opened.start()
    await asyncio.sleep(0)  # aiokafka can't stop a consumer whose tasks have not begun
    try:
        yield opened
    finally:
        await stop(opened)
