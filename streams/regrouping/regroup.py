"""Regroups a log: freezes the former topologies, fills the new ones, and opens these by one transaction."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced

from schemas import records as r
from schemas.codec import Codec
from schemas.kafka import admin, clients
from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import LogReader
from schemas.kafka.stopping import started
from schemas.registry.client import Registry
from streams import replay
from streams.regrouping import held, plan, transfer
from streams.regrouping.held import Held
from streams.regrouping.plan import NotRegroupable, Plan
from streams.regrouping.transfer import Ended
from streams.runtime import Context, Topology, failpoints
from streams.runtime.failpoints import Point
from streams.runtime.membership import has_members
from streams.runtime.ownership import POSITION
from streams.runtime.settings import Settings
from streams.runtime.topology import grouping_of, stages_of

_ID = "rondo-regrouping"
"""The name of its failpoints, and its transactional id: a second regrouping fences the first."""


@dataclass(frozen=True)
class Regrouped:
    """A new topology, those that its stages ran in, and the number of entries of its state."""

    topology: str
    former: tuple[str, ...]
    records: int


async def regroup(settings: Settings, topologies: Sequence[Topology], *, verified: bool = True) -> list[Regrouped]:
    """Let a log go on in these topologies, all that are to be; return those that begin.

    Unless ``verified`` is false, the log is folded again first, and must lead to the state that is taken. Workers must
    be stopped. Raises ``NotRegroupable``, the errors of ``replay.verify``, and those of the broker's and the registry's
    clients.
    """
    if settings.failpoint:
        failpoints.arm(settings.failpoint)
    async with _context(settings, topologies) as context, LogReader.of(settings.kafka) as reader:
        states = await _states(context, reader, topologies)
        await _withdraw(context, plan.forgotten(states, topologies))
        wanted = await _plan(context, reader, topologies, states)
        if not wanted.wanted:
            return []
        await _check_stopped(context, wanted)
        await _prepare(context, wanted)
        if verified:
            await _verify(context, wanted, topologies)
        async with started(_producer(settings)) as producer:  # fences another regrouping
            try:
                ended = [await transfer.partition(context, wanted, number) for number in _numbers(context)]
                await _open(context, wanted, producer, ended)
            except ProducerFenced as error:
                raise NotRegroupable("A worker, or another regrouping, runs: stop it, and regroup again.") from error
    return [_regrouped(wanted, one, ended) for one in wanted.wanted]


def _regrouped(wanted: Plan, topology: Topology, ended: Sequence[Ended]) -> Regrouped:
    former = tuple(one.name for one in wanted.formers(topology))
    return Regrouped(topology.name, former, sum(one.records[topology.name] for one in ended))


@asynccontextmanager
async def _context(settings: Settings, topologies: Sequence[Topology]) -> AsyncIterator[Context]:
    registry = Registry(settings.registry)
    try:
        count = await admin.partition_count(settings.kafka, topologies[0].reads[0].name)
        fitted = settings.model_copy(update={"partitions": count})
        yield Context(fitted, Codec(registry), await admin.cluster(settings.kafka))
    finally:
        await registry.aclose()


def _numbers(context: Context) -> range:
    return range(context.settings.partitions)


async def _states(context: Context, reader: LogReader, topologies: Sequence[Topology]) -> list[Held]:
    assert isinstance(context.codec, Codec)
    return await held.read(reader, context.codec, [stage.name for one in topologies for stage in one.stages])


async def _withdraw(context: Context, claims: Mapping[Topology, Sequence[int]]) -> None:
    """Withdraw claims that workers made as they were killed: others would wait for them for ever."""
    for topology, numbers in claims.items():
        await context.codec.publish(topology.topics)
        for number in numbers:
            await transfer.withdraw(context, topology, number)


async def _plan(context: Context, reader: LogReader, topologies: Sequence[Topology], states: Sequence[Held]) -> Plan:
    """Return what is to be done, having checked that it can be. Raises ``NotRegroupable``."""
    found = plan.made(states, topologies, grouping_of(topologies))
    for number in _numbers(context):
        at = {one.name: one.positions[number].offsets if number in one.positions else {} for one in states}
        await plan.Reading(reader, context.codec, number).begins(found, at)
    return found


async def _check_stopped(context: Context, wanted: Plan) -> None:
    """Raise ``NotRegroupable`` while workers of these topologies are members of their groups."""
    loop = asyncio.get_running_loop()
    until = loop.time() + 1.5 * context.settings.session_timeout
    for one in (*wanted.former, *wanted.wanted):
        while await has_members(context.settings.kafka, f"rondo-{one.name}"):
            if loop.time() > until:  # by now the group misses one that was stopped
                raise NotRegroupable(f"Workers of the topology {one.name} run: stop them, and regroup then.")
            await asyncio.sleep(0.2)


async def _prepare(context: Context, wanted: Plan) -> None:
    topics = [topic for one in (*wanted.former, *wanted.wanted) for topic in one.topics]
    await admin.create(context.settings.kafka, context.settings.partitions, topics)
    await context.codec.publish(topics)


async def _verify(context: Context, wanted: Plan, topologies: Sequence[Topology]) -> None:
    """Raise ``NotRegroupable`` if the former topologies' state is not what the log leads to."""
    stages = [stage for one in topologies for stage in one.stages]
    report = await replay.verify(context.settings, wanted.former, stages)
    if report.differences:
        raise NotRegroupable(f"The state is not what the log leads to. {report.differences[0].describe()}")
    if undecided := next((part.undecided for part in report.parts if part.undecided), None):
        raise NotRegroupable(
            f"{undecided}: the log can't be folded again. `rondo regroup --unverified` takes the state as it is."
        )


def _producer(settings: Settings) -> AIOKafkaProducer:
    return clients.producer(settings.kafka, transactional_id=_ID)


async def _open(context: Context, wanted: Plan, producer: AIOKafkaProducer, ended: Sequence[Ended]) -> None:
    """Open the new topologies, and end the former ones, in one transaction over all partitions."""
    names = {topic.name for one in wanted.former for topic in (*one.writes, *([one.blocks] if one.blocks else ()))}
    at = [TopicPartition(name, number) for name in names for number in _numbers(context)]
    ends = await settled_ends(context.settings.kafka, at)
    async with LogReader.of(context.settings.kafka) as reader:
        latest = {one.number: await reader.latest(_written(wanted), one.number) for one in ended}
    await producer.begin_transaction()
    await failpoints.reach(_ID, Point.BEGUN)
    deliveries = []
    for one in ended:
        here = {tp.topic: end for tp, end in ends.items() if tp.partition == one.number}
        for topic, key, message in _records(context, wanted, one, here):
            stamp = latest[one.number].stamp(topic, context.clock())
            deliveries.append(await producer.send(topic, message, key, one.number, timestamp_ms=stamp))
    await asyncio.gather(*deliveries)  # a commit can succeed although a delivery that was not awaited failed
    await failpoints.reach(_ID, Point.CHANGELOGGED)
    await producer.commit_transaction()
    await failpoints.reach(_ID, Point.COMMITTED)


def _written(wanted: Plan) -> set[str]:
    blocks = {one.blocks.name for one in wanted.wanted if one.blocks}
    return blocks | {one.changelog_name for one in (*wanted.former, *wanted.wanted)}


def _records(
    context: Context, wanted: Plan, ended: Ended, ends: Mapping[str, int]
) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield what opens the new topologies and ends the former ones in a partition: topics, keys, and messages."""
    encode = context.codec.encode
    formers = {one.name: _former(one, ended, ends) for one in wanted.former}
    for one in wanted.wanted:
        assert one.blocks
        stages, offsets = stages_of(one), ended.begins[one.name]
        if wanted.resumes(one):
            offsets = ended.positions[one.name]
        else:
            before = tuple(formers[former.name] for former in wanted.formers(one))
            regrouping = r.Regrouping(one.name, stages, offsets, before)
            yield one.blocks.name, str(ended.number).encode(), encode(one.blocks.name, regrouping)
        yield one.changelog_name, POSITION, encode(one.changelog_name, r.Position(offsets, stages))
    for one in wanted.former:
        if one.name not in {new.name for new in wanted.wanted}:
            left = r.Position({}, stages_of(one), r.Standing.LEFT, wanted.grouping)
            yield one.changelog_name, POSITION, encode(one.changelog_name, left)


def _former(topology: Topology, ended: Ended, ends: Mapping[str, int]) -> r.Former:
    assert topology.blocks
    own = {topic.name: ends[topic.name] for topic in (*topology.writes, topology.blocks)}
    return r.Former(topology.name, stages_of(topology), ended.positions[topology.name], own)
