"""Transactions of reads, each in one round trip less: its end is sent with the beginning of the next one.

A read's transaction has nothing to keep. So it stays open when its read is over, and the next read on the connection
rolls it back and begins its own by one message; without a next one it is rolled back after ``LINGER``. No connection
stays open while somebody waits for one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
from asyncpg import Connection, Pool

from postgres import connections

LINGER = 0.05
"""Seconds that a transaction stays open when its read is over, so that the next read ends it. Its snapshot delays
vacuuming, and its locks a migration, no longer than that."""
_ENDING = 10.0
"""Seconds that ending a transaction may take; after that the connection is closed."""


def pool(dsn: str, **options: object) -> Pool:
    """Return a pool of connections for ``Transactions``, to be entered, with asyncpg's options.

    It omits asyncpg's reset of a released connection, a round trip each time: a connection has no state.
    """
    return connections.pool(dsn, reset=_as_it_is, init=_note_opening, connection_class=_Dated, **options)


class _Dated(asyncpg.Connection):  # type: ignore[misc]
    """A connection with the time at which it was opened, by the event loop's clock."""

    opened = 0.0


async def _note_opening(connection: _Dated) -> None:
    connection.opened = asyncio.get_running_loop().time()


async def _as_it_is(_connection: Connection) -> None:
    """Do nothing: its transaction was rolled back."""


class Transactions:
    """The transactions of reads on the connections of a ``pool``."""

    def __init__(self, pool: Pool, linger: float = LINGER) -> None:
        self._pool, self._linger = pool, linger
        self._doubted = 0.0  # connections that were opened before may be as dead as the one that did not answer then
        self._over: dict[Connection, asyncio.TimerHandle] = {}  # connections whose transactions are still open
        self._waiting = 0
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def begun(self, opening: Callable[[], str]) -> AsyncIterator[Connection]:
        """Begin a transaction by the statements of ``opening``. Raises asyncpg's errors."""
        connection = before = self._left_open()
        if connection is None:
            connection = await self._acquired()
        try:
            await connection.execute(f"rollback; {opening()}" if before else opening())
            yield connection
        except asyncio.CancelledError:
            self._give_up(connection)
            raise
        finally:
            self._leave(connection)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """Take a connection from the pool.

        If the caller is cancelled, such as by a timeout, the connection is terminated: asyncpg would ask Postgres over
        another connection to cancel the query, and wait for the answer without a limit.
        """
        connection = await self._acquired()
        try:
            yield connection
        except asyncio.CancelledError:
            self._give_up(connection)
            raise
        finally:
            await self._pool.release(connection)

    def _give_up(self, connection: Connection) -> None:
        """Terminate a connection; with it those are in doubt that were opened before, unless they were already."""
        if getattr(connection, "opened", 0.0) >= self._doubted:
            self._doubted = asyncio.get_running_loop().time()
        if not _is_closed(connection):
            connection.terminate()

    def _left_open(self) -> Connection | None:
        """Take the connection whose read was over last, None where there is none."""
        while self._over:
            connection, timer = self._over.popitem()
            timer.cancel()
            if not _is_closed(connection) and connection.opened >= self._doubted:
                return connection
            self._end(connection)
        return None

    async def _acquired(self) -> Connection:
        self._waiting += 1
        try:
            while True:
                connection = await self._pool.acquire()
                if connection.opened >= self._doubted:
                    return connection
                connection.terminate()
                await self._pool.release(connection)
        finally:
            self._waiting -= 1

    def _leave(self, connection: Connection) -> None:
        """Leave a transaction to the next read, unless somebody waits for a connection."""
        if self._waiting or _is_closed(connection):
            self._end(connection)
        else:
            loop = asyncio.get_running_loop()
            self._over[connection] = loop.call_later(self._linger, self._expire, connection)

    def _expire(self, connection: Connection) -> None:
        del self._over[connection]
        self._end(connection)

    def _end(self, connection: Connection) -> None:
        ending = asyncio.ensure_future(self._ended(connection))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _ended(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(_ENDING):
                if not _is_closed(connection):
                    await connection.execute("rollback")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._give_up(connection)
        finally:
            with suppress(asyncpg.InterfaceError):  # the pool was closed meanwhile
                await self._pool.release(connection)


def _is_closed(connection: Connection) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool took it back when it was closed
        return True
