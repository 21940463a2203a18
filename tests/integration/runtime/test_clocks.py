"""What a process knows of the broker's clock, and what it makes of its own on the log."""

import time
from itertools import pairwise
from uuid import uuid4

import pytest
from httpx import ASGITransport, AsyncClient

from schemas.kafka import admin
from schemas.kafka.clock_watch import ClockWatch
from schemas.kafka.log_reader import committed
from schemas.topics import CLOCK
from streams.worker import health_app
from tests.integration.runtime.counting import Counting, Log, command, numbers, prepared, running

DAY = 24 * 60 * 60 * 1000


@pytest.mark.parametrize("ahead", [0, 7200, -86_400])
async def test_a_clock_is_compared_with_the_brokers(kafka: str, ahead: float):
    await admin.create(kafka, 1, [CLOCK])
    watch = ClockWatch(kafka, "test", lambda: time.time() + ahead)
    await watch.ask()
    assert watch.ahead == pytest.approx(ahead, abs=10)


async def test_a_worker_whose_clock_is_wrong_stays_ready_and_says_so():
    watch = ClockWatch("nowhere:1", "test")
    async with AsyncClient(transport=ASGITransport(health_app([], watch)), base_url="http://worker") as client:
        assert (await client.get("/ready")).json() == {}
        watch.ahead = 7200
        answer = await client.get("/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"warnings": ["The clock is 7200 s ahead of the broker's. Set whichever is wrong."]},
    )


async def test_times_on_the_topics_of_a_stage_never_go_back_though_the_clock_does(worker_settings, log: Log):
    name, said = uuid4().hex[:8], 0
    for turn in (2 * DAY, DAY, 3 * DAY):
        counting = await prepared(Counting(worker_settings, name))
        now = [turn]
        counting.app.now = lambda now=now: now[0]
        async with running(counting.app):
            for now[0] in (
                turn + 1000,
                turn,
            ):  # set back while it runs, too, and of the commands each other one is late
                await log.put(counting.commands, [command("ann", said + n, at=now[0] - n % 2 * 500) for n in range(20)])
                said += 20
                counts = await log.wait_for(counting.counts, said)
    assert numbers(counts) == {"ann": list(range(1, said + 1))}
    assert {count.at for count in counts} == {at for turn in (2 * DAY, DAY, 3 * DAY) for at in own_times(turn)}
    for topic in (counting.counts, counting.topology.blocks, counting.topology.changelog):
        assert await gone_back(log, topic.name) == []


def own_times(turn: int) -> set[int]:
    return {now - late for now in (turn + 1000, turn) for late in (0, 500)}


async def gone_back(log: Log, topic: str) -> list[int]:
    """Return the offsets of records of partition 0 that are earlier than the one before."""
    records = [raw async for raw in committed(log.kafka, topic) if raw.partition == 0]
    assert records
    return [later.offset for raw, later in pairwise(records) if later.timestamp < raw.timestamp]
