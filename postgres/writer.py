"""Writes the output of the views stage: the rows and the position in one transaction, or nothing.

The position is kept in Postgres. A writer names the position from which its rows were read; a worker that was presumed
dead and continues names an old one, and none of its block is written.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
from asyncpg import Connection

from domain.entities import TYPES
from postgres.queries import load

ORDER = (
    *(f"{doing}_{one.plural}" for one in TYPES if one.purged for doing in ("put", "purge")),
    "put_tags",
    "put_task_tags",
    "put_tag_colours",
    "put_settings",
    "put_audit",
    "put_reminders",
    "put_notifications",
    "put_bulks",
    "put_commands",
)
"""The queries that write rows, in their order. A task's tags depend on its current version, so tasks come first."""

Row = tuple[object, ...]
Rows = Sequence[tuple[str, Row]]
"""Rows in the order of the log, each with the name of its query."""
Put = Callable[[Connection, Rows], Awaitable[None]]

_encoder = msgspec.json.Encoder()


class Moved(Exception):
    """Another owner moved the position; nothing is written."""


async def positions(connection: Connection, partition: int, topics: Sequence[str]) -> dict[str, int]:
    """Return the next offset to read of each topic in a partition, 0 for a topic that was never read."""
    queries = load()
    async with connection.transaction():
        await queries.become_projector(connection)
        await queries.start_positions(connection, topics=topics, partition=partition)
        rows = queries.positions_of(connection, topics=topics, partition=partition)
        return {row["topic"]: row["position"] async for row in rows}


async def all_positions(connection: Connection) -> dict[tuple[str, int], int]:
    """Return the next offset to read, by topic and partition, of those that were ever read. Writes nothing."""
    queries = load()
    async with connection.transaction(readonly=True):
        await queries.become_projector(connection)
        return {(row["topic"], row["partition"]): row["position"] async for row in queries.all_positions(connection)}


Moves = Mapping[str, tuple[int, int]]
"""By topic, the position that was read from, and the one to move to."""


@asynccontextmanager
async def moving(connection: Connection, partition: int, moves: Moves) -> AsyncIterator[None]:
    """Begin a transaction by moving the positions of a partition; it commits when the body ends.

    Raises ``Moved`` where one is no longer the one read: another owner writes this partition now.
    """
    queries = load()
    async with connection.transaction():
        await queries.become_projector(connection)
        topics, reads, nexts = zip(*((topic, *move) for topic, move in moves.items()), strict=True)
        status = await queries.advance(connection, partition=partition, topics=topics, reads=reads, nexts=nexts)
        if status != f"UPDATE {len(moves)}":
            raise Moved
        yield


async def rewind(connection: Connection, topic: str, partition: int, to: int) -> None:
    """Move a position back to ``to``, within a transaction of ``moving``; never forward."""
    await load().rewind(connection, topic=topic, partition=partition, to=to)


async def put_views(connection: Connection, rows: Rows) -> None:
    """Write the rows of ``domain.projections.project``, and notify waiters of the outcomes among them.

    Raises KeyError for a query that does not exist, and asyncpg's PostgresError and InterfaceError.
    """
    await put_rows(connection, rows)
    if answered := [row[0] for query, row in rows if query == "put_commands"]:
        await load().wake(connection, id=_json(answered))


async def put_rows(connection: Connection, rows: Rows, schema: str = "rondo") -> None:
    """Write rows into the tables of a schema: the views, or copies of them. Raises as ``put_views`` does."""
    if unknown := {query for query, _ in rows} - set(ORDER):
        raise KeyError(f"postgres/queries has no rows {sorted(unknown)}.")
    for run in _runs(rows):
        for name in ORDER:
            if given := run.get(name):
                query = getattr(load(schema), name)
                columns = map(_json, zip(*given, strict=True))
                await query(connection, **dict(zip(query.parameters, columns, strict=True)))


def _runs(rows: Rows) -> Iterator[Mapping[str, Sequence[Row]]]:
    """Yield the rows by query, in runs within which no entity is written after its purge.

    An entity that is created again under its id restarts at version 1. In one run with its purge, its earlier version
    would be newer, and the purge, which runs after the writes, would delete the new entity.
    """
    run, purged = defaultdict[str, list[Row]](list), set[tuple[str, object]]()
    for query, row in rows:
        doing, _, table = query.partition("_")
        if doing == "put" and (table, row[0]) in purged:
            yield run
            run, purged = defaultdict(list), set()
        if doing == "purge":
            purged.add((table, row[0]))
        run[query].append(row)
    yield run


def _json(column: Sequence[object]) -> str:
    return _encoder.encode(column).decode()
