"""The table that all implementations write."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import asyncpg
import msgspec
import psycopg

from bench.task_commands import Row, digest
from postgres.migrate import migrate
from postgres.writer import Rows

_CREATE = """
create schema bench;
grant usage on schema bench to rondo_views;
create table bench.tasks (
    id uuid primary key, user_id uuid not null, title text not null, priority int not null, done boolean not null,
    version bigint not null, command uuid not null
);
grant select, insert, update on bench.tasks to rondo_views;
"""
_COLUMNS = "id text, user_id text, title text, priority int, done boolean, version bigint, command text"
_NAMES = tuple(column.split()[0] for column in _COLUMNS.split(", "))
_ALL = "select id::text, user_id::text, title, priority, done, version, command::text from bench.tasks"


@cache
def upsert() -> str:
    """Return the statement by which every implementation writes."""
    return Path(__file__).with_name("upsert.sql").read_text()


@cache
def upsert_records() -> str:
    """Return the same statement with its rows as one JSON parameter, for implementations in Python.

    asyncpg spends 14 µs on a row of nine arrays and 2 µs on its JSON; JDBC's arrays have no such cost.
    """
    head, rest = upsert().split("from unnest(")
    _, tail = rest.split("\norder by")
    return f"{head}from json_to_recordset($1::json) as given ({_COLUMNS})\norder by{tail}"


async def put(connection: asyncpg.Connection, rows: Rows) -> None:
    """Write tasks; a stage's ``PostgresStore`` calls it within its transaction."""
    if rows:
        records = msgspec.json.encode([dict(zip(_NAMES, task, strict=True)) for _, task in rows])
        await connection.execute(upsert_records(), records.decode())


class Table:
    """The driver's own connection to the table."""

    def __init__(self, dsn: str) -> None:
        migrate(dsn)
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._connection.execute(_CREATE)

    def clear(self) -> None:
        """Empty the table, and flush it, so that the last implementation causes no writes during the next."""
        self._connection.execute("truncate bench.tasks")
        self._connection.execute("truncate rondo.positions")
        self._connection.execute("checkpoint")

    def holds(self, last: Mapping[str, str]) -> bool:
        """Return whether each of these tasks is as this command left it."""
        found = self._connection.execute(
            "select count(*) from bench.tasks"
            " join unnest(%s::uuid[], %s::uuid[]) as given (id, command) using (id, command)",
            (list(last), list(last.values())),
        ).fetchone()
        assert found
        return bool(found[0] == len(last))

    def rows(self) -> list[Row]:
        """Return all rows."""
        return self._connection.execute(_ALL).fetchall()

    def digest(self) -> str:
        """Return the digest of all rows."""
        return digest(self.rows())

    def commits(self) -> dict[str, datetime]:
        """Return the commit time of each row, by the command that wrote it."""
        query = "select command::text, pg_xact_commit_timestamp(xmin) from bench.tasks"
        return dict(self._connection.execute(query).fetchall())

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of outcomes of Rondo's own commands, of accepted ones, and of audit entries."""
        query = "select count(*), count(*) filter (where kind = 'ACCEPTED'), (select count(*) from rondo.audit)"
        found = self._connection.execute(f"{query} from rondo.commands").fetchone()
        assert found
        return found

    def notify(self, channel: str) -> None:
        """Notify a channel."""
        self._connection.execute(f'notify "{channel}"'.encode())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
