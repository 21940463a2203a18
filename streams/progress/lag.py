"""Computes the lag of topologies from their own positions: on their changelogs, for views in Postgres.

Group offsets are not used, since none are committed. No worker has to run, and nothing is written.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import cast

import asyncpg
from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from postgres import connections, writer
from schemas import records as r
from schemas.codec import Codec
from schemas.kafka.hidden import OVERDUE, overdue
from schemas.kafka.log_reader import LogReader
from schemas.registry.client import Registry
from schemas.topics import changelog
from streams.runtime import Topology
from streams.runtime.ownership import newest

Positions = dict[tuple[str, TopicPartition], int]
"""The next offset, by topology and input."""


class NoViews(RuntimeError):
    """The positions of views can't be read from Postgres."""


@dataclass(frozen=True, slots=True)
class Lag:
    """A topology's lag in one partition of an input: ``age`` in seconds, the others are offsets.

    ``lag`` counts from the first waiting record; it is negative if the position is beyond the log. ``age`` is that
    record's, by its own time, None if none waits. ``hidden`` is whether records after ``end`` are hidden by an overdue
    transaction; ``outdated`` whether such a one hides later positions than ``position``.
    """

    topology: str
    topic: str
    partition: int
    position: int
    end: int
    lag: int
    age: float | None
    hidden: bool = False
    outdated: bool = False


async def lags(kafka: str, registry: str, postgres: str, topologies: Iterable[Topology], now: int) -> list[Lag]:
    """Return the lag of every input of these topologies at ``now`` (ms since 1970).

    Raises KafkaConnectionError, RegistryUnavailable, ``NoViews``.
    """
    client, topologies = Registry(registry), list(topologies)
    try:
        async with LogReader.of(kafka) as reader:
            positions = await positions_of(reader, Codec(client), postgres, topologies)
            ends = await reader.ends({tp for _, tp in positions})
            changelogs = await reader.partitions(*(one.changelog_name for one in topologies if one.keeps_state))
            firsts = {one.name: await _firsts(reader, one.name, positions, ends) for one in topologies}
    finally:
        await client.aclose()
    found = [_lag(name, tp, at, ends[tp], firsts[name].get(tp), now) for (name, tp), at in positions.items()]
    hidden = await overdue(kafka, {*ends, *changelogs}, OVERDUE) if ends else {}
    return [_marked(lag, hidden) for lag in found]


def _marked(lag: Lag, hidden: Collection[TopicPartition]) -> Lag:
    of_input, of_changelog = lag.topic, changelog(lag.topology, ()).name
    return replace(
        lag,
        hidden=TopicPartition(of_input, lag.partition) in hidden,
        outdated=TopicPartition(of_changelog, lag.partition) in hidden,
    )


async def positions_of(reader: LogReader, codec: Codec, postgres: str, topologies: list[Topology]) -> Positions:
    """Return the topologies' positions in every partition of their inputs, 0 if there is none."""
    inputs = {one.name: await reader.partitions(*(topic.name for topic in one.reads)) for one in topologies}
    found = {(name, tp): 0 for name, partitions in inputs.items() for tp in partitions}
    of_changelog = {one.changelog_name: one.name for one in topologies if one.keeps_state}
    for tp, raw in (await newest(reader, await reader.partitions(*of_changelog))).items():
        await codec.learn([raw])
        for topic, at in cast("r.Position", codec.decode(raw)).offsets.items():
            key = of_changelog[tp.topic], TopicPartition(topic, tp.partition)
            if key in found:  # not the notices, which are no input
                found[key] = at
    if views := [one.name for one in topologies if not one.keeps_state]:
        in_postgres = await _in_postgres(postgres)
        found |= {(name, tp): in_postgres.get(tp, 0) for name, tp in found if name in views}
    return found


async def _in_postgres(postgres: str) -> dict[TopicPartition, int]:
    try:
        connection = await connections.connect(postgres, timeout=10)
        try:
            rows = await writer.all_positions(connection)
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:  # its address has a password: leave it out
        raise NoViews(f"Postgres does not return the positions of views ({type(error).__name__}): {error}") from None
    return {TopicPartition(topic, partition): position for (topic, partition), position in rows.items()}


async def _firsts(
    reader: LogReader, topology: str, positions: Positions, ends: dict[TopicPartition, int]
) -> dict[TopicPartition, ConsumerRecord]:
    """Return the first record that waits for a topology in each partition, if any."""
    return await reader.first({tp: (at, ends[tp]) for (name, tp), at in positions.items() if name == topology})


def _lag(  # noqa: PLR0917
    topology: str, tp: TopicPartition, position: int, end: int, first: ConsumerRecord | None, now: int
) -> Lag:
    if first is None:
        return Lag(topology, tp.topic, tp.partition, position, end, min(0, end - position), None)
    age = max(0, now - first.timestamp) / 1000
    return Lag(topology, tp.topic, tp.partition, position, end, end - first.offset, age)
