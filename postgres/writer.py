"""Writes what the views stage read: the rows and the position in one transaction, or nothing.

The position is Postgres's own. Whoever writes names the position from which the rows were read; a worker that was
thought dead and comes back names an old one, and nothing of its block is written.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
from asyncpg import Connection

from postgres.queries import load

ORDER = (
    "put_tasks",
    "put_tags",
    "put_task_tags",
    "purge_tasks",
    "put_lists",
    "put_filters",
    "put_tag_colours",
    "put_audit",
    "put_reminders",
    "put_notifications",
    "put_bulks",
    "put_commands",
)
"""The queries for rows. Which tags a task bears depends on the version that stands, so the task comes first."""

Rows = Mapping[str, Sequence[tuple[object, ...]]]
"""Rows by the query that puts them, in the order of the log."""
Put = Callable[[Connection, Rows], Awaitable[None]]

_encoder = msgspec.json.Encoder()


class Moved(Exception):
    """Another owner has moved the position: nothing is written."""


async def positions(connection: Connection, partition: int, topics: Sequence[str]) -> dict[str, int]:
    """Return the next offset to read of each topic in this partition, 0 for a topic that was never read."""
    queries = load("write")
    async with connection.transaction():
        await queries.become_projector(connection)
        await queries.start_positions(connection, topics=topics, partition=partition)
        rows = queries.positions_of(connection, topics=topics, partition=partition)
        return {row["topic"]: row["position"] async for row in rows}


async def all_positions(connection: Connection) -> dict[tuple[str, int], int]:
    """Return the next offset to read by topic and partition, of those that were ever read. Writes nothing."""
    queries = load("write")
    async with connection.transaction(readonly=True):
        await queries.become_projector(connection)
        return {(row["topic"], row["partition"]): row["position"] async for row in queries.all_positions(connection)}


@asynccontextmanager
async def moving(connection: Connection, topic: str, partition: int, read: int, following: int) -> AsyncIterator[None]:
    """Begin a transaction by moving the position from ``read`` to ``following``; it commits when the body ends.

    Raises ``Moved`` where the position is not ``read`` any more: another owner writes this partition now.
    """
    queries = load("write")
    async with connection.transaction():
        await queries.become_projector(connection)
        status = await queries.advance(connection, topic=topic, partition=partition, read=read, next=following)
        if status != "UPDATE 1":
            raise Moved
        yield


async def put_views(connection: Connection, rows: Rows) -> None:
    """Put the rows of ``streams.domain.views.project``, and wake who waits for outcomes among them.

    Raises KeyError for a query that does not exist, and asyncpg's PostgresError and InterfaceError.
    """
    await put_rows(connection, rows)
    if outcomes := rows.get("put_commands"):
        await load("write").wake(connection, id=_json([row[0] for row in outcomes]))


async def put_rows(connection: Connection, rows: Rows, schema: str = "rondo") -> None:
    """Put rows into the tables of a schema: the views', or others of the same shape. Raises as ``put_views`` does."""
    if unknown := rows.keys() - set(ORDER):
        raise KeyError(f"postgres/queries/write.sql has no rows {sorted(unknown)}.")
    for name in ORDER:
        if given := rows.get(name):
            query = getattr(load("write", schema), name)
            columns = map(_json, zip(*given, strict=True))
            await query(connection, **dict(zip(query.parameters, columns, strict=True)))


def _json(column: Sequence[object]) -> str:
    return _encoder.encode(column).decode()
