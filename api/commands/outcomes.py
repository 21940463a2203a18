"""Waits for what becomes of commands: woken by Postgres's NOTIFY, looking again by itself where that is lost."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from api.models.entities import Subject
from api.views import Views, ViewsAway
from postgres import channel
from postgres.reader import Outcome
from schemas import causes

LEAST = 1.0
"""Seconds that any look has, however little is left of the wait."""
_log = structlog.get_logger("api.commands.outcomes")


@dataclass(frozen=True)
class Answered:
    """A command's outcome, and what it was about as it was in the same snapshot of the views; None where it was not."""

    outcome: Outcome
    item: Any


class Outcomes:
    """Outcomes by command id. ``run`` keeps listening; ``look`` and ``wait`` may be called at any time.

    So many as ``waits`` of one user may wait at once.
    """

    def __init__(self, dsn: str, views: Views, poll: float, pause: float, waits: int) -> None:
        self._dsn, self._views, self._poll, self._pause, self._waits = dsn, views, poll, pause, waits
        self._waiting: Counter[str] = Counter()  # by user
        self._waiters: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._stopping = False
        self.listening = False

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self._stopping = True
        self._wake(list(self._waiters))

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made again, and everyone who waits looks again."""
        while True:
            try:
                await channel.listen(self._dsn, self._began, self._wake)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may succeed
                _log.warning("not listening for outcomes", reason=causes.described(error))
            finally:
                self.listening = False
            await asyncio.sleep(self._pause)

    async def look(self, user: str, command: str, seconds: float | None = None) -> Answered | None:
        """Return what became of the user's command.

        None where that does not stand in the views, or they are away, or don't say so within ``seconds``.
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
        """Return what became of the user's command, None where that is not known within ``seconds``.

        Where too many of the user's wait already, only a look is taken: a wait is a preference (RFC 7240), and who
        waits holds a connection.
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
            while not (answered := await self.look(user, command, max(deadline - clock.time(), LEAST))):
                if (left := deadline - clock.time()) <= 0 or self._stopping:
                    break
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), min(left, self._poll))
                woken.clear()
            return answered
        finally:
            self._leave(command, woken)

    def _leave(self, command: str, woken: asyncio.Event) -> None:
        self._waiters[command].discard(woken)
        if not self._waiters[command]:
            del self._waiters[command]

    def _began(self) -> None:
        self.listening = True
        self._wake(list(self._waiters))  # of what came before, nobody heard

    def _wake(self, commands: Sequence[str]) -> None:
        for command in commands:
            for woken in self._waiters.get(command, ()):
                woken.set()
