"""Limits of the concurrent work of each user."""

import asyncio
import gc
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest

from api.concurrency import LongWork, UserLimit

SOON = 30.0


async def test_a_limited_number_of_one_user_runs_at_once_and_others_of_theirs_wait():
    turns, running, most, all_in = UserLimit(3), 0, 0, asyncio.Event()

    async def one() -> None:
        nonlocal running, most
        async with turns.of("user"):
            running += 1
            most = max(most, running)
            await all_in.wait()
            running -= 1

    async with asyncio.timeout(SOON), asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(one())
        while running < 3:  # noqa: ASYNC110 - what would set an event is what is looked at
            await asyncio.sleep(0)
        async with turns.of("another"):
            all_in.set()
    assert most == 3


async def test_who_waits_is_let_in_in_the_order_of_arrival_however_many_come_meanwhile():
    turns, arrived, let_in = UserLimit(3), list[int](), list[int]()

    async def client(number: int) -> None:
        for request in range(20):
            arrived.append(mine := number * 100 + request)
            async with turns.of("user"):
                let_in.append(mine)
                for _ in range(mine % 7):
                    await asyncio.sleep(0)

    async def impatient() -> None:
        for _ in range(60):
            with suppress(TimeoutError):
                async with asyncio.timeout(0), turns.of("user"):
                    await asyncio.sleep(0)

    async with asyncio.timeout(SOON), asyncio.TaskGroup() as group:
        for number in range(32):
            group.create_task(client(number))
        group.create_task(impatient())
    assert let_in == arrived
    assert turns.length == 0


async def test_a_caller_that_gives_up_waiting_leaves_its_slot_to_others_and_nothing_behind():
    turns = UserLimit(1)
    async with turns.of("user"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), turns.of("user"):
                pass
    async with asyncio.timeout(SOON), turns.of("user"):
        pass
    assert turns.length == 0


async def test_long_work_of_a_user_keeps_neither_the_loop_nor_another_user_waiting():
    work, go_on = LongWork(), threading.Event()
    long = asyncio.ensure_future(work.run("user", go_on.wait, SOON))
    second = asyncio.ensure_future(work.run("user", str))
    assert await asyncio.wait_for(work.run("another", str.upper, "done"), SOON) == "DONE"
    assert not second.done()
    go_on.set()
    assert await long
    assert await second == ""


async def test_work_that_nobody_waits_for_any_more_keeps_its_slot_until_its_end():
    work, go_on, begun = LongWork(), threading.Event(), threading.Semaphore(0)

    def long() -> None:
        begun.release()
        go_on.wait(SOON)

    for user in ("user", "another"):
        await gives_up(work.run(user, long), begun)
    more = [asyncio.ensure_future(work.run(user, begun.release)) for user in ("user", "another", "a third") * 20]
    assert not await asyncio.to_thread(begun.acquire, timeout=0.2)  # a thread begins within some milliseconds
    for one in more[:30]:
        one.cancel()
    go_on.set()
    ended = await asyncio.wait_for(asyncio.gather(*more, return_exceptions=True), SOON)
    assert [isinstance(each, asyncio.CancelledError) for each in ended] == [True] * 30 + [False] * 30
    assert sum(begun.acquire(blocking=False) for _ in more) == 30


async def gives_up(running: Coroutine[Any, Any, object], begun: threading.Semaphore) -> None:
    """Wait for something until it has begun, and no longer."""
    asked = asyncio.ensure_future(running)
    assert await asyncio.to_thread(begun.acquire, timeout=SOON)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asked, SOON)


async def test_an_error_of_work_that_nobody_waits_for_is_reported_to_nobody(caplog: pytest.LogCaptureFixture):
    work, go_on, begun = LongWork(), threading.Event(), threading.Semaphore(0)

    def failing() -> None:
        begun.release()
        go_on.wait(SOON)
        raise ValueError

    await gives_up(work.run("user", failing), begun)
    go_on.set()
    await asyncio.wait_for(work.run("user", str), SOON)
    gc.collect()
    assert caplog.records == []


async def test_an_error_of_long_work_is_raised_to_who_asked_for_it():
    with pytest.raises(ValueError, match="invalid literal"):
        await LongWork().run("user", int, "x")
