"""A worker that starts before its broker waits for it."""

import asyncio

import pytest

from tests.integration.runtime.counting import Counting, Log, command, crash_of, prepared, until
from tests.integration.runtime.proxy import proxied
from tests.network import Fault


@pytest.mark.parametrize("seconds", [3, pytest.param(130, marks=pytest.mark.deep)])
async def test_a_worker_waits_for_a_broker_however_long_that_takes_to_start(worker_settings, log: Log, seconds: int):
    async with proxied(log.kafka) as network:
        counting = await prepared(Counting(worker_settings.model_copy(update={"kafka": network.kafka})))
        await log.put(counting.commands, [command("ann", 1)])
        network.fail(Fault.DEAD)
        starting = asyncio.create_task(counting.app.start())
        await asyncio.sleep(seconds)  # no luck: as long as this the broker is away
        assert await crash_of(counting.app) == "None"
        network.heal()
        await until(lambda: log.read(counting.counts), lambda counts: len(counts) == 1)
        await starting
        await counting.app.stop()
