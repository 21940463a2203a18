"""A read's transaction is ended by the next read, or soon; no user and no waiting read notices."""

import asyncio
from collections.abc import AsyncIterator
from typing import Self

import asyncpg
import pytest
import pytest_asyncio

from postgres import reader as postgres_reader
from postgres.migrate import migrate
from postgres.reader import Reader
from tests.integration.postgres_records import Log, a_task, event, new_user

FOR_EVER = 3600.0


@pytest_asyncio.fixture(params=[100, 0], ids=["direct", "through a pooler"])
async def pool(postgres: str, request: pytest.FixtureRequest) -> AsyncIterator[asyncpg.Pool]:
    """One connection."""
    migrate(postgres)
    pool = await postgres_reader.pool(postgres, min_size=1, max_size=1, statement_cache_size=request.param)
    yield pool
    pool.terminate()


async def with_task(pool: asyncpg.Pool) -> str:
    """A user with a task."""
    user = new_user()
    async with pool.acquire() as connection:
        await Log(connection).write(event(a_task(user)))
    return user


async def sees(reader: Reader, user: str, of: str) -> bool:
    """Whether a user sees the task of another."""
    async with reader.user(user) as view:
        return await view.task(a_task(of).id) is not None


async def test_a_read_sends_one_message_beside_its_queries(pool: asyncpg.Pool):
    sent: list[str] = []
    user, reader = await with_task(pool), Reader(pool, FOR_EVER)
    async with reader.user(user) as view:
        view._connection.add_query_logger(lambda query: sent.append(query.query.split(None, 2)[0]))
    for _ in range(3):
        assert await sees(reader, user, user)
    await asyncio.sleep(0)  # asyncpg calls the logger soon
    assert sent == ["rollback;", "select"] * 3


async def test_who_reads_on_the_same_connection_sees_their_own_rows_alone(pool: asyncpg.Pool):
    users = [await with_task(pool) for _ in range(3)]
    reader = Reader(pool, FOR_EVER)
    for user in [*users, *users]:
        assert [other for other in users if await sees(reader, user, other)] == [user]


async def test_each_read_sees_what_was_written_before_it(pool: asyncpg.Pool, postgres: str):
    user, reader = new_user(), Reader(pool, FOR_EVER)
    writing = await asyncpg.connect(postgres)
    assert not await sees(reader, user, user)
    await Log(writing).write(event(a_task(user)))
    assert await sees(reader, user, user)
    await writing.close()


async def test_a_read_that_failed_leaves_nothing_to_the_next(pool: asyncpg.Pool):
    user, reader = await with_task(pool), Reader(pool, FOR_EVER)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with reader.user(user) as view:
            await view._connection.fetch("select 1 / 0")
    assert await sees(reader, user, user)


async def test_a_transaction_without_a_next_read_ends_soon(pool: asyncpg.Pool):
    user = await with_task(pool)
    assert await sees(Reader(pool), user, user)
    async with asyncio.timeout(20), pool.acquire() as connection:  # it has been given back
        assert not connection.is_in_transaction()


async def test_nobody_waits_for_a_connection_that_is_left_open(pool: asyncpg.Pool):
    users = [await with_task(pool) for _ in range(2)]
    reader = Reader(pool, FOR_EVER)
    async with asyncio.timeout(20):
        assert all(await asyncio.gather(*(sees(reader, user, user) for user in users * 10)))


async def test_a_connection_that_was_closed_meanwhile_is_replaced(pool: asyncpg.Pool):
    user, reader = await with_task(pool), Reader(pool, FOR_EVER)
    async with reader.user(user) as view:
        connection = view._connection
    connection.terminate()
    async with asyncio.timeout(20):
        assert await sees(reader, user, user)


async def test_of_connections_in_doubt_a_second_one_that_fails_puts_no_newer_ones_in_doubt(postgres: str):
    migrate(postgres)
    async with postgres_reader.pool(postgres, min_size=0, max_size=3) as pool:
        reader = Reader(pool, FOR_EVER)
        older = [await Reading.of(reader) for _ in range(2)]
        await older[0].cancel()
        newer = await Reading.of(reader)
        await newer.end()
        await older[1].cancel()
        again = await Reading.of(reader)
        assert again.backend == newer.backend
        await again.end()
        pool.terminate()


class Reading:
    """A read that goes on until it is ended or cancelled, and its connection's process in Postgres."""

    def __init__(self, reader: Reader) -> None:
        self.backend, self._ends = 0, asyncio.Event()
        self._begun = asyncio.Event()
        self._task = asyncio.ensure_future(self._read(reader))

    @classmethod
    async def of(cls, reader: Reader) -> Self:
        reading = cls(reader)
        await reading._begun.wait()
        return reading

    async def _read(self, reader: Reader) -> None:
        async with reader.user(new_user()) as view:
            self.backend = view._connection.get_server_pid()
            self._begun.set()
            await self._ends.wait()

    async def end(self) -> None:
        self._ends.set()
        await self._task

    async def cancel(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
