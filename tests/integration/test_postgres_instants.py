from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.times import END
from postgres.migrate import migrate

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module")
async def connection(postgres):
    migrate(postgres)
    connection = await asyncpg.connect(postgres, server_settings={"timezone": "America/New_York"})
    yield connection
    await connection.close()


@settings(max_examples=100)
@given(st.integers(-(10**13), END - 1))
@example(-1)
@example(0)
@example(END - 1)
async def test_an_instant_is_exact_to_the_millisecond(connection, milliseconds):
    instant = await connection.fetchval("select rondo.instant($1)", milliseconds)
    assert instant == EPOCH + timedelta(milliseconds=milliseconds)


async def test_no_milliseconds_are_no_instant(connection):
    assert await connection.fetchval("select rondo.instant(null)") is None


async def test_milliseconds_beyond_the_calendar_are_refused(connection):
    with pytest.raises(asyncpg.DataError):
        await connection.fetchval("select rondo.instant($1)", 2**63 - 1)


async def test_the_expression_stands_in_the_place_of_a_call(connection):
    plan = await connection.fetch("explain verbose select rondo.instant(n) from generate_series(1, 2::bigint) as n")
    assert "instant(" not in "\n".join(line for (line,) in plan)
