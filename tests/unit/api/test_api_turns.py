"""Turns: how much of one user's runs at once."""

import asyncio
import threading

import pytest

from api.turns import LongWork, Turns

SOON = 30.0


async def test_so_many_of_one_user_run_at_once_and_others_of_theirs_wait():
    turns, running, most, all_in = Turns(3), 0, 0, asyncio.Event()

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


async def test_who_gives_up_waiting_leaves_the_turn_to_others_and_nothing_behind():
    turns = Turns(1)
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


async def test_an_error_of_long_work_is_raised_to_who_asked_for_it():
    with pytest.raises(ValueError, match="invalid literal"):
        await LongWork().run("user", int, "x")
