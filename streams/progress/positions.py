"""Checks the positions of all topologies against the log, and resets those that are ahead of it to its end."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import stamina
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced

from common import clock
from postgres import connections, writer
from schemas import records as r
from schemas.codec import Codec
from schemas.kafka import clients
from schemas.kafka.admin import partitions
from schemas.kafka.log_reader import LogReader
from schemas.kafka.stopping import started
from schemas.registry.client import Registry
from streams.progress.lag import Positions, positions_of
from streams.runtime import Topology, ahead, ownership
from streams.runtime.kafka_store import position, transactional_id
from streams.runtime.ownership import POSITION
from streams.transactions import settlement


@dataclass(frozen=True, slots=True)
class Reset:
    """A position that was reset: the records from ``end`` to before ``position`` were read, and are lost."""

    topology: str
    topic: str
    partition: int
    position: int
    end: int


@dataclass(frozen=True, slots=True)
class _Log:
    """The stores of positions, and the log that they are compared with."""

    kafka: str
    postgres: str
    codec: Codec
    reader: LogReader

    async def compared(self, *topologies: Topology) -> tuple[Positions, dict[TopicPartition, int]]:
        """Return the positions of these topologies, and the end of each input."""
        positions = await positions_of(self.reader, self.codec, self.postgres, [*topologies])
        return positions, await self.reader.ends({tp for _, tp in positions})

    async def ahead(self, topology: Topology) -> list[Reset]:
        """Return the resets of a topology's positions that are beyond the ends."""
        positions, ends = await self.compared(topology)
        return _resets(topology, {tp: at for (_, tp), at in positions.items()}, ends)


def _resets(
    topology: Topology, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> list[Reset]:
    return [
        Reset(topology.name, tp.topic, tp.partition, at, ends[tp])
        for tp, at in sorted(positions.items())
        if at > ends[tp]
    ]


@asynccontextmanager
async def _opened(kafka: str, registry: str, postgres: str) -> AsyncIterator[_Log]:
    client = Registry(registry)
    try:
        async with LogReader.of(kafka) as reader:
            yield _Log(kafka, postgres, Codec(client), reader)
    finally:
        await client.aclose()


async def check(kafka: str, registry: str, postgres: str, topologies: Iterable[Topology]) -> None:
    """Raise ``Ahead`` if a topology's positions are beyond the log, ``OtherGrouping`` if others wrote its topics.

    Also KafkaError, RegistryUnavailable, NoViews.
    """
    topologies = list(topologies)
    async with _opened(kafka, registry, postgres) as log:
        positions, ends = await log.compared(*topologies)
        for topology in topologies:
            ahead.check(topology.name, {tp: at for (name, tp), at in positions.items() if name == topology.name}, ends)
            if topology.keeps_state:
                await _check_grouping(log, topology)


async def _check_grouping(log: _Log, topology: Topology) -> None:
    """Raise ``OtherGrouping`` if a state is that of others, or the topology may not begin where it has none."""
    held = await _check_standing(log, topology)
    existing = await log.reader.partitions(*(topic.name for topic in (*topology.reads, *topology.writes)))
    if begins := {tp.partition for tp in existing} - held:
        await ownership.check_free(log.kafka, log.codec, topology, begins)


async def _check_standing(log: _Log, topology: Topology) -> set[int]:
    """Return the partitions that have a state. Raises ``OtherGrouping`` for that of others."""
    found = await ownership.newest(log.reader, await log.reader.partitions(topology.changelog_name))
    await log.codec.learn(found.values())
    held = {tp.partition: cast("r.Position", log.codec.decode(raw)) for tp, raw in found.items()}
    for one in held.values():
        ownership.check_standing(topology, one)
    return {number for number, one in held.items() if not ownership.is_claim(one)}


async def reset(kafka: str, registry: str, postgres: str, topologies: Iterable[Topology]) -> list[Reset]:
    """Reset positions that are ahead of the log to its end, and return them; state, rows and other positions stay.

    A worker of such a partition is fenced. One that opens it at the same time fences this in turn: retry for half a
    minute. Raises as ``check``, and ProducerFenced.
    """
    found = []
    async with _opened(kafka, registry, postgres) as log:
        for topology in topologies:
            numbers = {one.partition for one in await log.ahead(topology)}
            if numbers and topology.keeps_state:
                await _check_standing(log, topology)
            move = _reset_state if topology.keeps_state else _reset_views
            for number in sorted(numbers):
                async for attempt in stamina.retry_context(on=ProducerFenced, attempts=None, timeout=30.0):
                    with attempt:
                        found += await move(log, topology, number)
    return found


async def _reset_state(log: _Log, topology: Topology, number: int) -> list[Reset]:
    """Append the positions to the changelog, as the partition's owner would; every disk is then updated from it."""
    changelog = TopicPartition(topology.changelog_name, number)
    await settlement.settle(log.kafka, await _existing(log.kafka, topology, number))
    async with _fenced(log.kafka, topology, number) as producer:
        positions, ends = await log.compared(topology)
        mine = {tp: at for (_, tp), at in positions.items() if tp.partition == number}
        await log.codec.publish([topology.changelog])
        moved = position(topology, {tp.topic: min(at, ends[tp]) for tp, at in mine.items()})
        value = log.codec.encode(changelog.topic, moved)
        latest = await log.reader.latest([changelog.topic], number)
        at = latest.stamp(changelog.topic, clock.now())
        async with producer.transaction():
            await producer.send_and_wait(changelog.topic, value, POSITION, number, timestamp_ms=at)
    return _resets(topology, mine, ends)


async def _existing(kafka: str, topology: Topology, number: int) -> set[TopicPartition]:
    names = {topic.name for topic in topology.topics}
    return {tp for tp in await partitions(kafka, names) if tp.partition == number}


@asynccontextmanager
async def _fenced(kafka: str, topology: Topology, number: int) -> AsyncIterator[AIOKafkaProducer]:
    """Initialise the ids of a partition's owner, and yield the producer that commits first."""
    async with AsyncExitStack() as producers:
        first, _ = [
            await producers.enter_async_context(
                started(clients.producer(kafka, transactional_id=transactional_id(topology.name, number, id_)))
            )
            for id_ in (0, 1)
        ]
        yield first


async def _reset_views(log: _Log, topology: Topology, number: int) -> list[Reset]:
    resets = [one for one in await log.ahead(topology) if one.partition == number]
    connection = await connections.connect(log.postgres, timeout=10)
    try:
        for one in resets:
            async with writer.moving(connection, one.partition, {one.topic: (one.position, one.end)}):
                pass  # no rows: those of lost records stay
    finally:
        await connection.close()
    return resets
