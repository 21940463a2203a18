"""The reader of one of the partitions that a ``LogReader`` reads side by side."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord


class PartitionReader:
    """The committed records of one partition, in order, up to a fixed end."""

    def __init__(self, at: TopicPartition, end: int, fetch: Callable[[TopicPartition], Awaitable[bool]]) -> None:
        self.at = at
        self.end = end
        self._fetch = fetch
        self._held: deque[ConsumerRecord] = deque()

    def __aiter__(self) -> AsyncIterator[ConsumerRecord]:
        return self

    async def __anext__(self) -> ConsumerRecord:
        if await self.peek() is None:
            raise StopAsyncIteration
        return self._held.popleft()

    async def peek(self) -> ConsumerRecord | None:
        """Return the next record without taking it, None at the end."""
        while not self._held and await self._fetch(self.at):
            pass
        return self._held[0] if self._held else None

    async def through(self, last: int) -> list[ConsumerRecord]:
        """Take the records up to the offset ``last``."""
        taken = []
        while (raw := await self.peek()) and raw.offset <= last:
            taken.append(self._held.popleft())
        return taken

    def hold(self, records: Iterable[ConsumerRecord]) -> int:
        """Buffer fetched records; return the number of buffered ones."""
        self._held.extend(records)
        return len(self._held)
