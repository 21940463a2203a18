"""The times of commands on the log, whatever becomes of the clock that they are said by."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count, dropwhile, pairwise
from uuid import uuid4

from aiokafka import ConsumerRecord

from api.commands.command_log import CommandLog
from schemas import ids
from schemas.codec import Codec
from schemas.kafka.log_reader import committed
from schemas.names import partition_of
from schemas.records import Action, ChangeTasks, CompleteTask, TaskAt, TaskChange, TaskFields
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS
from tests.integration.ingress.standin import PARTITIONS

DAY = 24 * 60 * 60 * 1000


class Said:
    """Commands of one user, in the order in which they are said, and the time of each."""

    def __init__(self) -> None:
        self.user = str(uuid4())
        self.times: dict[str, int] = {}
        self._numbers = count()

    def one(self, at: int) -> CompleteTask:
        id_ = ids.derive("c", self.user, next(self._numbers))
        self.times[id_] = at
        return CompleteTask(id=id_, user=self.user, at=at, actor="test", task="t")

    def bulk(self, at: int, chunks: int) -> list[ChangeTasks]:
        bulk = ids.derive("b", self.user, next(self._numbers))
        change, items = TaskChange(Action.DELETE, (), TaskFields()), tuple(TaskAt(str(uuid4())) for _ in range(500))
        made = [ids.chunk(bulk, number) for number in range(chunks)]
        self.times |= dict.fromkeys(made, at)
        common = {"user": self.user, "at": at, "actor": "test", "bulk": bulk, "chunks": chunks, "tasks": 500 * chunks}
        return [
            ChangeTasks(id=id_, **common, chunk=number, items=items, change=change, resolution="r")
            for number, id_ in enumerate(made)
        ]


@asynccontextmanager
async def appending(kafka: str, registry: str) -> AsyncIterator[CommandLog]:
    """An API's log of commands, connected."""
    client = Registry(registry)
    log = CommandLog(kafka, client, timeout=20, pause=0.1)
    running = asyncio.create_task(log.run())
    try:
        async with asyncio.timeout(20):
            while log.trouble:  # noqa: ASYNC110 - there is no event for being connected
                await asyncio.sleep(0.02)
        yield log
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await client.aclose()


async def test_times_of_commands_never_go_back_though_the_clock_does(log: str, registry: str):
    said, now = Said(), time.time_ns() // 1_000_000
    for wrong in (DAY, -DAY, 0, -2 * DAY):  # each time another process, which knows nothing of the one before
        async with appending(log, registry) as commands:
            await commands.append([said.one(now + wrong)])
            await commands.append([said.one(now + wrong - 3_600_000)])
            await asyncio.gather(
                commands.append(said.bulk(now + wrong, 30)),
                *(commands.append([said.one(now + wrong - number)]) for number in range(300)),
            )
    records = [raw async for raw in committed(log, TASK_COMMANDS.name)]
    where = partition_of(said.user, PARTITIONS)
    since = dropwhile(lambda raw: raw.key != said.user.encode(), (raw for raw in records if raw.partition == where))
    assert list(gone_back(since)) == []
    assert await times(registry, [raw for raw in records if raw.key == said.user.encode()]) == said.times


async def times(registry: str, records: list[ConsumerRecord]) -> dict[str, int]:
    """Return the commands' own times by their ids."""
    codec = Codec(client := Registry(registry))
    await codec.learn(raw.value for raw in records)
    await client.aclose()
    return {command.id: command.at for command in (codec.decode(raw.value) for raw in records)}


def gone_back(records: Iterator[ConsumerRecord]) -> Iterator[tuple[int, int]]:
    """Yield the offsets and times of records that are earlier than the one before."""
    yield from ((b.offset, b.timestamp - a.timestamp) for a, b in pairwise(records) if b.timestamp < a.timestamp)
