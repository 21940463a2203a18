"""Verifies the views: the log folded again into temporary tables, by the same statements, and compared row by row."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiokafka import TopicPartition

from postgres.queries import load
from postgres.scratch import Different, Scratch, scratch
from schemas.kafka.log_reader import ends, partition_readers
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import ABSENT, Difference, Differs, compare_values, fields
from streams.replay.fold import Folding, ReplayedBlock
from streams.replay.ranges import LogPosition, Until
from streams.replay.recorded_blocks import cut_into_blocks
from streams.replay.target import Verified
from streams.runtime import Context, Topology
from streams.runtime.postgres_store import UNFIT

Positions = Mapping[TopicPartition, int]


async def verify(context: Context, topology: Topology) -> Verified:
    """Fold all topics up to the positions in Postgres, and compare, up to the first difference."""
    result = Verified(topology.name)
    async with scratch(context.settings.postgres) as tables:
        try:
            positions = await _positions(context, topology, tables)
            dead_letters = await current_dead_letters(context, topology, positions)
            async for block in blocks(context, topology, dead_letters, positions):
                await write(tables, block)
                result.records += len(block.raws)
            result.kept = await tables.count()
            if different := await tables.difference():
                raise await _differs(context, topology, dead_letters, positions, different)
        except Differs as differs:
            result.difference = differs.difference
    return result


async def current_dead_letters(context: Context, topology: Topology, until: Positions) -> DeadLetters:
    """Return the dead letters that views have not put back by these positions."""
    dead_letters = await DeadLetters.read(context.settings.kafka, context.codec, topology)
    sent = [(at, end) for at, end in until.items() if topology.retries and at.topic == topology.retries.name]
    await dead_letters.drop_put_back(context.settings.kafka, context.codec, topology, sent)
    return dead_letters


async def blocks(
    context: Context,
    topology: Topology,
    dead_letters: DeadLetters,
    log_ends: Positions,
    until: LogPosition | None = None,
) -> AsyncIterator[ReplayedBlock]:
    """Fold each partition of each topic up to its end, or to an earlier position. No two share a row."""
    async with partition_readers(context.settings.kafka, log_ends) as readers:
        for at, reader in readers.items():
            recorded = Until(until).blocks(cut_into_blocks(reader))
            async for block in Folding(context, topology, at.partition, dead_letters, None, recorded).blocks():
                yield block


async def write(tables: Scratch, block: ReplayedBlock) -> None:
    """Write a block's rows. Raises ``Differs`` if Postgres can't store them, though no record was dead-lettered."""
    try:
        await tables.write(block.rows)
    except UNFIT as error:
        begin, end = block.raws[0], block.raws[-1].offset
        place = f"{begin.topic}/{begin.partition}/{begin.offset} to {end}"
        reason = f"Postgres can't hold what they lead to ({error}), and they are not among the dead letters."
        raise Differs(Difference(block.topology.name, block.partition, place, reason)) from error


async def _positions(context: Context, topology: Topology, tables: Scratch) -> Positions:
    """Return the positions of views. Raises ``Differs`` if one is beyond the log."""
    held = await tables.positions([topic.name for topic in topology.reads])
    positions = {TopicPartition(*at): position for at, position in held.items()}
    log = await ends(context.settings.kafka, positions)
    for at, position in positions.items():
        if position > log[at]:
            place, reason = f"position of {at.topic}/{at.partition}", "it is beyond the log's end."
            values = {"current": str(position), "replayed": str(log[at])}
            raise Differs(Difference(topology.name, at.partition, place, reason, **values))
    return positions


async def _differs(
    context: Context, topology: Topology, dead_letters: DeadLetters, log_ends: Positions, different: Different
) -> Differs:
    key = ", ".join(f"{name} {value}" for name, value in different.key.items())
    values = compare_values(different.current or ABSENT, different.replayed or ABSENT)
    assert values
    source = await _source(context, topology, dead_letters, log_ends, different)
    place, reason = f"row of rondo.{different.table}, {key}", "the row is not what the log leads to."
    return Differs(Difference(topology.name, None, place, reason, source=source, **fields(values)))


async def _source(
    context: Context, topology: Topology, dead_letters: DeadLetters, log_ends: Positions, different: Different
) -> str | None:
    """Return the last record that wrote or deleted a row, as far as the columns of its key identify it."""
    queries, last = {f"put_{different.table}", f"purge_{different.table}"}, None
    async for block in blocks(context, topology, dead_letters, log_ends):
        for source, (query, row) in zip(block.sources, block.rows, strict=True):
            if query in queries and _is_of(query, row, different.key):
                last = source
    return last


def _is_of(query: str, row: tuple[Any, ...], key: Mapping[str, Any]) -> bool:
    written = dict(zip(getattr(load(), query).parameters, row, strict=True))
    return all(str(written[name]) == str(value) for name, value in key.items() if name in written)
