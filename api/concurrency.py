"""Limits the concurrent work of each user, so that no user's requests delay another's."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import anyio

Given = ParamSpec("Given")
Returned = TypeVar("Returned")

THREADS = 2
"""The most pieces of long work that run at once, each in a thread of its own."""


@dataclass
class _Queue:
    """One user's pieces of work that run or wait."""

    slots: anyio.Semaphore
    length: int = 0


class UserLimit:
    """Lets at most ``most`` pieces of one user's work run at once; the others wait in order of arrival."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def of(self, user: str) -> AsyncIterator[None]:
        """Wait for a slot of the user, and hold it until the context ends."""
        queue = self._queues.setdefault(user, _Queue(anyio.Semaphore(self._most, fast_acquire=True)))
        queue.length += 1
        try:
            async with queue.slots:
                yield
        finally:
            queue.length -= 1
            if not queue.length:
                del self._queues[user]

    @property
    def length(self) -> int:
        """The number of pieces of work that run or wait."""
        return sum(queue.length for queue in self._queues.values())


class LongWork:
    """Runs work of more than a few milliseconds in threads, one at a time for each user.

    A thread can't be cancelled. An abandoned one keeps its user's slot and its thread until it ends; otherwise a client
    that sends requests and disconnects could occupy any number of threads.
    """

    def __init__(self) -> None:
        self._limit = UserLimit(1)
        self._threads = anyio.Semaphore(THREADS, fast_acquire=True)
        self._running: set[asyncio.Task[Any]] = set()

    async def run(
        self, user: str, work: Callable[Given, Returned], *given: Given.args, **named: Given.kwargs
    ) -> Returned:
        """Return what ``work`` returns. A cancelled caller does not wait for its end."""
        begun = asyncio.Event()
        running = asyncio.ensure_future(self._run(user, begun, functools.partial(work, *given, **named)))
        self._running.add(running)
        running.add_done_callback(self._ended)
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            if not begun.is_set():
                running.cancel()
            raise
        return running.result()

    async def run_unless(
        self, is_short: bool, user: str, work: Callable[Given, Returned], *given: Given.args, **named: Given.kwargs
    ) -> Returned:
        """Return what ``work`` returns, at once if it is short: a thread costs more than short work."""
        return work(*given, **named) if is_short else await self.run(user, work, *given, **named)

    def _ended(self, running: asyncio.Task[Any]) -> None:
        self._running.discard(running)
        if not running.cancelled():
            running.exception()  # marks it as retrieved: the caller has it, or was cancelled

    async def _run(self, user: str, begun: asyncio.Event, work: Callable[[], Returned]) -> Returned:
        async with self._limit.of(user), self._threads:
            begun.set()
            return await asyncio.to_thread(work)
