"""Requests in progress: each is answered in time, and no answer denies what was appended to the log.

A request has three phases: the reads before, the append of its command, and the wait for its outcome. Each phase has a
time limit, whatever hangs. When a request ends early (timeout, shutdown, bug), its phase determines the answer: before
the append nothing was done, during it the outcome is unknown, after it the command is accepted.
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
"""Seconds that a phase may take beyond the limits of its parts."""
STOP = 3.0
"""Seconds that requests in progress have left once the API is stopping."""
_EXPECTED = (ViewsAway, TooMuch, TimeoutError, asyncio.CancelledError, Problem)
_log = structlog.get_logger("api")


class Attempt:
    """One request in progress: its time limit, and its answer if it gets no further."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._timeout: asyncio.Timeout | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._end: float | None = None
        self._stop_at: float | None = None
        self._fallback: Callable[[], Response | Problem] | None = None

    def begun(self, unknown: Callable[[], Problem]) -> None:
        """Answer from now on that the command may be on the log: it is about to be appended, or was before."""
        self._fallback = unknown

    def not_taken(self) -> None:
        """Answer again that nothing was done: the command was certainly not appended."""
        self._fallback = None

    def taken(self, pending: Callable[[], Response], seconds: float) -> None:
        """Answer from now on that the command is on the log, and allow ``seconds`` for learning its outcome."""
        self._fallback = pending
        self.within(seconds)

    def within(self, seconds: float | None) -> None:
        """Limit the phase that begins now to ``seconds`` and a margin; None is no limit."""
        if self._timeout is None or self._timeout.expired():
            return
        end = None if seconds is None else asyncio.get_running_loop().time() + seconds + MARGIN
        if self._stop_at is not None:
            end = self._stop_at if end is None else min(end, self._stop_at)
        self._end_at(end)

    def read(self) -> None:
        """Start the time limit: the request has been received."""
        self.within(self._patience)

    def stop(self) -> None:
        """End soon."""
        now = asyncio.get_running_loop().time()
        self._stop_at = now + STOP
        if self._timeout and not self._timeout.expired():
            self._end_at(min(self._end or self._stop_at, self._stop_at))

    def _end_at(self, end: float | None) -> None:
        """End the phase at ``end``, None for never. A timer that is due before is kept: most requests end before it."""
        self._end = end
        if end is None or (self._timer is not None and self._timer.when() <= end):
            return
        self._set_timer(end)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when, self._look)

    def _look(self) -> None:
        """End the phase if its time is over, or look again once it is."""
        self._timer = None
        if self._end is None or self._timeout is None or self._timeout.expired():
            return
        if asyncio.get_running_loop().time() < self._end:
            self._set_timer(self._end)
        else:
            self._timeout.reschedule(self._end)

    async def answer(self, handle: Callable[[], Awaitable[Response]]) -> Response:
        """Return what ``handle`` returns, or the fallback where it fails. Raises ``Problem`` and its errors."""
        try:
            async with asyncio.timeout(None) as self._timeout:
                self.read()
                return await handle()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - no error may hide that the command was appended
            return self._instead(error)
        finally:
            self._timeout = None
            if self._timer is not None:
                self._timer.cancel()

    def _instead(self, error: BaseException) -> Response:
        if _is_final(error):
            raise error
        if self._fallback is None and not isinstance(error, _ENDED):
            raise error
        if not isinstance(error, _EXPECTED):
            _log.error("request failed", exc_info=error)
        answer = self._fallback() if self._fallback else Problem(UNAVAILABLE)
        if isinstance(answer, Problem):
            raise answer from error
        return answer


_STOPPING = "The API is stopping, and did nothing with this request. Try again a little later."
_ENDED = (TimeoutError, asyncio.CancelledError)


def _is_final(error: BaseException) -> bool:
    """Return whether an error is the answer: it says more than that nothing was done."""
    if isinstance(error, Problem):
        return error.kind is OUTCOME_UNKNOWN or error.kind.status < 500
    return isinstance(error, RequestValidationError)


class Attempts:
    """The requests in progress. After ``stop`` they end soon, and new ones are refused."""

    def __init__(self) -> None:
        self._under_way: set[Attempt] = set()
        self._on_stop: list[Callable[[], None]] = []
        self._stopping = False

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call ``call``, too, when the API stops."""
        self._on_stop.append(call)

    def stop(self) -> None:
        """End requests in progress soon, and accept no more."""
        self._stopping = True
        for call in self._on_stop:
            call()
        for attempt in self._under_way:
            attempt.stop()

    async def answer(self, attempt: Attempt, handle: Callable[[], Awaitable[Response]]) -> Response:
        """Return the answer to a request. Raises ``Problem``, and other errors that have a handler."""
        if self._stopping:
            raise Problem(UNAVAILABLE, _STOPPING)
        self._under_way.add(attempt)
        try:
            return await attempt.answer(handle)
        finally:
            self._under_way.discard(attempt)
