"""What a process knows of the broker's clock, and what it makes of its own on the log."""

import time

import pytest
from httpx import ASGITransport, AsyncClient

from schemas.clock import ClockWatch
from schemas.topics import CLOCK
from streams import topics
from streams.worker import health_app


@pytest.mark.parametrize("ahead", [0, 7200, -86_400])
async def test_a_clock_is_compared_with_the_brokers(kafka: str, ahead: float):
    await topics.create(kafka, 1, [CLOCK])
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
