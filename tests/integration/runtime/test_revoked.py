"""A task that has ended leaves nothing behind, however it ended."""

import asyncio

from aiokafka import TopicPartition

from streams.runtime import disk
from streams.runtime.failpoints import Failed, Point, armed
from tests.integration.runtime.counting import PARTITIONS, Counting, Log, prepared, running
from tests.integration.runtime.faults import pausing


async def fail() -> None:
    raise Failed


async def test_tasks_whose_end_fails_have_released_their_state_all_the_same(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    app, stage = counting.app, counting.stage
    async with running(app):
        with armed(stage.name, Point.REVOKED, fail):
            await app.runtime.revoke()
        for number in range(PARTITIONS):  # who still held the database would keep it locked
            disk.open(disk.directory(worker_settings.data, app.runtime.context.cluster, stage.name, number)).close()


async def test_partitions_that_come_while_a_worker_stops_are_not_begun(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    app, stage = counting.app, counting.stage
    async with running(app):
        with pausing(stage.name, Point.REVOKED) as pause:
            stopping = asyncio.create_task(app.stop())
            await pause.reached()
            inputs = (counting.commands, counting.followups)
            await app.runtime.assign(frozenset(TopicPartition(t.name, n) for t in inputs for n in range(PARTITIONS)))
            assert app.runtime.partitions == {}
            pause.go()
            await stopping
