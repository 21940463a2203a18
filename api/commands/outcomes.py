"""Waits for outcomes of commands: woken by Postgres's NOTIFY, and polling in case one is lost."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from api.models.entities import Subject
from api.views import Views, ViewsAway
from common import causes
from postgres import channel
from postgres.reader import Outcome

LEAST = 1.0
"""The minimum seconds for a look, however little is left of the wait."""
FIRST = 0.05
"""Seconds until the first look, unless the outcome is heard of before: a look takes as long as a command's way."""
_log = structlog.get_logger("api.commands.outcomes")


@dataclass(frozen=True)
class Answered:
    """A command's outcome, and its entity in the same snapshot of the views; None where that does not exist."""

    outcome: Outcome
    item: Any


class Outcomes:
    """Outcomes by command id. ``run`` keeps listening; ``look`` and ``wait`` may be called at any time.

    At most ``waits`` requests of one user wait at once.
    """

    def __init__(self, dsn: str, views: Views, poll: float, pause: float, waits: int) -> None:
        self._dsn, self._views, self._poll, self._pause, self._waits = dsn, views, poll, pause, waits
        self._waiting: Counter[str] = Counter()  # by user
        self._waiters: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._stopping = False
        self.listening = False

    def stop(self) -> None:
        """End all waits."""
        self._stopping = True
        self._wake(list(self._waiters))

    async def run(self) -> None:
        """Listen until cancelled; after a lost connection reconnect, and let every waiter look again."""
        while True:
            try:
                await channel.listen(self._dsn, self._began, self._wake)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may succeed
                _log.warning("not listening for outcomes", reason=causes.described(error))
            finally:
                self.listening = False
            await asyncio.sleep(self._pause)

    async def look(self, user: str, command: str, seconds: float | None = None) -> Answered | None:
        """Return the outcome of the user's command.

        None if the views don't have it, are unavailable, or don't answer within ``seconds``.
        """
        with suppress(ViewsAway):
            async with self._views.of(user, seconds) as view:
                outcome = await view.command(command)
                if outcome:
                    about = Subject.of(outcome.task, outcome.subject)
                    item = await view.entity(about.resource.table, about.name) if about else None
                    return Answered(outcome, item)
        return None

    async def wait(self, user: str, command: str, seconds: float) -> Answered | None:
        """Return the outcome of the user's command, None where it is not known within ``seconds``.

        If too many requests of the user wait already, it only looks: a wait is a preference (RFC 7240), and each holds
        a connection.
        """
        if self._waiting[user] >= self._waits:
            return await self.look(user, command, LEAST)
        self._waiting[user] += 1
        try:
            return await self._wait(user, command, seconds)
        finally:
            self._waiting[user] -= 1
            if not self._waiting[user]:
                del self._waiting[user]

    async def _wait(self, user: str, command: str, seconds: float) -> Answered | None:
        clock = asyncio.get_running_loop()
        deadline, woken = clock.time() + seconds, asyncio.Event()
        self._waiters[command].add(woken)  # before looking, so that no wake falls between the two
        try:
            if self.listening and not self._stopping:
                await _heard(woken, min(seconds, FIRST))
            while not (answered := await self.look(user, command, max(deadline - clock.time(), LEAST))):
                if (left := deadline - clock.time()) <= 0 or self._stopping:
                    break
                await _heard(woken, min(left, self._poll))
            return answered
        finally:
            self._leave(command, woken)

    def _leave(self, command: str, woken: asyncio.Event) -> None:
        self._waiters[command].discard(woken)
        if not self._waiters[command]:
            del self._waiters[command]

    def _began(self) -> None:
        self.listening = True
        self._wake(list(self._waiters))  # earlier notifications were missed

    def _wake(self, commands: Sequence[str]) -> None:
        for command in commands:
            for woken in self._waiters.get(command, ()):
                woken.set()


async def _heard(woken: asyncio.Event, seconds: float) -> None:
    """Return once woken, or after some seconds."""
    with suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), seconds)
    woken.clear()
