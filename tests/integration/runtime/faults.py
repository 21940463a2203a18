"""Faults at named points of workers in this process; each says so where its point was never reached."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from streams.runtime.failpoints import Action, Failed, Point, armed

SECONDS = 30.0


class Pause:
    """The first task that reaches a point waits there until it is released; later ones pass."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._go = asyncio.Event()

    async def reached(self) -> None:
        """Wait until a task has reached it."""
        async with asyncio.timeout(SECONDS):
            await self._reached.wait()

    def go(self) -> None:
        """Let it go on."""
        self._go.set()

    async def arrive(self) -> None:
        if not self._reached.is_set():
            self._reached.set()
            await self._go.wait()


@contextmanager
def pausing(stage: str, point: Point) -> Iterator[Pause]:
    """Stop the first who comes to a point; it goes on after the body at the latest."""
    pause = Pause()
    with passing(stage, point, pause.arrive):
        try:
            yield pause
        finally:
            pause.go()


@contextmanager
def failing(stage: str, point: Point, times: int = 1) -> Iterator[asyncio.Event]:
    """Raise at a point ``times`` times; the event says that it did."""
    left, done = iter(range(times - 1, -1, -1)), asyncio.Event()

    async def fail() -> None:
        if (following := next(left, None)) is None:
            return
        if following == 0:
            done.set()
        raise Failed("A failpoint raised.")

    with passing(stage, point, fail):
        yield done
        assert done.is_set(), f"{point} was not reached {times} times."


@contextmanager
def passing(stage: str, point: Point, action: Action) -> Iterator[list[Point]]:
    """Do something at a point; the list grows by each time that it is reached, and it has to be at least once."""
    passed: list[Point] = []

    async def reach() -> None:
        passed.append(point)
        await action()

    with armed(stage, point, reach):
        yield passed
    assert passed, f"{point} was never reached."


async def nothing() -> None:
    """Do nothing, where it is only counted how often a point is reached."""
