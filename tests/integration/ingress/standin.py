"""Stands in for the tasks and views stages: decides what is on task-commands and writes the views as they do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from msgspec import Struct

from domain import audit, entities, user
from domain.projections import collect
from postgres import writer
from schemas import ids
from schemas.codec import Codec
from schemas.records import Action, AuditEntry, AuditHead, ChangeTasks, TaskAt, TaskChange, TaskFields
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS
from tests.unit.domain.given import in_memory

PARTITIONS = 4


@dataclass(frozen=True)
class User:
    """A user of the API, and an HTTP client that sends as them."""

    id: str
    http: httpx.AsyncClient


class StandIn:
    """The two stages in one, without Faust: state in memory, every record answered at once, each id once."""

    def __init__(self, codec: Codec, connection: asyncpg.Connection) -> None:
        self._codec, self._connection = codec, connection
        self._store = in_memory()
        self._things: dict[str, entities.Entity] = {}
        self._heads: dict[str, AuditHead] = {}
        self._topic, self._next = f"stand-in-{uuid4()}", 0
        self._writing = asyncio.Lock()  # rows can be seen a moment before their writer knows

    async def answer(self, value: bytes) -> None:
        await self._codec.learn([value])
        command = self._codec.decode(value)
        await self.write(*self._decide(command))

    def _decide(self, command: entities.Command | ChangeTasks) -> Iterator[Struct]:
        if decision := user.User(self._store, command.user).decide(command):
            for event in decision.events:
                yield event
                yield self._entry(event)
            yield decision.outcome

    async def begin(self, common: dict[str, Any], *, chunk: int, chunks: int, task: str, resolution: str) -> None:
        """Answer a chunk that deletes a task."""
        change = TaskChange(Action.DELETE, (), TaskFields())
        about = {"bulk": common["id"], "chunk": chunk, "chunks": chunks, "tasks": chunks, "items": (TaskAt(task),)}
        given = {**common, **about, "id": ids.chunk(common["id"], chunk), "change": change, "resolution": resolution}
        await self.write(*self._decide(ChangeTasks(**given)))

    async def write(self, *records: Struct) -> None:
        """Write records to the views in one block, as the views stage does."""
        async with self._writing:
            assert self._topic in await writer.positions(self._connection, 0, [self._topic])
            at = self._next
            self._next += 1
            async with writer.moving(self._connection, 0, {self._topic: (at, self._next)}):
                await writer.put_views(self._connection, collect(records))

    def _entry(self, event: entities.Event) -> AuditEntry:
        after = entities.after(event)
        entry = audit.entry(self._heads.get(event.user), self._things.get(entities.name(after)), event)
        self._heads[event.user], self._things[entities.name(after)] = audit.head_after(entry), after
        return entry


class Tail:
    """What comes to task-commands from now on."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._consumer, self._partitions = consumer, partitions

    async def skip(self) -> None:
        """Leave out what came so far."""
        for partition, end in (await self.ends()).items():
            self._consumer.seek(partition, end)

    async def ends(self) -> dict[TopicPartition, int]:
        """The end offset of each partition."""
        return dict(await self._consumer.end_offsets(self._partitions))

    async def next(self) -> ConsumerRecord:
        """The next record, whenever it comes."""
        return await self._consumer.getone()


@asynccontextmanager
async def tailing(kafka: str) -> AsyncIterator[Tail]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        auto_offset_reset="latest",
        isolation_level="read_committed",
        fetch_max_wait_ms=50,  # a request for ends waits behind a fetch
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(TASK_COMMANDS.name, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        tail = Tail(consumer, partitions)
        await tail.skip()
        yield tail
    finally:
        await consumer.stop()


@asynccontextmanager
async def standing_in(kafka: str, registry_url: str, dsn: str) -> AsyncIterator[StandIn]:
    """Answer every command that comes from now on."""
    registry = Registry(registry_url)
    connection = await asyncpg.connect(dsn)
    stand_in = StandIn(Codec(registry), connection)

    async def answer_all(tail: Tail) -> None:
        while True:
            await stand_in.answer((await tail.next()).value)

    async with tailing(kafka) as tail:
        answering = asyncio.create_task(answer_all(tail))
        try:
            yield stand_in
        finally:
            answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering
    await connection.close()
    await registry.aclose()
