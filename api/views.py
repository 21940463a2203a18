"""The read views, one user's at a time: a bounded wait for a connection, and one exception where Postgres is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from postgres.reader import Reader, View

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.UndefinedTableError,  # not migrated yet
)


class ViewsAway(ConnectionError):
    """Postgres can't be reached, or does not answer in time."""


class Views:
    """Opens one user's views. Connections are made when they are first needed, so that starting needs no Postgres."""

    def __init__(self, pool: asyncpg.Pool, timeout: float) -> None:
        self._reader, self._pool, self._timeout = Reader(pool), pool, timeout

    @asynccontextmanager
    async def of(self, user: str) -> AsyncIterator[View]:
        """Open the user's views, in one snapshot. Raises ``ViewsAway``."""
        try:
            async with asyncio.timeout(self._timeout), self._reader.user(user) as view:
                yield view
        except _AWAY as error:
            raise ViewsAway(str(error) or type(error).__name__) from error

    async def reachable(self) -> bool:
        """Return whether Postgres answers now."""
        return bool(await self._pool.fetchval("select true", timeout=self._timeout))
