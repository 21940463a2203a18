"""What a worker asks the broker while nothing happens."""

import asyncio
from collections import Counter

import pytest

from streams.runtime.consumer import QUIET_SECONDS
from tests.integration.runtime.counting import Counting, Log, command, numbers, prepared, running
from tests.integration.runtime.proxy import Api, proxied

WINDOW = 6.0  # seconds


@pytest.mark.deep
async def test_an_idle_worker_asks_the_broker_seldom_and_takes_what_comes(worker_settings, log: Log):
    async with proxied(worker_settings.kafka) as network:
        counting = await prepared(Counting(worker_settings.model_copy(update={"kafka": network.kafka})))
        async with running(counting.app):
            await log.put(counting.commands, [command("ann", 0)])
            await log.wait_for(counting.counts, 1)
            await asyncio.sleep(2 * QUIET_SECONDS)
            before = Counter(network.asked)
            await asyncio.sleep(WINDOW)
            asked = network.asked - before
            await log.put(counting.commands, [command("ann", 1)])
            assert numbers(await log.wait_for(counting.counts, 2)) == {"ann": [1, 2]}
    assert asked[Api.FETCH] <= WINDOW
    assert asked[Api.LIST_OFFSETS] <= WINDOW / 2
    assert asked.keys() <= {Api.FETCH, Api.LIST_OFFSETS, Api.HEARTBEAT, Api.PRODUCE, Api.METADATA, Api.API_VERSIONS}
