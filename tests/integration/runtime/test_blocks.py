"""Blocks on a real broker: nothing lost, nothing twice, order kept."""

import shutil
from collections.abc import Callable
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from msgspec.structs import replace

from schemas import records as r
from schemas.topics import DEAD_LETTERS
from streams.runtime import Block, Context
from streams.runtime.kafka_store import KafkaStore
from tests.integration.runtime.counting import Counting, Log, command, numbers, outcome, prepared, running


async def test_every_command_is_counted_once_and_in_order(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    for partition, user in enumerate(("ann", "bob")):
        await log.put(counting.commands, [command(user, n) for n in range(3000)], partition)
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 6000)
    assert numbers(counts) == {"ann": list(range(1, 3001)), "bob": list(range(1, 3001))}


async def test_a_restarted_stage_goes_on_where_it_stopped(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    await log.put(counting.commands, [command("ann", n) for n in range(100)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 100)
    await log.put(counting.commands, [command("ann", n) for n in range(100, 150)])
    async with running(Counting(worker_settings, name).app):
        counts = await log.wait_for(counting.counts, 150)
    assert numbers(counts) == {"ann": list(range(1, 151))}


async def test_a_stage_that_lost_its_disk_is_restored_from_its_changelog(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    await log.put(counting.commands, [command(user, 0) for user in map(str, range(2500))])
    async with running(counting.app):
        await log.wait_for(counting.counts, 2500)
    shutil.rmtree(worker_settings.data / "state")
    await log.put(counting.commands, [command(user, 1) for user in map(str, range(2500))])
    async with running(Counting(worker_settings, name).app):
        counts = await log.wait_for(counting.counts, 5000)
    assert set(map(tuple, numbers(counts).values())) == {(1, 2)}


async def test_an_aborted_record_is_never_seen(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.codec.publish([counting.commands])
    async with AIOKafkaProducer(bootstrap_servers=log.kafka, transactional_id=uuid4().hex) as producer:
        await producer.begin_transaction()
        aborted = log.codec.encode(counting.commands.name, command("ann", 0))
        await producer.send_and_wait(counting.commands.name, aborted, b"ann", partition=0)
        await producer.abort_transaction()
    await log.put(counting.commands, [command("ann", 1)])
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 1)
    assert [count.command for count in counts] == [command("ann", 1).id]


async def test_what_cannot_be_decoded_is_dead_lettered_whole_and_the_partition_goes_on(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", 0), b"no avro", b"\0\xff\xff\xff\xffbody", command("ann", 1)])
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 2)
    assert numbers(counts) == {"ann": [1, 2]}
    dead = [d for d in await log.read(DEAD_LETTERS) if d.stage == counting.stage.name]
    assert [(d.topic, d.offset, d.value) for d in dead] == [
        (counting.commands.name, 1, b"no avro"),
        (counting.commands.name, 2, b"\0\xff\xff\xff\xffbody"),
    ]
    assert all(d.reason for d in dead)


async def test_what_cannot_be_folded_is_dead_lettered_and_the_rest_goes_on(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    commands = [command("ann", n, task="poison" if n in {37, 700} else "t") for n in range(1000)]
    await log.put(counting.commands, commands)
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 998)
    assert numbers(counts) == {"ann": list(range(1, 999))}
    dead = [d for d in await log.read(DEAD_LETTERS) if d.stage == counting.stage.name]
    assert [(d.offset, "poison" in d.reason) for d in dead] == [(37, True), (700, True)]
    assert len(await log.read(counting.topology.blocks)) <= 10


async def test_output_too_large_for_its_topic_sends_its_input_to_the_dead_letters(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    counting.count = echoing(counting)
    large = command("ann", 1, task="x" * 700_000)  # within what commands may have; its outcome has it twice
    async with running(counting.app):
        await log.put(counting.commands, [command("ann", 0), large, command("ann", 2)])
        counts = await log.wait_for(counting.counts, 2, 60)
    assert numbers(counts) == {"ann": [1, 2]}
    dead = [d for d in await log.read(DEAD_LETTERS) if d.stage == counting.stage.name]
    assert [(d.offset, "too large" in d.reason) for d in dead] == [(1, True)]


def echoing(counting: Counting) -> Callable[[Block, r.CompleteTask], None]:
    """Count a command with its task twice."""
    count = counting.count
    return lambda block, command: count(block, replace(command, task=command.task * 2))


async def alter(kafka: str, topic: str, settings: dict[str, str]) -> None:
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    await admin.close()


async def test_two_inputs_are_both_read_and_the_blocks_say_in_which_order(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings.model_copy(update={"block_records": 7})))
    inputs = {counting.commands.name: range(50), counting.followups.name: range(50, 80)}
    for topic in counting.stage.reads:
        await log.put(topic, [command("ann", n) for n in inputs[topic.name]])
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 80)
    assert numbers(counts) == {"ann": list(range(1, 81))}
    blocks = await log.read(counting.topology.blocks)
    told = [command("ann", n).id for b in blocks for n in inputs[b.topic][b.first : b.last + 1]]
    assert told == [count.command for count in counts]


async def test_each_input_has_a_position_of_its_own(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    await log.put(counting.commands, [command("ann", n) for n in range(50)])
    await log.put(counting.followups, [command("ann", n) for n in range(50, 53)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 53)
    await log.put(counting.followups, [command("ann", n) for n in range(53, 60)])
    async with running(Counting(worker_settings, name).app):
        counts = await log.wait_for(counting.counts, 60)
    assert numbers(counts) == {"ann": list(range(1, 61))}


async def test_blocks_are_formed_when_the_stage_is_ready_for_them(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", n) for n in range(1000)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 1000)
    assert len(await log.read(counting.topology.blocks)) <= 10


async def test_a_timer_writes_when_the_clock_reaches_it_and_only_then(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    now = [1_000]
    counting.app.now = lambda: now[0]
    await log.put(counting.commands, [command("ann", 0, task="500"), command("ann", 1, task="2000")])
    async with running(counting.app):
        await log.wait_for(counting.counts, 2)
        now[0] = 1_499
        await log.put(counting.commands, [command("ann", 2)])
        assert len(await log.wait_for(counting.counts, 3)) == 3
        now[0] = 1_500
        fired = [c for c in await log.wait_for(counting.counts, 4) if c.task == "timer"]
    assert [(c.command, c.at) for c in fired] == [(command("ann", 0).id, 1_500)]


async def test_a_timer_that_came_while_the_stage_was_down_comes_after(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    counting.app.now = lambda: 1_000
    await log.put(counting.commands, [command("ann", 0, task="500")])
    async with running(counting.app):
        await log.wait_for(counting.counts, 1)
    later = Counting(worker_settings, name)
    later.app.now = lambda: 9_000
    async with running(later.app):
        counts = await log.wait_for(counting.counts, 2)
    assert [c.task for c in counts] == ["500", "timer"]


async def test_a_second_worker_takes_its_share_and_nothing_runs_twice(worker_settings, log: Log, tmp_path):
    first = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    second = Counting(worker_settings.model_copy(update={"data": tmp_path / "second"}), name)

    async def put(start: int) -> None:
        for partition, user in enumerate(("ann", "bob")):
            await log.put(first.commands, [command(user, n) for n in range(start, start + 1000)], partition)

    async with running(first.app):
        await put(0)
        async with running(second.app):
            await put(1000)
            counts = await log.wait_for(first.counts, 4000, 60)
        await put(2000)
        counts = await log.wait_for(first.counts, 6000, 60)
    assert numbers(counts) == {"ann": list(range(1, 3001)), "bob": list(range(1, 3001))}


async def test_a_stage_whose_positions_are_beyond_the_log_does_not_become_ready(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.codec.publish(counting.topology.topics)
    context = Context(counting.settings, log.codec)
    store = KafkaStore(counting.topology, context, 0)
    await store.open()
    block = Block(counting.topology, context, 0, [], state=store.state, now=1_000)
    await store.commit(block, {counting.commands.name: 1_000_000})
    await store.close()
    await counting.app.start()
    try:
        await log.put(counting.commands, [command("bob", 0)], partition=1)
        await log.wait_for(counting.counts, 1)  # the other partition goes on
        assert not counting.app.ready()
    finally:
        await counting.app.stop()


async def test_what_cannot_be_folded_at_the_head_of_both_inputs_stops_neither(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    for topic in (counting.commands, counting.followups):
        await log.put(topic, [command("ann", n, task="poison" if n == 0 else "t") for n in range(10)])
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 18)
    assert numbers(counts) == {"ann": list(range(1, 19))}
    dead = [d for d in await log.read(DEAD_LETTERS) if d.stage == counting.stage.name]
    assert sorted((d.topic, d.offset) for d in dead) == [(counting.commands.name, 0), (counting.followups.name, 0)]


async def test_a_bad_record_does_not_wait_for_the_other_inputs_backlog(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.followups, [command("bob", n) for n in range(20_000)])
    await log.put(counting.commands, [command("ann", n, task="poison" if n == 0 else "t") for n in range(10)])
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 20_009)
    last = max(index for index, count in enumerate(counts) if count.user == "ann")
    assert last < 15_000


async def test_a_timer_that_fails_is_dead_lettered_and_the_others_come(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    counting.app.now = lambda: 5_000
    await log.put(counting.commands, [command("ann", n, task=str(n)) for n in range(1, 31)])
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 30 + 29)
    fired = [c.command for c in counts if c.task == "timer"]
    assert sorted(fired) == sorted(command("ann", n).id for n in range(1, 31) if n != 13)
    dead = [d for d in await log.read(DEAD_LETTERS) if d.stage == counting.stage.name]
    assert [(d.key, "unlucky" in d.reason) for d in dead] == [(command("ann", 13).id.encode(), True)]


async def test_an_outcome_that_could_not_be_produced_does_not_stop_the_next_ones(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.app):
        large = "x" * counting.counts.max_bytes
        with pytest.raises(MessageSizeTooLargeError):
            await counting.app.runtime.produce(counting.counts, outcome("ann", 1_000, "c", 1, large), 0)
        await counting.app.runtime.produce(counting.counts, outcome("ann", 1_000, "c", 2, "t"), 0)
    assert [count.version for count in await log.read(counting.counts)] == [2]
