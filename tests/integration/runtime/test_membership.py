"""After an error a worker asks its group whether it is still a member; one that was restarted under its name, too."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.runtime import App, Stage
from streams.runtime.failpoints import Point
from streams.runtime.membership import Assignor, Worker, is_member, is_replaced
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, crash_of, numbers, prepared, running, until
from tests.integration.runtime.faults import failing, nothing, passing
from tests.integration.runtime.proxy import Api, Proxy, proxied
from tests.integration.runtime.test_disk import Ailing, Disk
from tests.integration.runtime.test_metrics import of

RECOVERY = 10.0
"""Seconds that a worker may take after one error: ten times what it does, and a sixth of what ends it as stalled."""


def consumer(log: Log, topic: str, group: str, worker: Worker) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        topic,
        bootstrap_servers=log.kafka,
        group_id=group,
        group_instance_id=worker.instance or None,
        enable_auto_commit=False,
        partition_assignment_strategy=(Assignor(worker),),
    )


async def test_a_group_knows_its_members_and_nobody_else(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    group, worker = uuid4().hex, Worker()
    member = consumer(log, counting.commands.name, group, worker)
    await member.start()
    await until(lambda: is_member(log.kafka, group, worker), bool)
    assert not await is_member(log.kafka, group, Worker())
    assert not await is_replaced(log.kafka, group, Worker())
    await member.stop()
    assert not await is_member(log.kafka, group, worker)


async def test_of_two_workers_of_one_name_the_group_knows_the_later_one(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    group, first, second = uuid4().hex, Worker("name"), Worker("name")
    for worker in (first, second):
        member = consumer(log, counting.commands.name, group, worker)
        await member.start()
        await until(lambda worker=worker: is_member(log.kafka, group, worker), bool)
        await member.stop()  # which does not leave
    assert not await is_member(log.kafka, group, first)
    assert await is_replaced(log.kafka, group, first)
    assert not await is_replaced(log.kafka, group, second)


async def test_a_stage_that_reads_is_a_member_of_its_group(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.app):
        assert not await is_member(log.kafka, f"rondo-{counting.stage.name}", Worker())
        assert await counting.app.runtime.is_member()


@dataclass
class Restarted:
    """A worker that was restarted under its name, and what may go wrong for it."""

    counting: Counting
    network: Proxy
    disk: Disk

    async def exception(self, put: Callable[[], Awaitable[None]]) -> None:
        with failing(self.counting.stage.name, Point.FOLDED) as failed:
            await put()
            await asyncio.wait_for(failed.wait(), RECOVERY)

    async def lost_answer(self, put: Callable[[], Awaitable[None]]) -> None:
        self.network.lost.clear()
        self.network.answers.add(Api.END_TXN)
        await put()
        await asyncio.wait_for(self.network.lost.wait(), RECOVERY)
        self.network.heal()

    async def lost_records(self, put: Callable[[], Awaitable[None]]) -> None:
        self.network.lost.clear()
        self.network.requests.add(Api.PRODUCE)
        await put()
        await asyncio.wait_for(self.network.lost.wait(), RECOVERY)
        self.network.heal()

    async def fenced(self, put: Callable[[], Awaitable[None]]) -> None:
        for number in (0, 1):
            other = AIOKafkaProducer(
                bootstrap_servers=self.counting.app.settings.kafka,
                transactional_id=f"rondo-{self.counting.stage.name}-0-{number}",
            )
            await other.start()
            await other.stop()
        await put()

    async def unreadable_disk(self, put: Callable[[], Awaitable[None]]) -> None:
        before = await of(self.counting.app, "rondo_retries_total")()
        self.disk.ill = True
        await put()
        await until(of(self.counting.app, "rondo_retries_total"), lambda retries: retries > before, RECOVERY)
        self.disk.ill = False


KINDS = (
    Restarted.exception,
    Restarted.lost_answer,
    Restarted.lost_records,
    Restarted.fenced,
    Restarted.unreadable_disk,
)


@pytest.fixture
async def restarted(short_sessions: Settings, log: Log, tmp_path: Path) -> AsyncIterator[Restarted]:
    async with proxied(short_sessions.kafka) as network:
        settings = short_sessions.model_copy(
            update={"kafka": network.kafka, "instance": "one", "block_timeout": 0.7, "tick": 60.0}
        )
        before = await prepared(Counting(settings, name := uuid4().hex[:8]))
        async with running(before.app):
            await log.put(before.commands, [command("ann", 0)])
            await log.wait_for(before.counts, 1)
        counting, disk = Counting(settings, name), Disk()
        counting.stage.store = partial(Ailing, disk)
        async with running(counting.app):
            yield Restarted(counting, network, disk)


async def test_a_worker_that_was_restarted_under_its_name_recovers_from_each_error_as_a_new_one(
    restarted: Restarted, log: Log
):
    counting = restarted.counting
    for number, fails in enumerate(KINDS, 1):
        await fails(restarted, lambda number=number: log.put(counting.commands, [command("ann", number)]))
        counts = await log.wait_for(counting.counts, 1 + number, RECOVERY)
        assert numbers(counts) == {"ann": list(range(1, 2 + number))}, fails.__name__
    assert not counting.app.crashed


async def test_a_zombie_whose_name_another_has_by_now_ends_and_leaves_it_alone(short_sessions: Settings, log: Log):
    async with proxied(short_sessions.kafka) as network:
        named = short_sessions.model_copy(update={"instance": "one"})
        zombie = await prepared(Counting(named.model_copy(update={"kafka": network.kafka}), name := uuid4().hex[:8]))
        heir = Counting(named.model_copy(update={"data": named.data / "heir"}), name)
        async with running(zombie.app):
            await log.put(zombie.commands, [command("ann", 0)])
            await log.wait_for(zombie.counts, 1)
            network.requests |= {Api.HEARTBEAT, Api.JOIN_GROUP}
            await asyncio.wait_for(network.lost.wait(), RECOVERY)
            with passing(heir.stage.name, Point.FENCED, nothing) as opened:
                async with running(heir.app):
                    await log.put(heir.commands, [command("ann", 1)])
                    await log.wait_for(heir.counts, 2)
                    network.heal()
                    await until(lambda: crash_of(zombie.app), lambda found: "has taken this one's place" in found)
                    await log.put(heir.commands, [command("ann", 2)])
                    assert numbers(await log.wait_for(heir.counts, 3)) == {"ann": [1, 2, 3]}
                    assert heir.app.runtime.assignments == 1  # its name was not taken back
                    assert len(opened) == 2  # each partition once, by itself
                    assert not heir.app.crashed


async def test_a_worker_that_was_restarted_under_its_name_with_another_input_gets_it(short_sessions, log: Log):
    named = short_sessions.model_copy(update={"instance": "one"})
    later = await prepared(Counting(named, name := uuid4().hex[:8]))
    earlier = Stage(f"counting-{name}", reads=(later.commands,), writes=(later.counts,))
    earlier.on(later.commands)(later.count)
    async with running(App(earlier, named)):
        pass
    async with running(later.app):
        await log.put(later.commands, [command("ann", 0)])
        await log.put(later.followups, [command("ann", 1)])
        counts = await log.wait_for(later.counts, 2, RECOVERY)
        assert not later.app.crashed
    assert numbers(counts) == {"ann": [1, 2]}
