"""A partition belongs to one topology from its first opening on, also while it is empty."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from schemas import records as r
from schemas.kafka import admin
from schemas.topics import Topic
from streams.progress import positions
from streams.regrouping import regroup
from streams.runtime import App, Context, Topology
from streams.runtime.kafka_store import KafkaStore
from streams.runtime.ownership import EARLIER, OtherGrouping, claim
from tests.integration.runtime.counting import Log, command, numbers, outcome, prepared, running, until
from tests.integration.runtime.pair import Pair
from tests.integration.runtime.test_regrouping import refused


class Barrier(KafkaStore):
    """A store that claims once another has looked, looks again once that has claimed, and then withdraws."""

    barrier: asyncio.Barrier | None = None

    async def _record(self, held: r.Position) -> None:
        if self.barrier:
            await self.barrier.wait()
        await super()._record(held)
        if self.barrier and held == claim(self._topology):
            await self.barrier.wait()


class Killed(KafkaStore):
    """A store whose worker is killed before it looks for others."""

    async def _record(self, held: r.Position) -> None:
        await super()._record(held)
        raise SystemError


@asynccontextmanager
async def opened(
    pair: Pair, log: Log, topology: Topology, kind: type[KafkaStore] = KafkaStore
) -> AsyncIterator[KafkaStore]:
    """A store of the empty partition 1."""
    data = Path(pair.settings.data, f"{kind.__name__} {topology.name}")
    context = Context(pair.settings.model_copy(update={"data": data}), log.codec)
    await log.codec.publish(topology.topics)
    await admin.create(log.kafka, pair.settings.partitions, topology.topics)
    store = kind(topology, context, 1)
    try:
        yield store
    finally:
        await store.close()


async def claims(pair: Pair, log: Log) -> list[r.Position]:
    """What is recorded of the pair's positions in all its groupings."""
    every = [pair.topology, *alone(pair)]
    return [one for topology in every for one in await positions_of(log, topology.changelog)]


async def positions_of(log: Log, changelog: Topic) -> list[r.Position]:
    with suppress(LookupError):
        return [one for one in await log.read(changelog) if isinstance(one, r.Position)]
    return []


def alone(pair: Pair) -> list[Topology]:
    return [Topology.of(pair.stage), Topology.of(pair.telling)]


async def test_a_partition_that_is_empty_belongs_to_the_topology_that_runs(worker_settings, log: Log):
    pair = await prepared(Pair(worker_settings))
    await log.put(pair.commands, [command("ann", 0)], partition=0)
    async with running(pair.app):
        await log.wait_for(pair.told, 1)
        other = App(
            Topology.of(pair.stage), worker_settings.model_copy(update={"data": worker_settings.data / "other"})
        )
        await other.start()
        try:

            async def why() -> str:
                return " ".join(other.closed())

            said = (
                f"The topology {pair.topology.name} has {pair.stage.name}, so that the topology {pair.stage.name} may"
            )
            await until(why, lambda found: said in found and "records on" in found)
            await log.put(pair.commands, [command("bob", 0)], partition=1)
            counts = await log.wait_for(pair.counts, 2)
        finally:
            await other.stop()
    assert numbers(counts) == {"ann": [1], "bob": [1]}
    assert await log.read(other.topology.changelog) == []


@pytest.mark.parametrize("before", ["together", "alone"])
async def test_it_is_its_own_before_anything_came_and_after_a_restart(worker_settings, log: Log, before: str):
    pair = await prepared(Pair(worker_settings))
    first, second = (pair.topology, alone(pair)[1])[:: 1 if before == "together" else -1]
    async with running(App(first, worker_settings)):
        pass
    assert f"The topology {first.name} has {pair.telling.name}" in await refused(pair, second)
    held = await claims(pair, log)
    async with running(App(first, worker_settings)):  # what it has it opens without another claim
        await positions.check(worker_settings.kafka, worker_settings.registry, "", [first])
    assert await claims(pair, log) == held


async def test_of_two_that_open_it_at_the_same_time_only_one_goes_on(worker_settings, log: Log):
    pair, barrier = await prepared(Pair(worker_settings)), asyncio.Barrier(2)
    apart = alone(pair)[0]
    async with opened(pair, log, pair.topology, Barrier) as one, opened(pair, log, apart, Barrier) as other:
        one.barrier = other.barrier = barrier
        found = await asyncio.wait_for(asyncio.gather(one.open(), other.open(), return_exceptions=True), 30)
        assert [type(each) for each in found] == [OtherGrouping] * 2  # each sees the other, and withdraws
    async with opened(pair, log, apart) as other, opened(pair, log, pair.topology) as one:
        await other.open()
        with pytest.raises(OtherGrouping, match=f"The topology {apart.name} has {pair.stage.name}, so that"):
            await one.open()


@pytest.mark.parametrize("goes_on", ["itself", "another"])
async def test_what_a_worker_claimed_as_it_was_killed_is_its_own_until_a_regrouping(
    worker_settings, log: Log, goes_on: str
):
    pair = await prepared(Pair(worker_settings))
    apart = alone(pair)[0]
    async with opened(pair, log, pair.topology, Killed) as killed:
        with pytest.raises(SystemError):
            await killed.open()
    async with opened(pair, log, apart) as other:
        with pytest.raises(OtherGrouping, match=f"The topology {pair.topology.name} has {pair.stage.name}, so that"):
            await other.open()
    if goes_on == "another":
        assert await regroup(worker_settings, alone(pair)) == []
    async with opened(pair, log, pair.topology if goes_on == "itself" else apart) as owner:
        await owner.open()


@pytest.mark.parametrize("grouped", ["together", "alone"])
async def test_a_state_of_a_version_that_did_not_group_stages_is_named_wherever_it_is_met(
    worker_settings, log: Log, grouped: str
):
    pair = await prepared(Pair(worker_settings))
    topologies = [pair.topology] if grouped == "together" else alone(pair)
    changelog = Topology.of(pair.stage).changelog
    await admin.create(log.kafka, worker_settings.partitions, [changelog])
    await log.codec.publish([changelog])
    before = log.codec.encode(changelog.name, r.Position({pair.commands.name: 1}))
    await log.producer.send_and_wait(changelog.name, before, EARLIER, partition=0)
    await log.put(pair.counts, [outcome("ann", 1_000, "c", 1, "t")])
    said = await refused(pair, topologies[0])
    assert f"The state of {pair.stage.name} was written by an earlier version of Rondo: its stages were" in said
    with pytest.raises(OtherGrouping) as told:
        await regroup(worker_settings, topologies)
    assert str(told.value) == said
