"""What an agent and Faust's stream do wrong costs time, and no record."""

import asyncio

from faust.streams import Stream

from streams.runtime import Block
from streams.runtime.failpoints import Point
from tests.integration.runtime.counting import (
    Agent,
    Counting,
    HandWritten,
    Log,
    command,
    crash_of,
    numbers,
    prepared,
    running,
    until,
)
from tests.integration.runtime.faults import passing


class Watched(HandWritten):
    """A stage whose agents are counted: one for each input, unless Faust had to start one again."""

    folds = 0

    async def fold(self, agent: Agent, blocks: Stream[Block]) -> None:
        self.folds += 1
        await super().fold(agent, blocks)


class Hanging(Watched):
    """A stage whose first agent does not leave its block until that is taken away."""

    hung = freed = False

    async def fold(self, _: Agent, blocks: Stream[Block]) -> None:
        self.folds += 1
        async for block in blocks.noack():
            with block:
                block.fold()
                while not self.freed:
                    self.hung, self.freed = True, block.folded.done()
                    await asyncio.sleep(0.05)


async def test_an_agent_that_hangs_has_its_block_taken_away_and_done_again(worker_settings, log: Log):
    hanging = await prepared(Hanging(worker_settings.model_copy(update={"block_timeout": 0.5})))
    await log.put(hanging.commands, [command("ann", n) for n in range(10)])
    async with running(hanging.app):
        counts = await log.wait_for(hanging.counts, 10)
        await log.put(hanging.followups, [command("ann", n) for n in range(10, 20)])
        counts = await log.wait_for(hanging.counts, 20)
    assert numbers(counts) == {"ann": list(range(1, 21))}


async def test_while_an_agent_hangs_another_input_and_partition_lose_nothing(worker_settings, log: Log):
    hanging = await prepared(Hanging(worker_settings.model_copy(update={"block_timeout": 0.5})))
    async with running(hanging.app):
        await log.put(hanging.commands, [command("ann", n) for n in range(10)])
        await until(lambda: hangs(hanging), bool)
        await log.put(hanging.followups, [command("bob", n) for n in range(10)], partition=1)
        counts = await log.wait_for(hanging.counts, 20)
    assert (numbers(counts), hanging.folds) == ({"ann": list(range(1, 11)), "bob": list(range(1, 11))}, 2)


async def hangs(hanging: Hanging) -> bool:
    return hanging.hung


async def test_a_block_that_faust_passes_over_comes_again(worker_settings, log: Log):
    counting = await prepared(Watched(worker_settings.model_copy(update={"block_timeout": 0.5})))
    dropped = asyncio.Event()

    def drop() -> None:
        counting.app.flow_control.suspend()
        counting.app.flow_control.resume()  # which empties the channels
        dropped.set()

    async def once() -> None:
        if not dropped.is_set():
            asyncio.get_running_loop().call_soon(drop)  # after the block is in its channel, before the agent has it

    with passing(counting.stage.name, Point.FETCHED, once) as fetched:
        async with running(counting.app):
            await log.put(counting.commands, [command("ann", n) for n in range(10)])
            counts = await log.wait_for(counting.counts, 10)
    assert len(fetched) >= 2
    assert numbers(counts) == {"ann": list(range(1, 11))}


async def test_an_exception_in_a_fold_never_reaches_faust(worker_settings, log: Log):
    watched = await prepared(Watched(worker_settings))
    await log.put(watched.commands, [command("ann", n, task="poison" if n % 7 == 3 else "t") for n in range(20)])
    async with running(watched.app):
        counts = await log.wait_for(watched.counts, 17)
    assert (numbers(counts), watched.folds) == ({"ann": list(range(1, 18))}, 2)


async def test_a_bug_in_a_partition_task_stops_the_worker_instead_of_stalling_it(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))

    async def end() -> None:
        raise asyncio.CancelledError

    with passing(counting.stage.name, Point.FETCHED, end):
        async with running(counting.app):
            await log.put(counting.commands, [command("ann", 0)])
            await until(lambda: crash_of(counting.app), lambda found: "was cut off" in found)
