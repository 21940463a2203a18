"""The views of one user: a bounded wait for a connection, and one exception where Postgres is unavailable."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from api.concurrency import UserLimit
from common import causes
from postgres.reader import Reader, View

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,  # it is being migrated
    asyncpg.UndefinedTableError,  # not migrated yet
)


class ViewsAway(ConnectionError):
    """Postgres can't be reached, or does not answer in time."""


class Busy(ViewsAway):
    """The user has too many concurrent reads: this one waited too long for another to end."""


class Views:
    """Opens users' views, at most ``at_once`` of each. Connections are made on demand: startup needs no Postgres."""

    def __init__(self, pool: asyncpg.Pool, timeout: float, at_once: int) -> None:
        self._reader, self._timeout, self._limit = Reader(pool), timeout, UserLimit(at_once)

    @asynccontextmanager
    async def of(self, user: str, seconds: float | None = None) -> AsyncIterator[View]:
        """Open the user's views, in one snapshot, for at most ``seconds``, the wait for a slot included.

        A caller with open views must not open others of the same user. Raises ``TooMuch``, or ``ViewsAway`` or its
        subclass ``Busy``.
        """
        limit = self._timeout if seconds is None else min(seconds, self._timeout)
        try:
            async with asyncio.timeout(limit) as time, self._slot(user, limit / 2):
                left = (time.when() or 0) - asyncio.get_running_loop().time()
                async with self._reader.user(user, left, limit) as view:
                    yield view
        except Busy:
            raise
        except _AWAY as error:
            raise ViewsAway(causes.described(error)) from error

    @asynccontextmanager
    async def _slot(self, user: str, seconds: float) -> AsyncIterator[None]:
        """Wait for a slot of the user, at most ``seconds``: after that too little time is left for reading."""
        async with AsyncExitStack() as slot:
            try:
                async with asyncio.timeout(seconds):
                    await slot.enter_async_context(self._limit.of(user))
            except TimeoutError as error:
                raise Busy("too many reads of one user at once") from error
            yield

    async def reachable(self) -> bool:
        """Return whether Postgres answers now."""
        async with asyncio.timeout(self._timeout):
            return await self._reader.answers()
