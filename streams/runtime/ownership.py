"""Which topology has a stage: the one whose changelog says so, by the positions in each partition.

A topology claims a partition when it opens it for the first time, before there is output by which others know of it:

1. it looks whether another has one of its stages, in any partition;
2. it commits positions without offsets: its claim;
3. it looks again, and commits positions at the beginning of its inputs, or withdraws its claim.

Of two that claim at the same time at least one sees the other, since each has written before it looks again, and waits
for transactions that it finds open. If both do, both withdraw, and try again later. Positions with offsets were
committed by one that saw no other, so a partition that has them is opened without a look.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import cast

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas import records as r
from schemas.codec import Serde, Undecodable
from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import LogReader
from schemas.topics import BLOCKS, CHANGELOG, changelog
from streams.runtime.topology import Topology, stages_of

POSITION = b"positions\x00"
"""The key of the positions, in the state and on the changelog."""
EARLIER = b"position\x00"
"""Their key before stages were grouped."""

WITHDRAWN = r.Position({})
"""The positions of a topology that claims a partition no longer."""

_REGROUP = "stop all workers and run `rondo regroup`: see docs/operating.md, Regrouping"


class OtherGrouping(RuntimeError):
    """The topology has no state of its own to go on with: its stages are, or were, grouped otherwise."""


def claim(topology: Topology) -> r.Position:
    """Return the positions by which a topology claims a partition."""
    return r.Position({}, stages_of(topology))


def is_claim(held: r.Position) -> bool:
    """Return whether positions are only a claim, maybe one that was withdrawn."""
    return held.standing is r.Standing.OPEN and not held.offsets


def earlier(name: str) -> OtherGrouping:
    """Return the error for a state of a version that did not group stages."""
    return OtherGrouping(
        f"The state of {name} was written by an earlier version of Rondo: its stages were grouped otherwise. Run that "
        "version, or begin with an empty log."
    )


def check_standing(topology: Topology, held: r.Position) -> None:
    """Raise ``OtherGrouping`` if a topology's workers may not go on with a state that has these positions."""
    name, stages = topology.name, stages_of(topology)
    if held.standing is r.Standing.LEFT:
        raise OtherGrouping(
            f"The stages of the topology {name} were regrouped: set RONDO_TOPOLOGIES to {held.grouping!r}, or, for "
            f"another grouping, {_REGROUP}."
        )
    if held.standing is not r.Standing.OPEN:
        raise OtherGrouping(_unended(name, held.grouping))
    if held.stages and held.stages != stages:
        raise OtherGrouping(
            f"The state of the topology {name} is that of {', '.join(held.stages)}: its stages were grouped otherwise. "
            f"Set RONDO_TOPOLOGIES as before, or {_REGROUP}."
        )


def _unended(name: str, grouping: str) -> str:
    return f"The regrouping into {grouping!r}, which concerns the topology {name}, has not ended: {_REGROUP}."


async def check_free(kafka: str, codec: Serde, topology: Topology, numbers: Collection[int]) -> None:
    """Raise ``OtherGrouping`` if a topology may not begin in these partitions, where it has no positions.

    Others may have written its stages' state or output there, or have a stage of it in any partition.
    """
    async with LogReader.of(kafka) as reader:
        await check_earlier(reader, stages_of(topology))
        outputs = await reader.partitions(*(topic.name for topic in topology.writes))
        bounds = await reader.bounds(tp for tp in outputs if tp.partition in numbers)
        if written := await reader.first(bounds):
            raise _unowned(topology.name, (tp.topic for tp in written))
    await check_unclaimed(kafka, codec, topology)


def _unowned(topology: str, written: Iterable[str]) -> OtherGrouping:
    """Return the error for output without a state."""
    topics = ", ".join(sorted({*written}))
    return OtherGrouping(
        f"There are records on {topics}, but no state of the topology {topology}: its stages were grouped otherwise. "
        f"Set RONDO_TOPOLOGIES as before, or {_REGROUP}."
    )


async def check_earlier(reader: LogReader, stages: Iterable[str]) -> None:
    """Raise ``OtherGrouping`` if one of these stages has a state of a version that did not group stages."""
    names = {changelog(stage, ()).name: stage for stage in stages}
    for tp, last in (await _last(reader, await reader.partitions(*names))).items():
        if last.key == EARLIER:
            raise earlier(names[tp.topic])


async def check_unclaimed(kafka: str, codec: Serde, topology: Topology) -> None:
    """Raise ``OtherGrouping`` if another topology has a stage of this one, or claims a partition of it."""
    async with LogReader.of(kafka, "read_uncommitted") as reader:  # a claim of which the commit has not ended, too
        existing = [tp for tp in await changelogs(reader) if tp.topic != topology.changelog_name]
        near = await held_of(reader, codec, stages_of(topology), existing)
    if not near:
        return
    await settled_ends(kafka, near)
    async with LogReader.of(kafka) as reader:
        for tp, held in (await held_of(reader, codec, stages_of(topology), near)).items():
            _check_other(topology, tp.topic.removesuffix(CHANGELOG), held)


async def held_of(
    reader: LogReader, codec: Serde, stages: Iterable[str], changelogs: Collection[TopicPartition]
) -> dict[TopicPartition, r.Position]:
    """Return the last positions on these changelogs that are of topologies with any of these stages."""
    raws, wanted = await newest(reader, changelogs), {*stages}
    await codec.learn(raws.values())
    found = {}
    for tp, raw in raws.items():
        with suppress(Undecodable):
            if isinstance(held := codec.decode(raw), r.Position) and wanted & {*held.stages}:
                found[tp] = held
    return found


def _check_other(topology: Topology, other: str, held: r.Position) -> None:
    if held.standing is r.Standing.FROZEN:
        raise OtherGrouping(_unended(other, held.grouping))
    if held.standing is r.Standing.OPEN:
        stages = ", ".join(name for name in stages_of(topology) if name in held.stages)
        raise OtherGrouping(
            f"The topology {other} has {stages}, so that the topology {topology.name} may not begin: its stages were "
            f"grouped otherwise. Set RONDO_TOPOLOGIES as before, or {_REGROUP}."
        )


async def changelogs(reader: LogReader) -> list[TopicPartition]:
    """Return the partitions of all topologies' changelogs."""
    existing = await reader.topics()
    names = [name.removesuffix(CHANGELOG) for name in existing if name.endswith(CHANGELOG)]
    own = [name for name in names if f"{name}{BLOCKS}" in existing]  # others' changelogs may be large
    return await reader.partitions(*(f"{name}{CHANGELOG}" for name in own))


async def newest(reader: LogReader, changelogs: Collection[TopicPartition]) -> dict[TopicPartition, bytes]:
    """Return the last position on each changelog: every block ends with it."""
    found = await _last(reader, changelogs)
    return {tp: cast("bytes", last.value) for tp, last in found.items() if last.key == POSITION}


async def _last(reader: LogReader, changelogs: Collection[TopicPartition]) -> dict[TopicPartition, ConsumerRecord]:
    """Return the last record of positions on each changelog, also that of an earlier version."""
    found: dict[TopicPartition, ConsumerRecord] = {}
    async for record in reader.last(await reader.bounds(changelogs), found):
        if record.key in {POSITION, EARLIER}:
            found[TopicPartition(record.topic, record.partition)] = record
    return found
