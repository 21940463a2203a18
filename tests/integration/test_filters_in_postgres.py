"""The SQL of a filter finds in Postgres what the filter finds."""

import random
import unicodedata
from itertools import product

import asyncpg
import pytest_asyncio
from hypothesis import given, settings

from postgres.migrate import migrate
from streams.domain.filters import Clock, Filter, matches, parse, where
from streams.domain.filters.dates import Op
from streams.domain.filters.folding import fold
from tests.integration.filtered import COLUMNS, put
from tests.unit.domain.filtering import DAY, HOSTILE, LISTS, NAMES, NOON, ZONES, Task, clocks, filters, some_tasks

DATES = ("today", "yesterday", "thu", "now", "now-6h", "2026-11-25", "2026-11-24T09:00", "2026-11-23T23:59:59")


class Tasks:
    """The same tasks here and in Postgres."""

    def __init__(self, connection: asyncpg.Connection, tasks: list[Task]) -> None:
        self._connection = connection
        self._tasks = tasks

    async def differing(self, filter_: Filter, clock: Clock) -> list[Task]:
        """The tasks that only Postgres or only the filter finds."""
        sql = where(filter_, clock, first=2)
        query = f"select tasks.id::text from rondo.tasks where $1 and {sql.text}"
        found = {row["id"] for row in await self._connection.fetch(query, True, *sql.values)}
        return [
            task
            for task in self._tasks
            if matches(filter_, task, clock, LISTS.get(task.list or "")) != (task.id in found)
        ]


@pytest_asyncio.fixture(scope="module")
async def connection(new_database):
    dsn = new_database()
    migrate(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "America/New_York"})
    await connection.execute(COLUMNS)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module")
async def tasks(connection):
    drawn = some_tasks(random.Random(random.random()))
    await put(connection, drawn)
    return Tasks(connection, drawn)


@settings(max_examples=100, deadline=None)
@given(filters, clocks)
async def test_postgres_finds_what_the_filter_finds(tasks, filter_, clock):
    assert await tasks.differing(filter_, clock) == []


async def test_postgres_finds_the_same_at_every_edge_of_a_date(tasks):
    for field, op, date, zone in product(("due", "start"), Op, DATES, ZONES):
        filter_ = parse(f"{field} {op} {date}")
        assert await tasks.differing(filter_, Clock(NOON, zone)) == [], (str(filter_), zone)


async def test_postgres_finds_the_same_at_every_edge_of_an_instant(tasks):
    for field, op, date in product(("created", "changed", "completed"), Op, DATES):
        filter_ = parse(f"{field} {op} {date}")
        assert await tasks.differing(filter_, Clock(NOON, "UTC")) == [], str(filter_)


async def test_postgres_finds_the_same_overdue(tasks):
    for hours, zone in product(range(0, 48, 3), ZONES):
        for now in (NOON + hours * DAY // 24, NOON + hours * DAY // 24 - 1):
            assert await tasks.differing(parse("overdue"), Clock(now, zone)) == [], (now, zone)


async def test_postgres_finds_the_same_words(tasks):
    for field, sign, word in product(("title", "notes", "tags", "list"), "=~", (*NAMES, *HOSTILE, "cafe", "deep")):
        if sign == "=" or field in {"title", "notes"}:
            quoted = word.replace("\\", "\\\\").replace('"', '\\"')
            filter_ = parse(f'{field} {sign} "{quoted}"')
            assert await tasks.differing(filter_, Clock(NOON, "UTC")) == [], str(filter_)


async def test_postgres_folds_every_letter_as_python_does(connection):
    letters = [chr(code) for code in range(1, 0x110000) if unicodedata.category(chr(code)) not in ("Cs", "Cn")]
    rows = await connection.fetch(
        "select letter, rondo.fold(letter) as folded from unnest($1::text[]) as given (letter)", letters
    )
    assert [row["letter"] for row in rows if row["folded"] != fold(row["letter"])] == []
    assert len(rows) == len(letters)
