"""The addresses of targets in Postgres: spared by rebuilds, and guarded as the views are."""

from collections.abc import Callable
from uuid import uuid4

import asyncpg
import pytest

from postgres import addresses
from postgres.migrate import migrate


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    migrate(dsn)
    return dsn


async def test_addresses_stay_when_the_views_are_rebuilt(dsn: str):
    user, target, address = (str(uuid4()) for _ in range(3))
    async with asyncpg.create_pool(dsn, min_size=0) as pool:
        await addresses.put(pool, user=user, target=target, address=address, sealed=b"sealed", at=0)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("drop schema rondo cascade")
        migrate(dsn)
        async with connection.transaction():
            await connection.execute("set local role rondo_views")
            assert await connection.fetchval("select sealed from rondo_private.addresses") == b"sealed"
    finally:
        await connection.close()


async def test_a_user_sees_and_adds_their_own_addresses_alone(dsn: str):
    user, other = str(uuid4()), str(uuid4())
    async with asyncpg.create_pool(dsn, min_size=0) as pool:
        await addresses.put(pool, user=other, target=str(uuid4()), address=str(uuid4()), sealed=b"sealed", at=0)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("set local role rondo_api")
            await connection.execute("select set_config('rondo.user', $1, true)", user)
            assert await connection.fetch("select from rondo_private.addresses") == []
            insert = "insert into rondo_private.addresses values ($1, $1, $2, '', now())"
            await connection.execute(insert, uuid4(), user)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(insert, uuid4(), other)
