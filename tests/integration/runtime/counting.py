"""A stage that counts, and what its tests need to feed it and to read what it wrote."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from copy import copy
from functools import cached_property
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from faust.streams import Stream

from schemas import ids
from schemas import records as r
from schemas.codec import Codec
from schemas.kafka import admin
from schemas.kafka.log_reader import committed
from schemas.topics import Topic
from streams.runtime import App, Block, Stage, Topology
from streams.runtime.settings import Settings

PARTITIONS = 2
Agent = Callable[[Stream[Block]], Awaitable[None]]
"""Folds the blocks of one input."""


class Counting:
    """A stage that numbers each user's commands: for every command an outcome whose version is the count so far.

    Lost, doubled or reordered records show in the numbers. A command for the task "poison" can't be folded.
    """

    def __init__(self, settings: Settings, name: str | None = None, *, retried: bool = False) -> None:
        unique = name or uuid4().hex[:8]
        self.commands = Topic(f"commands-{unique}", "test", (r.CompleteTask,))
        self.followups = Topic(f"followups-{unique}", "test", (r.CompleteTask,))
        self.counts = Topic(f"counts-{unique}", "counting", (r.CommandOutcome,))
        self.retries = Topic(f"retries-{unique}", "test", (r.Retry,))
        reads = (self.commands, self.followups, *((self.retries,) if retried else ()))
        self.stage = Stage(f"counting-{unique}", reads=reads, writes=(self.counts,))
        self.settings = settings
        self.heads = self.stage.table("heads", r.AuditHead)
        self.timers = self.stage.timer("timers")
        self.stage.on(self.commands, self.followups)(self.each)
        self.stage.on_timer(self.counts)(self.tick)

    @cached_property
    def topology(self) -> Topology:
        """The topology of the stage alone, as it is declared by then."""
        return Topology.of(self.stage)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics of the stage, which may be declared further."""
        return Topology.of(copy(self.stage)).topics

    @cached_property
    def app(self) -> App:
        """What runs the stage, as it is declared by then."""
        return App(self.topology, self.settings)

    def each(self, block: Block, command: r.CompleteTask) -> None:
        """Count as the stage does now: a test may put another ``count`` in its place, also while it runs."""
        self.count(block, command)

    def count(self, block: Block, command: r.CompleteTask) -> None:
        if command.task == "poison":
            raise ZeroDivisionError("poison")
        before = self.heads.get(command.user)
        number = before.sequence + 1 if before else 1
        self.heads[command.user] = r.AuditHead(number, command.id)
        if command.task.isdigit():  # a timer that many milliseconds after the command
            self.timers.set(r.Timer(command.id, command.user, command.task, command.at + int(command.task)))
        block.emit(self.counts, outcome(command.user, command.at, command.id, number, command.task))

    def tick(self, block: Block, timer: r.Timer) -> None:
        if timer.subject == "13":
            raise ZeroDivisionError("an unlucky timer")
        block.emit(self.counts, outcome(timer.user, timer.due, timer.id, 0, "timer"))


class HandWritten(Counting):
    """A stage whose Faust agents are the test's own; ``agent`` is what each would be."""

    @cached_property
    def app(self) -> App:
        counting = self

        class _App(App):
            async def fold(self, blocks: Stream[Block]) -> None:
                await counting.fold(super().fold, blocks)

        return _App(self.topology, self.settings)

    async def fold(self, agent: Agent, blocks: Stream[Block]) -> None:
        await agent(blocks)


def outcome(user: str, at: int, command: str, number: int, task: str) -> r.CommandOutcome:
    return r.CommandOutcome(user, at, command, r.OutcomeKind.ACCEPTED, task, version=number)


def command(user: str, number: int, task: str = "t", at: int = 1_000) -> r.CompleteTask:
    return r.CompleteTask(id=ids.derive("c", user, number), user=user, at=at, actor="test", task=task)


class Log:
    """Writes to topics and reads them, as another program would."""

    def __init__(self, kafka: str, codec: Codec, producer: AIOKafkaProducer) -> None:
        self.kafka, self.codec, self.producer = kafka, codec, producer

    async def put(self, topic: Topic, records: Iterable[Any], partition: int = 0) -> None:
        """Produce records, or bytes as they are, and wait until the broker has them."""
        await self.codec.publish([topic])
        deliveries = []
        for record in records:
            raw = record if isinstance(record, bytes) else self.codec.encode(topic.name, record)
            key = None if isinstance(record, bytes) else record.user.encode()
            deliveries.append(await self.producer.send(topic.name, raw, key, partition=partition))
        await asyncio.gather(*deliveries)

    async def read(self, topic: Topic) -> list[Any]:
        """Return everything committed on a topic, decoded, one partition after the other."""
        found = [raw async for raw in committed(self.kafka, topic.name)]
        await self.codec.learn(raw.value for raw in found)
        return [self.codec.decode(raw.value) for raw in found]

    async def wait_for(self, topic: Topic, count: int, seconds: float = 30) -> list[Any]:
        """Read a topic until it holds ``count`` records; more are a failure of the stage."""
        return await until(lambda: self.read(topic), lambda found: len(found) >= count, seconds)


async def until(look: Callable[[], Awaitable[Any]], good: Callable[[Any], bool], seconds: float = 30) -> Any:
    deadline = asyncio.get_running_loop().time() + seconds
    while not good(found := await look()):
        assert asyncio.get_running_loop().time() < deadline, f"After {seconds} s there was only {found!r:.2000}"
        await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    """Run a stage's Faust app until the body ends; the body begins once every partition is open."""
    await app.start()
    try:
        await until(_ready(app), bool)
        yield
    finally:
        await app.stop()


def numbers(counts: list[r.CommandOutcome]) -> dict[str, list[int]]:
    """Return each user's numbers in the order of the log."""
    found: dict[str, list[int]] = {}
    for count in counts:
        found.setdefault(count.user, []).append(count.version)
    return found


def _ready(app: App) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return app.ready()

    return look


async def crash_of(app: App) -> str:
    """Return what a stage's worker stopped by, for people to read."""
    return repr(app.crash_reason)


async def prepared(counting: Counting) -> Counting:
    """Create a stage's topics before anything is written to them."""
    settings = counting.settings
    await admin.create(settings.kafka, settings.partitions, counting.topics)
    return counting
