"""A request's phases: each has its own time, whatever time the one before it had."""

import asyncio
from collections.abc import Callable

import pytest
from fastapi import Response

from api.http.attempts import MARGIN, Attempt
from api.http.problems import UNAVAILABLE, Problem

SOON, LATER = 0.05, 0.3
"""Seconds: of a phase that ends soon, and after which it has ended."""


async def answered(patience: float, phases: Callable[[Attempt], None]) -> bytes:
    """The answer to a request that takes ``LATER`` seconds after its phases begin."""
    attempt = Attempt(patience)

    async def handle() -> Response:
        phases(attempt)
        await asyncio.sleep(LATER)
        return Response(b"in time")

    return bytes((await attempt.answer(handle)).body)


def soon(attempt: Attempt) -> None:
    attempt.within(SOON - MARGIN)


@pytest.mark.parametrize(
    "phases",
    [
        soon,
        lambda attempt: (attempt.within(None), soon(attempt)),
        lambda attempt: (attempt.within(30), attempt.within(20), soon(attempt)),
        lambda attempt: (soon(attempt), attempt.within(10), soon(attempt)),
    ],
    ids=["shorter", "after none", "after longer ones", "after a longer one after a short one"],
)
async def test_a_phase_ends_in_its_time_though_one_before_it_had_longer(phases: Callable[[Attempt], None]):
    with pytest.raises(Problem) as refused:
        await answered(30, phases)
    assert refused.value.kind is UNAVAILABLE


@pytest.mark.parametrize("seconds", [30, None])
async def test_a_phase_has_its_time_though_one_before_it_had_less(seconds: float | None):
    assert await answered(SOON - MARGIN, lambda attempt: attempt.within(seconds)) == b"in time"


async def test_what_ends_after_its_command_was_taken_is_answered_by_that():
    def taken(attempt: Attempt) -> None:
        attempt.begun(lambda: Problem(UNAVAILABLE))
        attempt.taken(lambda: Response(b"taken"), SOON - MARGIN)

    assert await answered(30, taken) == b"taken"


async def test_an_answer_leaves_no_timer_behind():
    attempt = Attempt(30)

    async def handle() -> Response:
        attempt.within(20)
        return Response()

    before = timers()
    await attempt.answer(handle)
    assert timers() <= before


def timers() -> set[asyncio.TimerHandle]:
    """The timers of the loop, those of other tests among them."""
    scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return {timer for timer in scheduled if not timer.cancelled()}
