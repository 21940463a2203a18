"""Workers come, go, are suspended and resumed: each partition has one owner, and nothing runs twice."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from streams.runtime.failpoints import Point
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, crash_of, numbers, prepared, running, until
from tests.integration.runtime.faults import nothing, passing, pausing
from tests.integration.runtime.proxy import Api, Proxy, proxied

USERS = ("ann", "bob", "cid", "dan")
"""One a partition."""


class Workers:
    """Workers of one stage, each with a disk of its own."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self.settings, self.directory, self.name = settings, directory, uuid4().hex[:8]

    def worker(self, **settings: object) -> Counting:
        own = {"data": self.directory / uuid4().hex, **settings}
        return Counting(self.settings.model_copy(update=own), self.name)


@pytest.fixture
def workers(short_sessions: Settings, tmp_path: Path) -> Workers:
    return Workers(short_sessions, tmp_path)


async def put(log: Log, counting: Counting, start: int, end: int) -> None:
    """Put commands with these numbers on every partition."""
    for partition, user in enumerate(USERS[: counting.app.settings.partitions]):
        await log.put(counting.commands, [command(user, n) for n in range(start, end)], partition)


def counted(count: int, partitions: int = 2) -> dict[str, list[int]]:
    return {user: list(range(1, count + 1)) for user in USERS[:partitions]}


async def test_three_workers_read_all_inputs_of_a_partition_together(workers: Workers, log: Log):
    three = [workers.worker(partitions=4) for _ in range(3)]
    one = await prepared(three[0])
    await put(log, one, 0, 50)
    async with AsyncExitStack() as stack:
        for each in three:
            await stack.enter_async_context(running(each.app))
        await until(lambda: shares(three), lambda found: found == [1, 1, 2])
        await put(log, one, 50, 100)
        for partition, user in enumerate(USERS):
            await log.put(one.followups, [command(user, n) for n in range(100, 150)], partition)
        counts = await log.wait_for(one.counts, 600)
        assert not any(each.app.crashed for each in three)
    assert numbers(counts) == counted(150, 4)


async def shares(workers: list[Counting]) -> list[int]:
    """Return how many partitions each has open."""
    return sorted(len(each.app.runtime.partitions) if each.app.ready() else 0 for each in workers)


async def test_a_worker_whose_inputs_are_not_assigned_together_stops(workers: Workers, log: Log):
    counting = await prepared(workers.worker())
    older = AIOKafkaConsumer(  # of a release that knew one input less
        counting.commands.name,
        bootstrap_servers=log.kafka,
        group_id=f"rondo-{counting.stage.name}",
        enable_auto_commit=False,
        partition_assignment_strategy=(RangePartitionAssignor,),
    )
    async with running(counting.app):
        joining = asyncio.create_task(older.start())
        await until(lambda: crash_of(counting.app), lambda found: "not assigned together" in found)
        await joining
        await older.stop()


async def test_a_partition_that_restores_for_long_neither_costs_the_membership_nor_holds_up_another(
    workers: Workers, log: Log
):
    counting = await prepared(workers.worker())
    with pausing(counting.stage.name, Point.FENCED) as restoring:
        await counting.app.start()
        try:
            await restoring.reached()
            await put(log, counting, 0, 10)
            await log.wait_for(counting.counts, 10)
            await asyncio.sleep(workers.settings.session_timeout * 1.5)  # to be silent for longer than is allowed
            assert await counting.app.runtime.is_member()
            restoring.go()
            assert numbers(await log.wait_for(counting.counts, 20)) == counted(10)
        finally:
            await counting.app.stop()


async def test_a_stop_lets_the_running_block_be_committed(workers: Workers, log: Log):
    counting = await prepared(workers.worker(block_records=10))
    with pausing(counting.stage.name, Point.BEGUN) as block:
        async with running(counting.app):
            await log.put(counting.commands, [command("ann", n) for n in range(30)])
            await block.reached()
            stopping = asyncio.create_task(counting.app.stop())
            await until(lambda: owned(counting), lambda found: not found)
            block.go()
            await stopping
    assert numbers(await log.read(counting.counts)) == {"ann": list(range(1, 11))}


async def owned(counting: Counting) -> int:
    return len(counting.app.runtime.partitions)


async def test_a_block_that_hangs_holds_up_no_rebalance(workers: Workers, log: Log):
    first, second = await prepared(workers.worker()), workers.worker()
    with pausing(first.stage.name, Point.FOLDED) as block:
        async with running(first.app):
            await put(log, first, 0, 10)
            await block.reached()
            async with running(second.app):
                await until(lambda: shares([first, second]), lambda found: found == [1, 1])  # the first is still in
                counts = await log.wait_for(first.counts, 20)
    assert numbers(counts) == counted(10)


async def test_what_is_held_when_another_worker_joins_runs_once(workers: Workers, log: Log):
    first, second = await prepared(workers.worker(block_records=10)), workers.worker(block_records=10)
    with (
        pausing(first.stage.name, Point.CHANGELOGGED) as block,
        passing(first.stage.name, Point.REVOKED, nothing) as revoked,
        passing(first.stage.name, Point.FENCED, nothing) as opened,
    ):
        async with running(first.app):
            await put(log, first, 0, 500)
            await block.reached()
            joining = asyncio.create_task(second.app.start())
            await until(lambda: length(revoked), lambda found: found >= 1)
            block.go()
            await joining
            counts = await log.wait_for(first.counts, 1000)
            await second.app.stop()
    assert numbers(counts) == counted(500)
    assert len(opened) >= 4  # both by the first worker alone, then again one by each


async def length(points: list[Point]) -> int:
    return len(points)


@pytest.mark.parametrize("point", [Point.BEGUN, Point.CHANGELOGGED])
async def test_a_zombie_that_wakes_up_within_a_block_does_nothing_and_leaves_the_new_owner_alone(
    workers: Workers, log: Log, point: Point
):
    async with proxied(workers.settings.kafka) as network:
        zombie, heir = await prepared(workers.worker(kafka=network.kafka)), workers.worker()
        async with running(zombie.app):
            with pausing(zombie.stage.name, point) as block:
                await put(log, zombie, 0, 20)
                await block.reached()
                network.requests |= {Api.HEARTBEAT, Api.JOIN_GROUP}
                with passing(heir.stage.name, Point.FENCED, nothing) as opened:
                    async with running(heir.app):
                        await log.wait_for(heir.counts, 40)
                        block.go()
                        await until(lambda: asked(network), lambda found: found >= 4)  # each partition, more than once
                        await put(log, heir, 20, 40)
                        assert numbers(await log.wait_for(heir.counts, 80)) == counted(40)
                        assert len(opened) == 2  # the heir's own: the zombie has opened nothing
                        network.heal()
                        await until(lambda: shares([zombie, heir]), lambda found: found == [1, 1])
                        await put(log, heir, 40, 60)
                        assert numbers(await log.wait_for(heir.counts, 120)) == counted(60)


async def asked(network: Proxy) -> int:
    """Return how often the zombie has asked its group who the members are."""
    return network.asked[Api.DESCRIBE_GROUPS]
