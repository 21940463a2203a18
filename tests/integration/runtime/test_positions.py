"""Positions that are ahead of the log: refused by one sentence everywhere, and reset to the log's end when asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from streams.progress import positions
from streams.progress.positions import Reset
from streams.runtime import App
from streams.runtime.ahead import Ahead
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, numbers, running, until
from tests.integration.runtime.test_lag import views_at

LOST = "Restore its data from a backup, or give these records up by `rondo reset-positions`"


def places(settings: Settings) -> tuple[str, str, str]:
    return settings.kafka, settings.registry, settings.postgres


@asynccontextmanager
async def started(app: App) -> AsyncIterator[None]:
    """Run a stage's Faust app, whether or not its partitions open."""
    await app.start()
    try:
        yield
    finally:
        await app.stop()


@pytest.fixture
async def cut(owner, log: Log) -> Counting:
    """A stage that has read ten commands, of which seven are not on the log any more."""
    first = await owner("a").open()
    await log.put(first.counting.commands, [command("ann", n) for n in (1, 2, 3)])
    await first.count("ann", 10)
    await first.store.close()
    return first.counting


async def test_a_stage_ahead_of_the_log_opens_nothing_and_says_why(cut: Counting, log: Log):
    async def refused() -> str:
        return " ".join(cut.app.closed())

    async with started(cut.app):
        said = await until(refused, lambda told: "up to 10, but it ends at 3" in told)
    assert LOST in said
    assert await log.read(cut.counts) != []  # what it had decided is there


async def test_each_command_that_starts_a_stack_reports_the_same_before_anything_is_appended(cut: Counting):
    with pytest.raises(Ahead, match=rf"{cut.commands.name}/0 up to 10, but it ends at 3: .*{LOST}"):
        await positions.check(*places(cut.settings), [cut.topology])


async def test_positions_that_are_reset_let_the_stage_read_what_comes(cut: Counting, log: Log):
    assert await positions.reset(*places(cut.settings), [cut.topology]) == [
        Reset(cut.stage.name, cut.commands.name, 0, 10, 3)
    ]
    await positions.check(*places(cut.settings), [cut.topology])
    await log.put(cut.commands, [command("ann", n) for n in range(20, 31)])  # and past the position
    async with running(cut.app):
        counts = await log.wait_for(cut.counts, 12)
    assert numbers(counts) == {"ann": list(range(10, 22))}  # the state has kept what was lost on the log


async def test_a_worker_that_waits_goes_on_once_its_positions_are_reset(cut: Counting, log: Log):
    async def opened() -> bool:
        return cut.app.ready()

    async with started(cut.app):
        await until(lambda: asyncio.to_thread(cut.app.closed), lambda told: "but it ends at" in " ".join(told))
        await positions.reset(*places(cut.settings), [cut.topology])
        await until(opened, bool)
        await log.put(cut.commands, [command("ann", 20)])
        counts = await log.wait_for(cut.counts, 2)
    assert numbers(counts) == {"ann": [10, 11]}


async def test_where_nothing_is_ahead_nothing_is_reset_or_written(owner, log: Log):
    first = await owner("a").open()
    await log.put(first.counting.commands, [command("ann", 1)])
    await first.count("ann", 1)
    assert await positions.reset(*places(first.counting.settings), [first.counting.topology]) == []
    await first.count("ann", 2)  # nobody has fenced it


async def test_views_ahead_of_the_log_are_reset_in_postgres(cut: Counting, worker_settings, new_database):
    views, settings = await views_at(worker_settings, cut.commands, 4, new_database())
    with pytest.raises(Ahead, match=r"views has read .* up to 4, but it ends at 3"):
        await positions.check(*places(settings), [views])
    assert await positions.reset(*places(settings), [views]) == [Reset("views", cut.commands.name, 0, 4, 3)]
    connection = await asyncpg.connect(settings.postgres)
    assert await connection.fetchval("select position from rondo.positions where partition = 0") == 3
    await connection.close()
