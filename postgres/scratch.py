"""Folds the views again into temporary tables, by the same statements, and compares these with the current views.

All of it is one transaction on one snapshot, rolled back at the end. So positions and rows are consistent however busy
the views stage is, and nothing is left behind. The cost is a snapshot that is held until the fold ends.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from asyncpg import Connection

from postgres import connections
from postgres.queries import load
from postgres.writer import ORDER, Rows, put_rows

TABLES = tuple(query.removeprefix("put_") for query in ORDER if query.startswith("put_"))
"""The tables of the views, each with the query ``put_<table>`` that writes it."""

_SOON = 1000

_CREATE = "".join(f"create temporary table {name} (like rondo.{name} including all) on commit drop;" for name in TABLES)
"""Creates empty copies of the tables, for this transaction only."""

_MEASURE = f"analyze {', '.join(f'pg_temp.{name}' for name in TABLES)}"
"""Updates the planner's statistics: autovacuum does not for temporary tables."""


@dataclass(frozen=True)
class Different:
    """A row that differs, by its key; a missing row is empty."""

    table: str
    key: Mapping[str, Any]
    current: Mapping[str, Any]
    replayed: Mapping[str, Any]


class Scratch:
    """A snapshot of the views, and temporary tables with the same columns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queries = load()
        self._written = 0
        self._measure_at = _SOON

    async def positions(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """Return the views' positions in topics, by topic and partition."""
        rows = self._queries.read_positions(self._connection, topics=topics)
        return {(row["topic"], row["partition"]): row["position"] async for row in rows}

    async def write(self, rows: Rows) -> None:
        """Write rows into the temporary tables, as the views stage does into the views."""
        await put_rows(self._connection, rows, "pg_temp")
        self._written += len(rows)
        if self._written > self._measure_at:
            await self._connection.execute(_MEASURE)
            self._measure_at = 4 * self._written

    async def rows(self, table: str) -> AsyncIterator[dict[str, Any]]:
        """Yield a temporary table's rows in the order of its key."""
        key = ", ".join(await self._key(table))
        query = f"select to_jsonb(given) from pg_temp.{table} as given order by {key}"  # noqa: S608 - names of ours
        async for (row,) in self._connection.cursor(query):
            yield json.loads(row)

    async def count(self) -> int:
        """Return how many rows the views have."""
        return sum([await self._connection.fetchval(f"select count(*) from rondo.{name}") for name in TABLES])  # noqa: S608 - names of ours

    async def difference(self) -> Different | None:
        """Return the first row that differs, by table and key; None if none does."""
        for table in TABLES:
            if found := await self._different(table, await self._key(table)):
                return found
        return None

    async def _different(self, table: str, names: list[str]) -> Different | None:
        key = ", ".join(names)
        query = f"""
            select to_jsonb(stored), to_jsonb(replayed)
            from rondo.{table} as stored full join pg_temp.{table} as replayed using ({key})
            where stored is distinct from replayed order by {key} limit 1"""  # noqa: S608 - names of ours
        if (found := await self._connection.fetchrow(query)) is None:
            return None
        current, replayed = ({} if row is None else json.loads(row) for row in found)
        return Different(table, {name: (current or replayed)[name] for name in names}, current, replayed)

    async def _key(self, table: str) -> list[str]:
        return [row["name"] async for row in self._queries.key_of(self._connection, table=f"rondo.{table}")]


@asynccontextmanager
async def scratch(dsn: str) -> AsyncIterator[Scratch]:
    """Take a snapshot of the views, and create empty temporary tables; both are gone at the end."""
    connection = await connections.connect(dsn)
    try:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        queries = load()
        await queries.become_comparer(connection)
        await connection.execute(_CREATE)
        yield Scratch(connection)
        await transaction.rollback()
    finally:
        connection.terminate()
