"""The lag of a stage, read from outside, whether it runs or not."""

import time

import asyncpg
import pytest

from postgres.migrate import migrate
from schemas.kafka.admin import partition_counts
from schemas.topics import Topic
from streams.progress.lag import Lag, NoViews, lags
from streams.runtime import Stage, Topology
from streams.runtime.postgres_store import PostgresStore
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, prepared, running


async def lag_of(topology: Topology, settings: Settings, read: Topic, partition: int) -> Lag:
    """Return the lag of one input's partition, as it would be reported in a minute."""
    now = time.time_ns() // 1_000_000 + 60_000
    [found] = [
        lag
        for lag in await lags(settings.kafka, settings.registry, settings.postgres, [topology], now)
        if (lag.topic, lag.partition) == (read.name, partition)
    ]
    return found


async def test_a_stage_that_never_ran_is_behind_by_all_there_is(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", n) for n in range(30)])
    found = await lag_of(counting.topology, worker_settings, counting.commands, 0)
    assert (found.position, found.end, found.lag) == (0, 30, 30)
    assert 60 <= found.age < 120
    assert await lag_of(counting.topology, worker_settings, counting.commands, 1) == Lag(
        counting.stage.name, counting.commands.name, 1, 0, 0, 0, None
    )


async def test_a_stage_that_stopped_is_behind_by_what_came_since(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", n) for n in range(30)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 30)
    assert (await lag_of(counting.topology, worker_settings, counting.commands, 0)).lag == 0
    await log.put(counting.commands, [command("ann", n) for n in range(5)])
    found = await lag_of(counting.topology, worker_settings, counting.commands, 0)
    assert (found.position, found.end, found.lag) == (30, 35, 5)


async def test_the_lag_of_views_is_reported_by_postgres(worker_settings, log: Log, new_database):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", n) for n in range(9)])
    views, settings = await views_at(worker_settings, counting.commands, 4, new_database())
    assert (await lag_of(views, settings, counting.commands, 0)).lag == 5


async def views_at(settings: Settings, read: Topic, position: int, postgres: str) -> tuple[Topology, Settings]:
    """Return a topology that keeps its positions in Postgres, and its settings; it has come to an offset."""
    views = Topology.of(Stage("views", reads=(read,), store=PostgresStore))
    migrate(postgres)
    connection = await asyncpg.connect(postgres)
    await connection.execute("insert into rondo.positions values ($1, 0, $2)", read.name, position)
    await connection.close()
    return views, settings.model_copy(update={"postgres": postgres})


async def test_the_marker_of_a_commit_is_nothing_to_be_behind_of(worker_settings, log: Log, new_database):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", n) for n in range(3)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 3)
    views, settings = await views_at(worker_settings, counting.counts, 3, new_database())
    found = await lag_of(views, settings, counting.counts, 0)
    assert (found.end, found.lag) == (4, 0)


async def test_a_stage_ahead_of_its_log_is_reported_by_a_lag_below_zero(worker_settings, log: Log, new_database):
    counting = await prepared(Counting(worker_settings))
    views, settings = await views_at(worker_settings, counting.commands, 4, new_database())
    assert (await lag_of(views, settings, counting.commands, 0)).lag == -4


async def test_a_postgres_without_views_is_reported_and_its_address_is_not(worker_settings, log: Log, new_database):
    counting = await prepared(Counting(worker_settings))
    views = Topology.of(Stage("views", reads=(counting.commands,), store=PostgresStore))
    settings = worker_settings.model_copy(update={"postgres": (address := new_database())})
    with pytest.raises(NoViews) as refused:
        await lag_of(views, settings, counting.commands, 0)
    assert address not in str(refused.value)


async def test_looking_creates_no_topic(worker_settings, log: Log):
    counting = Counting(worker_settings)
    settings = worker_settings
    assert await lags(settings.kafka, settings.registry, "", [counting.topology], 0) == []
    assert counting.commands.name not in await partition_counts(settings.kafka)
