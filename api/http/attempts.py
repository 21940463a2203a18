"""Requests under way: each is answered in its time, and no answer denies what was put on the log.

A request goes through phases: what it reads before, the append of its command, the wait for its outcome. Each phase has
its time, whatever hangs meanwhile. Whatever ends a request (its time, the stop of the API, a bug) is answered by the
phase it had come to: before the append nothing was done, during it that is not known, after it the command is taken.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from fastapi import Response
from fastapi.exceptions import RequestValidationError

from api.http.problems import OUTCOME_UNKNOWN, UNAVAILABLE, Problem
from api.views import ViewsAway
from postgres.reader import TooMuch

MARGIN = 1.0
"""Seconds that a phase may take beyond what its parts are given."""
STOP = 3.0
"""Seconds that requests under way have left once the API is told to stop."""
_EXPECTED = (ViewsAway, TooMuch, TimeoutError, asyncio.CancelledError, Problem)
_log = structlog.get_logger("api")


class Attempt:
    """One request on its way: the time that it has, and what its answer must say if it gets no further."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._timeout: asyncio.Timeout | None = None
        self._stop_at: float | None = None
        self._told: Callable[[], Response | Problem] | None = None

    def begun(self, unknown: Callable[[], Problem]) -> None:
        """Say from now on that the command may have been taken: it is about to be appended, or was before."""
        self._told = unknown

    def not_taken(self) -> None:
        """Say again that nothing was done: the command was certainly not appended."""
        self._told = None

    def taken(self, pending: Callable[[], Response], seconds: float) -> None:
        """Say from now on that the command was taken, and give ``seconds`` to what is still to be learned of it."""
        self._told = pending
        self.within(seconds)

    def within(self, seconds: float | None) -> None:
        """Give the phase that begins now so many seconds and a margin; None for as long as it takes."""
        if self._timeout is None or self._timeout.expired():
            return
        now = asyncio.get_running_loop().time()
        ends = [self._stop_at] if self._stop_at is not None else []
        ends += [] if seconds is None else [now + seconds + MARGIN]
        self._timeout.reschedule(min(ends, default=None))

    def read(self) -> None:
        """Begin to count: the client has said all it wanted to."""
        self.within(self._patience)

    def stop(self) -> None:
        """End soon."""
        now = asyncio.get_running_loop().time()
        self._stop_at = now + STOP
        if self._timeout and not self._timeout.expired():
            self._timeout.reschedule(min(self._timeout.when() or self._stop_at, self._stop_at))

    async def answer(self, handle: Callable[[], Awaitable[Response]]) -> Response:
        """Return what ``handle`` returns, or what must be said where it fails. Raises ``Problem`` and its errors."""
        try:
            async with asyncio.timeout(None) as self._timeout:
                self.read()
                return await handle()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is must not be told falsely
            return self._instead(error)

    def _instead(self, error: BaseException) -> Response:
        if _is_final(error):
            raise error
        if self._told is None and not isinstance(error, _ENDED):
            raise error
        if not isinstance(error, _EXPECTED):
            _log.error("request failed", exc_info=error)
        told = self._told() if self._told else Problem(UNAVAILABLE)
        if isinstance(told, Problem):
            raise told from error
        return told


_STOPPING = "The API is stopping, and did nothing with this request. Try again a little later."
_ENDED = (TimeoutError, asyncio.CancelledError)


def _is_final(error: BaseException) -> bool:
    """Whether an error is an answer in itself: it says something else than that nothing was done."""
    if isinstance(error, Problem):
        return error.kind is OUTCOME_UNKNOWN or error.kind.status < 500
    return isinstance(error, RequestValidationError)


class Attempts:
    """The requests under way. After ``stop`` they end soon, and new ones are refused."""

    def __init__(self) -> None:
        self._under_way: set[Attempt] = set()
        self._on_stop: list[Callable[[], None]] = []
        self._stopping = False

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call this, too, when the API is told to stop."""
        self._on_stop.append(call)

    def stop(self) -> None:
        """End soon what is under way, and begin nothing more."""
        self._stopping = True
        for call in self._on_stop:
            call()
        for attempt in self._under_way:
            attempt.stop()

    async def answer(self, attempt: Attempt, handle: Callable[[], Awaitable[Response]]) -> Response:
        """Return the answer to a request. Raises ``Problem``, and what says by itself how it is answered."""
        if self._stopping:
            raise Problem(UNAVAILABLE, _STOPPING)
        self._under_way.add(attempt)
        try:
            return await attempt.answer(handle)
        finally:
            self._under_way.discard(attempt)
