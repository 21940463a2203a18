"""Waits for outcomes of commands: woken by Postgres's NOTIFY, and polling in case one is lost."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from api.models.entities import Subject
from api.views import Views, ViewsAway
from common import causes
from domain.tasks import TASK
from postgres import channel
from postgres.reader import Outcome, Task, View

LEAST = 1.0
"""The minimum seconds for a look, however little is left of the wait."""
_log = structlog.get_logger("api.commands.outcomes")


@dataclass(frozen=True)
class Answered:
    """A command's outcome, and its entity in the same snapshot of the views; None where that does not exist."""

    outcome: Outcome
    item: Any


@dataclass
class _Look:
    """A read of the outcomes of one user's commands that has not begun: every look until then shares it.

    A block wakes all who wait for one of its commands at once.
    """

    commands: set[str] = field(default_factory=set)
    found: asyncio.Future[Mapping[str, Answered]] | None = None


class Outcomes:
    """Outcomes by command id. ``run`` keeps listening; ``look`` and ``wait`` may be called at any time.

    At most ``waits`` requests of one user wait at once.
    """

    def __init__(self, dsn: str, views: Views, poll: float, pause: float, waits: int) -> None:
        self._dsn, self._views, self._poll, self._pause, self._waits = dsn, views, poll, pause, waits
        self._waiting: Counter[str] = Counter()  # by user
        self._waiters: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._looks: dict[str, _Look] = {}  # by user
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
        look = self._looks.setdefault(user, _Look())
        look.commands.add(command)
        look.found = look.found or asyncio.ensure_future(self._found(user, look))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return (await asyncio.shield(look.found)).get(command)
        return None

    async def _found(self, user: str, look: _Look) -> Mapping[str, Answered]:
        """Return the outcomes that the views have, by command; none if they are unavailable."""
        try:
            async with self._views.of(user) as view:
                del self._looks[user]  # the snapshot begins with the query
                return {
                    id_: await _answered(view, *found) for id_, found in (await view.answers([*look.commands])).items()
                }
        except ViewsAway:
            return {}
        finally:
            if self._looks.get(user) is look:
                del self._looks[user]

    @contextmanager
    def expecting(self, command: str) -> Iterator[asyncio.Event]:
        """Hear of a command's outcome from now on: before it is on the log, so that it is not missed."""
        woken = asyncio.Event()
        self._waiters[command].add(woken)
        try:
            yield woken
        finally:
            self._waiters[command].discard(woken)
            if not self._waiters[command]:
                del self._waiters[command]

    async def wait(
        self, user: str, command: str, seconds: float, expected: asyncio.Event | None = None
    ) -> Answered | None:
        """Return the outcome of the user's command, None where it is not known within ``seconds``.

        ``expected`` is from ``expecting``, for a command that was not answered then; without it, it looks first. If too
        many requests of the user wait already, it only looks: a wait is a preference (RFC 7240), and each holds a
        connection.
        """
        if self._waiting[user] >= self._waits:
            return await self.look(user, command, LEAST)
        self._waiting[user] += 1
        try:
            with nullcontext(expected) if expected else self.expecting(command) as woken:
                return await self._wait(user, command, seconds, woken, looks=expected is None)
        finally:
            self._waiting[user] -= 1
            if not self._waiting[user]:
                del self._waiting[user]

    async def _wait(
        self, user: str, command: str, seconds: float, woken: asyncio.Event, *, looks: bool
    ) -> Answered | None:
        clock = asyncio.get_running_loop()
        deadline = clock.time() + seconds
        if not looks and self.listening and not self._stopping:
            await _heard(woken, min(seconds, self._poll))
        while not (answered := await self.look(user, command, max(deadline - clock.time(), LEAST))):
            if (left := deadline - clock.time()) <= 0 or self._stopping:
                break
            await _heard(woken, min(left, self._poll))
        return answered

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


async def _answered(view: View, outcome: Outcome, task: Task | None) -> Answered:
    """Return an outcome and its task, or the other entity that it names."""
    about = Subject.of(outcome.task, outcome.subject)
    if about is None or about.resource.of is TASK:
        return Answered(outcome, task)
    return Answered(outcome, await view.entity(about.resource.table, about.name))
