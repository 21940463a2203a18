"""A stage's store on a real broker: who may commit, what a restore brings back, what a crash leaves behind."""

import shutil
from pathlib import Path

import pytest
import structlog
from aiokafka.errors import KafkaError, ProducerFenced

from schemas import records as r
from streams.runtime.failpoints import Point
from streams.runtime.rocksdb import StateStore
from tests.integration.runtime.counting import Log
from tests.integration.runtime.faults import passing
from tests.integration.runtime.proxy import Api, proxied


@pytest.mark.parametrize("earlier", [1, 2])
async def test_only_the_last_one_to_open_can_commit_whichever_producer_is_next(owner, log: Log, earlier: int):
    first = await owner("a").open()
    for number in range(1, earlier + 1):
        await first.count("ann", number)
    second = await owner("b").open()
    with pytest.raises(ProducerFenced):
        await first.count("ann", 99)
    await second.count("ann", earlier + 1)
    assert [count.version for count in await log.read(second.counting.counts)] == list(range(1, earlier + 2))


async def test_a_new_disk_is_filled_from_the_changelog(owner):
    first = await owner("a").open()
    for number in (1, 2, 3):
        await first.count("ann", number)
    second = await owner("b").open()
    assert (second.kept("ann"), second.positions) == (3, {first.counting.commands.name: 3})


async def test_a_restore_that_takes_long_reports_its_progress(owner, log: Log):
    first = await owner("a").open()
    for number in range(8):
        await first.count("ann", number, kept="h" * 800_000)  # more than one fetch
    async with proxied(log.kafka) as network:
        network.delays[Api.FETCH] = 5.1
        with structlog.testing.capture_logs() as lines:
            second = await owner("b", kafka=network.kafka).open()
    told = next(line for line in lines if line["event"] == "restoring")
    (ended,) = [line for line in lines if line["event"] == "restored"]
    assert (told["stage"], told["partition"]) == (first.stage, 0)
    assert (
        0 < told["records"] < ended["records"] == 18
    )  # each block changes its position, too, and the first opening did twice
    assert ended["records"] - told["records"] <= told["remaining"] < 3 * 8
    assert second.kept("ann") == 7


async def test_a_restore_that_can_not_begin_lets_go_of_the_disk(owner, log: Log, tmp_path: Path):
    async with proxied(log.kafka) as network:
        late = owner("a", kafka=network.kafka)
        with passing(late.stage, Point.FENCED, network.refuse), pytest.raises(KafkaError) as failed:
            await late.open()
    (path,) = (tmp_path / "a" / "state").glob("*/0")
    StateStore(path).close()  # nobody has its lock, though the error is still at hand
    assert failed.value


async def test_a_disk_that_is_behind_is_brought_up_to_date(owner, tmp_path: Path):
    first = await owner("a").open()
    await first.count("ann", 1)
    await first.store.close()
    shutil.copytree(tmp_path / "a", tmp_path / "behind")
    again = await owner("a").open()
    await again.count("ann", 2)
    await again.store.close()
    behind = await owner("behind").open()
    assert (behind.kept("ann"), behind.positions) == (2, {first.counting.commands.name: 2})


async def test_a_block_that_was_never_committed_leaves_nothing(owner, log: Log):
    first = await owner("a").open()
    await first.count("ann", 1)
    producer = first.store._producers[1]
    await producer.begin_transaction()  # a worker dies in the middle of its second block
    await producer.send_and_wait(first.counting.counts.name, b"half a block", b"ann", partition=0)
    second = await owner("b").open()
    await second.count("ann", 2)
    assert [count.version for count in await log.read(second.counting.counts)] == [1, 2]


async def test_a_state_ahead_of_its_changelog_is_refused_with_what_to_do(owner):
    first = await owner("a").open()
    await first.count("ann", 1)
    first.store.state.write({}, 1_000_000, 1_000)
    await first.store.close()
    with pytest.raises(RuntimeError, match=r"the broker lost data. Delete .*counting"):
        await owner("a").open()


async def test_deleted_keys_stay_deleted_on_a_new_disk(owner):
    first = await owner("a").open()
    await first.count("ann", 1)
    block = first.block()
    with block:
        del first.counting.heads["ann"]
    await first.store.commit(block, first.positions)
    assert (await owner("b").open()).kept("ann") is None


async def test_no_timer_is_passed_over_while_others_are_set_and_removed(owner):
    first = await owner("a").open()
    timers = first.counting.timers
    a, b, c, d = (r.Timer(name, "ann", "t", due) for due, name in enumerate("abcd"))
    block = first.block()
    with block:
        for timer in (a, b, c):
            timers.set(timer)
    await first.store.commit(block, {})
    block = first.block()
    with block:
        timers.remove(b)
        timers.set(d)
        assert [timer.id for timer in timers.due(99, 2)] == ["a", "c"]
        timers.set(b)  # below the cursor: it lowers it
        assert [timer.id for timer in timers.due(99, 9)] == ["b", "c", "d"]
