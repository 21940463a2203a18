"""The size of a block: what waits when the stage is ready, within bounds."""

import pytest

from streams.runtime.failpoints import Point
from tests.integration.runtime.counting import Counting, Log, command, numbers, prepared, running
from tests.integration.runtime.faults import pausing


async def test_what_came_record_by_record_while_a_block_was_committed_is_the_next_block(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.app):
        with pausing(counting.stage.name, Point.CHANGELOGGED) as block:
            await log.put(counting.commands, [command("ann", 0)])
            await block.reached()
            for n in range(1, 100):
                await log.put(counting.commands, [command("ann", n)])
            await log.put(counting.commands, [command("bob", 0)], partition=1)
            await log.wait_for(counting.counts, 1)  # the fetch loop has gone round with all of it
        await log.wait_for(counting.counts, 101)
    assert [size(block) for block in await log.read(counting.topology.blocks) if block.first] == [99]


def size(block) -> int:
    return block.last - block.first + 1


async def test_a_tiny_block_is_a_block(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings.model_copy(update={"block_records": 1, "held_records": 2})))
    await log.put(counting.commands, [command("ann", n) for n in range(40)])
    await log.put(counting.followups, [command("ann", n) for n in range(40, 60)])
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 60)
    assert numbers(counts) == {"ann": list(range(1, 61))}
    assert {size(block) for block in await log.read(counting.topology.blocks)} == {1}


@pytest.mark.parametrize(
    ("bound", "most"),
    [({"block_records": 10}, 10), ({"block_bytes": 1}, 1), ({"block_seconds": 1e-9}, 1)],
    ids=str,
)
async def test_a_block_ends_by_records_by_bytes_and_by_time(worker_settings, log: Log, bound: dict, most: int):
    counting = await prepared(Counting(worker_settings.model_copy(update=bound)))
    await log.put(counting.commands, [command("ann", n) for n in range(50)])
    async with running(counting.app):
        counts = await log.wait_for(counting.counts, 50)
    assert numbers(counts) == {"ann": list(range(1, 51))}
    sizes = [size(block) for block in await log.read(counting.topology.blocks)]
    assert 1 <= max(sizes) <= most
