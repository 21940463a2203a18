"""The SQL of a filter finds in Postgres what the filter finds."""

import random
from itertools import product

import asyncpg
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.folding import fold
from domain.query import Clock, Filter, Sort, matches, parse
from domain.query.dates import Op
from domain.query.tree import Text
from domain.times import local
from postgres import ordering
from postgres.conditions import Sql, where
from postgres.migrate import migrate
from schemas.records import Priority, Task
from tests.integration.filtered import put
from tests.unit.domain.filtering import (
    DAY,
    HOSTILE,
    NAMES,
    NOON,
    PARENTS,
    ZONES,
    clocks,
    filters,
    list_of,
    parent_of,
    some_tasks,
    sorts,
)

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
        return [task for task in self._tasks if (task.id in found) != self._is_found(filter_, task, clock)]

    def _is_found(self, filter_: Filter, task: Task, clock: Clock) -> bool:
        return matches(filter_, task, clock, list_of(task), parent_of(task))

    async def sorted(self, order: Sort) -> list[str]:
        """The ids of all tasks, sorted."""
        rows = await self._connection.fetch(
            f"select tasks.id::text from rondo.tasks order by {ordering.order_by(order)}"
        )
        return [row["id"] for row in rows]

    async def pages(self, order: Sort, size: int) -> list[str]:
        """The same, page by page."""
        found, rows, following = [], [], (Sql("$1", (True,)),)
        while not found or len(rows) == size:
            rows = []
            for behind in following:
                columns = f"tasks.id::text, {ordering.position(order)} as position"
                query = f"select {columns} from rondo.tasks where {behind.text}"
                query = f"{query} order by {ordering.order_by(order)} limit {size - len(rows)}"
                rows += await self._connection.fetch(query, *behind.values)
            found += [row["id"] for row in rows]
            following = ordering.after(order, rows[-1]["position"]) if rows else following
        return found

    def sorted_here(self, order: Sort) -> list[str]:
        """The ids of all tasks, sorted by the least key first, then by the one before it …"""
        tasks = sorted(self._tasks, key=lambda task: task.id, reverse=order.keys[-1].down)
        for key in reversed(order.keys):
            tasks.sort(key=VALUES[key.field], reverse=key.down)
            tasks.sort(key=lambda task, value=VALUES[key.field]: not value(task))
        return [task.id for task in tasks]


VALUES = {
    "title": lambda task: (fold(task.title),),
    "priority": lambda task: (list(Priority).index(task.priority),),
    "start": lambda task: () if task.start is None else (local(task.start),),
    "due": lambda task: () if task.due is None else (local(task.due),),
    "order": lambda task: (task.rank,),
    "pinned": lambda task: (task.pinned,),
    "created": lambda task: (task.created_at,),
    "completed": lambda task: () if task.completed_at is None else (task.completed_at,),
    "changed": lambda task: (task.changed_at,),
}
"""What a task is sorted by; nothing where it has no such thing."""


@pytest_asyncio.fixture(scope="module")
async def connection(new_database):
    dsn = new_database()
    migrate(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "America/New_York"})
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module")
async def tasks(connection):
    drawn = [*PARENTS, *some_tasks(random.Random(random.random()))]
    await put(connection, drawn)
    return Tasks(connection, drawn)


@settings(max_examples=100)
@given(filters, clocks)
async def test_postgres_finds_what_the_filter_finds(tasks, filter_, clock):
    assert await tasks.differing(filter_, clock) == []


async def test_postgres_finds_the_same_at_every_edge_of_a_date(tasks):
    for op, date, zone in product(Op, DATES, ZONES):
        filter_ = parse(f"due {op} {date}")
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


async def test_postgres_finds_the_same_of_many_texts(tasks):
    quoted = ", ".join(str(Text("text", word)) for word in (*NAMES, *HOSTILE))
    for field, sign in product(("title", "notes"), ("in", "not in")):
        filter_ = parse(f"{field} {sign} ({quoted}) or {field} ~ cafe")
        assert await tasks.differing(filter_, Clock(NOON, "UTC")) == [], str(filter_)


async def test_postgres_finds_the_same_parts(tasks):
    for text in ("has parent", "no parent", "no parent and not deleted", "has parent or #home"):
        assert await tasks.differing(parse(text), Clock(NOON, "UTC")) == [], text


@settings(max_examples=40)
@given(sorts)
async def test_postgres_sorts_as_it_is_written(tasks, order):
    assert await tasks.sorted(order) == tasks.sorted_here(order)


@settings(max_examples=30)
@given(sorts, st.integers(15, 120))
async def test_pages_put_together_are_the_sorted_list(tasks, order, size):
    assert await tasks.pages(order, size) == await tasks.sorted(order)
