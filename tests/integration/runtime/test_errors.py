"""What went wrong is discarded and done again: nothing lost, nothing twice, order kept."""

import asyncio
from contextlib import ExitStack

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.kafka.log_reader import committed
from schemas.topics import DEAD_LETTERS
from streams.runtime.failpoints import Point
from streams.runtime.phases import Phase
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, numbers, prepared, running, until
from tests.integration.runtime.faults import failing, passing, pausing
from tests.integration.runtime.proxy import Api, Proxy, proxied

POINTS = [
    Point.FETCHED,
    Point.FOLDED,
    Point.BEGUN,
    Point.PRODUCED,
    Point.CHANGELOGGED,
    Point.COMMITTED,
    Point.WRITTEN,
    Point.ACKNOWLEDGED,
]


async def impatient(settings: Settings, network: Proxy) -> Counting:
    """A stage whose broker is behind the network, and whose blocks are soon given up."""
    changed = {"kafka": network.kafka, "block_timeout": 0.7}
    return await prepared(Counting(settings.model_copy(update=changed)))


async def test_an_error_at_any_point_of_a_block_loses_and_doubles_nothing(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings.model_copy(update={"block_records": 10})))
    async with running(counting.app):
        for turn, point in enumerate(POINTS):
            with failing(counting.stage.name, point) as failed:
                await log.put(counting.commands, [command("ann", 40 * turn + n) for n in range(40)])
                await asyncio.wait_for(failed.wait(), 20)
        counts = await log.wait_for(counting.counts, 40 * len(POINTS))
    assert numbers(counts) == {"ann": list(range(1, 40 * len(POINTS) + 1))}


async def test_an_error_while_a_partition_is_opened_is_followed_by_another_try(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", n) for n in range(100)])
    with ExitStack() as faults:
        for point in (Point.FENCING, Point.FENCED, Point.RESTORED):
            faults.enter_context(failing(counting.stage.name, point, times=2))
        async with running(counting.app):
            counts = await log.wait_for(counting.counts, 100)
    assert numbers(counts) == {"ann": list(range(1, 101))}


async def test_a_commit_whose_answer_is_lost_is_not_done_again(worker_settings, log: Log):
    async with proxied(worker_settings.kafka) as network:
        counting = await impatient(worker_settings, network)
        async with running(counting.app):
            await log.put(counting.commands, [command("ann", n) for n in range(10)])
            await log.wait_for(counting.counts, 10)
            network.answers.add(Api.END_TXN)
            await log.put(counting.commands, [command("ann", n) for n in range(10, 20)])
            await asyncio.wait_for(network.lost.wait(), 20)
            network.answers.clear()
            await log.put(counting.commands, [command("ann", n) for n in range(20, 30)])
            counts = await log.wait_for(counting.counts, 30)
    assert numbers(counts) == {"ann": list(range(1, 31))}


async def test_a_commit_that_never_reached_the_broker_is_done_again(worker_settings, log: Log):
    async with proxied(worker_settings.kafka) as network:
        counting = await impatient(worker_settings, network)
        async with running(counting.app):
            network.requests.add(Api.END_TXN)
            await log.put(counting.commands, [command("ann", n) for n in range(10)])
            await asyncio.wait_for(network.lost.wait(), 20)
            network.requests.clear()
            counts = await log.wait_for(counting.counts, 10)
    assert numbers(counts) == {"ann": list(range(1, 11))}


async def test_a_block_of_several_batches_is_given_up_in_its_time(worker_settings, log: Log):
    async with proxied(worker_settings.kafka) as network:
        counting = await impatient(worker_settings, network)
        many = [command("ann", n, task="x" * 600_000) for n in range(1, 5)]  # a fetch brings but one, a batch takes one

        async def held() -> bool:
            return counting.app.runtime.partitions[0].intake.held_bytes(counting.commands.name) > 4 * 600_000

        async def lose_the_second() -> None:
            if len(blocks) == 1:
                await until(held, bool)
            elif len(blocks) == 2:
                network.requests.add(Api.PRODUCE)

        async def begun() -> int:
            return len(blocks)

        with passing(counting.stage.name, Point.FETCHED, lose_the_second) as blocks:
            async with running(counting.app):
                await log.put(counting.commands, [command("ann", 0)])
                await until(begun, bool)  # with it in one fetch, the first of the others would be in its block
                await log.put(counting.commands, many)
                await asyncio.wait_for(network.lost.wait(), 20)
                network.requests.clear()
                counts = await log.wait_for(counting.counts, 5, 20)  # a producer's own patience is 40 s
    assert numbers(counts) == {"ann": [1, 2, 3, 4, 5]}


async def test_what_was_fetched_before_an_error_moved_the_position_back_is_dropped(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.app):
        with (
            failing(counting.stage.name, Point.FOLDED) as failed,
            pausing(counting.stage.name, Point.FENCING) as reopening,
        ):
            await log.put(counting.commands, [command("ann", n) for n in range(10)])
            await asyncio.wait_for(failed.wait(), 20)
            await reopening.reached()
            await log.put(counting.commands, [command("ann", n) for n in range(10, 20)])
            await log.put(counting.commands, [command("bob", 0)], partition=1)
            await log.wait_for(counting.counts, 1)  # the fetch loop has fetched both partitions
        counts = await log.wait_for(counting.counts, 21)
    assert numbers(counts) == {"ann": list(range(1, 21)), "bob": [1]}


async def test_a_seek_is_left_to_the_loop_that_fetches(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.app):
        partition = counting.app.runtime.partitions[0]
        partition.phase = Phase.REWINDING
        counting.app.runtime.seek(partition)
        assert not partition.accepting  # what a fetch has brought meanwhile is from before
        await log.put(counting.commands, [command("ann", 0)])
        assert numbers(await log.wait_for(counting.counts, 1)) == {"ann": [1]}


async def test_records_below_the_position_are_dropped(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.app):
        await log.put(counting.commands, [command("ann", n) for n in range(10)])
        await log.wait_for(counting.counts, 10)
        again = [raw async for raw in committed(log.kafka, counting.commands.name)]
        counting.app.runtime.partitions[0].hold(counting.commands.name, again)
        await log.put(counting.commands, [command("ann", 10)])
        counts = await log.wait_for(counting.counts, 11)
    assert numbers(counts) == {"ann": list(range(1, 12))}


@pytest.mark.parametrize("misleading", [5, 10**6])
async def test_the_groups_offsets_are_never_trusted(worker_settings, log: Log, misleading: int):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", n) for n in range(10)])
    other = AIOKafkaConsumer(
        bootstrap_servers=log.kafka, group_id=f"rondo-{counting.stage.name}", enable_auto_commit=False
    )
    await other.start()
    other.assign([TopicPartition(counting.commands.name, 0)])
    await other.commit({TopicPartition(counting.commands.name, 0): misleading})
    await other.stop()
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 10)
    assert numbers(counts) == {"ann": list(range(1, 11))}


async def test_a_dead_letter_is_in_the_transaction_of_its_position(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [b"no avro", command("ann", 0)])
    with failing(counting.stage.name, Point.CHANGELOGGED), failing(counting.stage.name, Point.COMMITTED):
        async with running(counting.app):
            await log.wait_for(counting.counts, 1)
    dead = [d for d in await log.read(DEAD_LETTERS) if d.stage == counting.stage.name]
    assert [d.offset for d in dead] == [0]


async def test_a_record_as_large_as_its_topic_takes_has_room_in_the_dead_letters(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    large = b"x" * (counting.commands.max_bytes - 100)  # its batch takes some 70 bytes of them, a dead letter more
    await log.put(counting.commands, [large, command("ann", 0)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 1)
    dead = [d for d in await log.read(DEAD_LETTERS) if d.stage == counting.stage.name]
    assert [d.value == large for d in dead] == [True]
