"""The table that all ways fill."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import asyncpg
import msgspec
import psycopg

from bench.work import Row, digest
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
    """Return the statement by which every way writes."""
    return Path(__file__).with_name("upsert.sql").read_text()


@cache
def upsert_records() -> str:
    """Return the same statement with its rows as one JSON parameter, for the ways in Python.

    asyncpg spends 14 µs on a row of nine arrays and 2 µs on its JSON; JDBC's arrays cost no such thing.
    """
    head, rest = upsert().split("from unnest(")
    _, tail = rest.split("\norder by")
    return f"{head}from json_to_recordset($1::json) as given ({_COLUMNS})\norder by{tail}"


async def put(connection: asyncpg.Connection, rows: Rows) -> None:
    """Put tasks: what a stage's ``PostgresStore`` calls within its transaction."""
    if rows:
        records = msgspec.json.encode([dict(zip(_NAMES, task, strict=True)) for _, task in rows])
        await connection.execute(upsert_records(), records.decode())


class Table:
    """The driver's own connection to it."""

    def __init__(self, dsn: str) -> None:
        migrate(dsn)
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._connection.execute(_CREATE)

    def clear(self) -> None:
        """Empty the table, and let nothing of the last way be written to disk during the next."""
        self._connection.execute("truncate bench.tasks")
        self._connection.execute("truncate rondo.positions")
        self._connection.execute("checkpoint")

    def holds(self, last: Mapping[str, str]) -> bool:
        """Tell whether each of these tasks is as this command left it."""
        found = self._connection.execute(
            "select count(*) from bench.tasks"
            " join unnest(%s::uuid[], %s::uuid[]) as given (id, command) using (id, command)",
            (list(last), list(last.values())),
        ).fetchone()
        assert found
        return bool(found[0] == len(last))

    def rows(self) -> list[Row]:
        """Return all of it."""
        return self._connection.execute(_ALL).fetchall()

    def digest(self) -> str:
        """Return the digest of all of it."""
        return digest(self.rows())

    def commits(self) -> dict[str, datetime]:
        """Return when each row's transaction was committed, by the command that led to it."""
        query = "select command::text, pg_xact_commit_timestamp(xmin) from bench.tasks"
        return dict(self._connection.execute(query).fetchall())

    def counts(self) -> tuple[int, int, int]:
        """Return how many outcomes of Rondo's own commands there are, accepted ones, and audit entries."""
        query = "select count(*), count(*) filter (where kind = 'ACCEPTED'), (select count(*) from rondo.audit)"
        found = self._connection.execute(f"{query} from rondo.commands").fetchone()
        assert found
        return found

    def tell(self, channel: str) -> None:
        """Notify who listens."""
        self._connection.execute(f'notify "{channel}"'.encode())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
