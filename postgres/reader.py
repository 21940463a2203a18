"""Reads the views as one user: nobody else's rows can be seen, whatever a query says.

Role and user are set for one transaction only (``SET LOCAL``), so a pooler may stand between here and Postgres, and a
connection comes back as it went. For a pooler that does not keep prepared statements, make the pool with
``statement_cache_size=0``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Connection, Pool, Record

from domain.tasks import TASK
from postgres import finding
from postgres.finding import Position, TaskQuery
from postgres.queries import load
from postgres.rows import (
    Beside,
    Chunk,
    CommandEvent,
    Cursor,
    Delivery,
    DeliveryStep,
    Entry,
    Facet,
    Item,
    Key,
    Outcome,
    Page,
    Ranked,
    RefusedTask,
    Reminder,
    ReminderStatus,
    Room,
    Table,
    Tag,
    Task,
    TaskTitle,
    TaskVersion,
    struct,
)

__all__ = [
    "BOTTOM",
    "TOP",
    "Beside",
    "Chunk",
    "CommandEvent",
    "Delivery",
    "DeliveryStep",
    "Entry",
    "Facet",
    "Key",
    "Outcome",
    "Page",
    "Position",
    "Ranked",
    "Reader",
    "RefusedTask",
    "Reminder",
    "ReminderStatus",
    "Tag",
    "Task",
    "TaskQuery",
    "TaskTitle",
    "TaskVersion",
    "TooMuch",
    "View",
    "pool",
]


TOP, BOTTOM = "", "~"
"""What is before and behind all ranks."""
FEW = 5000
"""So many tasks are read by their ids, which takes 20 ms at most; to go through all tasks in their order takes longer
where those that are wanted stand at its end."""


_OPEN = """begin isolation level repeatable read, read only;
set local role rondo_api;
set local rondo."user" = '{user}';
set local timezone = 'UTC';
set local plan_cache_mode = force_custom_plan;
set local statement_timeout = {milliseconds};
set local lock_timeout = {lock}"""
"""One round trip: the role that may only read, and whose rows it sees. Each query is planned for the values it is asked
with: how many tasks a user has, and how many of a day, is what a good plan rests on. Postgres itself ends a query that
takes too long, one that waits for a lock sooner: what nobody waits for any more does not go on."""
_MARGIN = 0.1
"""So much of the time of a read is kept for the answer: Postgres ends a query before whoever asked gives up."""
_CORRECTING = 2.0
"""Seconds to look for what mistyped words may mean, each time."""


def pool(dsn: str, **options: Any) -> Pool:
    """Return a pool of connections for ``Reader``, to be entered, with asyncpg's options.

    It leaves out what asyncpg sends when a connection comes back, one more round trip each time: nothing is left on it.
    """
    return asyncpg.create_pool(dsn, reset=_as_it_is, init=_note_opening, connection_class=_Dated, **options)


class TooMuch(Exception):
    """There is more to look through than can be in the time of a read: asked again, it takes as long."""


class _Dated(asyncpg.Connection):  # type: ignore[misc]
    """A connection that knows when it was opened, by the event loop's clock."""

    opened = 0.0


async def _note_opening(connection: _Dated) -> None:
    connection.opened = asyncio.get_running_loop().time()


async def _as_it_is(_connection: Connection) -> None:
    """Do nothing: asyncpg itself rolls back what is still open."""


class Reader:
    """Opens the views of one user at a time. Takes a ``pool`` of connections to a migrated database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._doubted = 0.0  # connections that were opened before may be as dead as one that did not answer then

    @asynccontextmanager
    async def user(self, user: str, seconds: float = 60.0, whole: float | None = None) -> AsyncIterator["View"]:
        """Open the views of ``user`` (a UUID): one snapshot, read only, to be read for so many ``seconds`` at most.

        ``whole`` is how many a read has, where some were spent on waiting. Raises what asyncpg raises, ``TooMuch``, and
        ValueError.
        """
        time = _Time(seconds, whole or seconds)
        async with self.connected() as connection:
            try:
                await connection.execute(time.opening(user))
                yield View(connection, user, time)
            except Exception:
                await connection.execute("rollback")
                raise
            await connection.execute("rollback")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """Take a connection of the pool.

        Where the caller is cancelled, as by a time limit, the connection is given up and not waited for: asyncpg would
        ask Postgres over another connection to cancel the query, and wait for the answer without a limit.
        """
        connection = await self._acquired()
        try:
            yield connection
        except asyncio.CancelledError:
            self._doubted = asyncio.get_running_loop().time()
            connection.terminate()
            raise
        finally:
            await self._pool.release(connection)

    async def answers(self) -> bool:
        """Return whether Postgres answers now. Raises what asyncpg raises."""
        async with self.connected() as connection:
            return bool(await connection.fetchval("select true"))

    async def _acquired(self) -> Connection:
        while True:
            connection = await self._pool.acquire()
            if connection.opened >= self._doubted:
                return connection
            connection.terminate()
            await self._pool.release(connection)


class _Time:
    """The time that a read has left when a connection is asked for."""

    def __init__(self, seconds: float, whole: float) -> None:
        self._whole = whole
        self._clock = asyncio.get_running_loop().time
        self._end = self._clock() + seconds * (1 - _MARGIN)
        self._set = self._left = 0.0

    def opening(self, user: str) -> str:
        """Return what begins the transaction. No other text of a person's than a UUID is in it: it takes no values."""
        left = self._begin()
        return _OPEN.format(user=UUID(user), milliseconds=left, lock=max(1, left // 2))

    def _begin(self) -> int:
        """Return the milliseconds that are left for a query, 1 at least."""
        self._set = self._clock()
        self._left = self._end - self._set
        return max(1, int(self._left * 1000))

    def renewed(self, most: float | None) -> str | None:
        """Return the statement that sets how long the next query may take, where that is another time than before."""
        if most is not None and most < self._end - self._clock():
            self._set = 0.0
            return f"set local statement_timeout = {int(most * 1000)}"
        return f"set local statement_timeout = {self._begin()}" if self._clock() - self._set > _MARGIN else None

    def was_fair(self) -> bool:
        """Return whether the query that was ended had most of the time of a read: it did not just begin too late."""
        return self._left > self._whole / 2


class View:
    """One user's views.

    Ids are UUIDs as strings. A ``limit`` is a number of items, 1 or more; ``after`` is the ``next`` of the page before.
    """

    def __init__(self, connection: Connection, user: str, time: _Time) -> None:
        self._connection = connection
        self._user = user
        self._time = time

    @asynccontextmanager
    async def _looking(self, most: float | None = None) -> AsyncIterator[None]:
        """Look through tasks, in the time that is left or ``most`` seconds. Raises ``TooMuch`` beyond that."""
        if renewed := self._time.renewed(most):
            await self._connection.execute(renewed)
        try:
            yield
        except asyncpg.QueryCanceledError as error:
            if most is None and not self._time.was_fair():
                raise TimeoutError("The query began too late.") from error
            raise TooMuch(str(error)) from error

    async def task(self, task: str) -> Task | None:
        """Return a task, also a deleted one; None where the user has no such task."""
        row = await self._connection.fetchrow(f"{finding.columns()} from rondo.tasks where tasks.id = $1::uuid", task)
        return None if row is None else struct(Task, row)

    async def beginning(self, first: str, last: str, limit: int) -> tuple[TaskTitle, ...]:
        """Return the tasks between two ids, at most so many; those that are deleted last."""
        rows = load().beginning(self._connection, user=self._user, first=first, last=last, limit=limit)
        return tuple([struct(TaskTitle, row) async for row in rows])

    async def beside(self, rank: str, but: str) -> Beside:
        """Return what is right before and right behind a rank, or ``TOP`` or ``BOTTOM``, among all tasks but one."""
        row = await load().beside(self._connection, user=self._user, rank=rank, but=but)
        return struct(Beside, row)

    async def tasks(self, wanted: TaskQuery, limit: int) -> Page[Task, Position]:
        """Return a page of the tasks that are wanted."""
        rows = await self._rows(wanted, limit + 1)
        page = list(takewhile(Room(limit).take, rows))
        items = tuple(struct(Task, row) for row in page)
        return Page(items, tuple(page[-1]["position"]) if len(rows) > len(page) else None)

    async def _rows(self, wanted: TaskQuery, most: int) -> list[Record]:
        narrowed = await self._narrowed(wanted)
        values = finding.values(narrowed)
        async with self._looking():
            rows: list[Record] = await self._connection.fetch(finding.page(narrowed), self._user, most, *values)
        return rows + await self._rows(wanted.then, most - len(rows)) if wanted.then and len(rows) < most else rows

    async def facets(self, wanted: TaskQuery) -> tuple[Facet, ...]:
        """Return how many of the tasks that are wanted have what."""
        wanted = await self._narrowed(wanted)
        async with self._looking():
            rows = await self._connection.fetch(finding.facets(wanted), self._user, None, *finding.values(wanted))
        return await asyncio.to_thread(lambda: tuple(struct(Facet, row) for row in rows))

    async def _narrowed(self, wanted: TaskQuery) -> TaskQuery:
        """Return the same, looked up by the tasks that bear a tag, where all must bear it and few do.

        How many do is asked first, since Postgres does not know it for a user's tag.
        """
        for names in wanted.required_tags if wanted.words is None else ():
            if await load().bearers(self._connection, names=names, most=FEW + 1) <= FEW:
                return finding.among(wanted, names)
        return wanted

    async def unknown(self, asked: Sequence[str]) -> frozenset[int]:
        """Return which of some ``tsquery`` match no task, by their numbers."""
        async with self._looking(_CORRECTING):
            return frozenset([row["number"] async for row in load().unknown(self._connection, asked=asked)])

    async def words_beside(self, asked: str, expression: str) -> tuple[str, ...]:
        """Return the words that an expression matches, each behind the three letters of its user; at most 5,000.

        They are of the tasks that a ``tsquery`` matches. Of these 200,000 words are looked at.
        """
        async with self._looking(_CORRECTING):
            rows = load().words_beside(self._connection, asked=asked, expression=expression)
            return tuple([row["word"] async for row in rows])

    async def entity(self, table: Table[Item], name: str) -> Item | None:
        """Return an entity by its name, also a deleted one; None where the user has none."""
        if table.of is TASK:
            return await self.task(name)  # type: ignore[return-value]  # the item of such a table
        row = await getattr(load(), table.of.word)(self._connection, **{table.of.key: name})
        return None if row is None else struct(table.item, row)

    async def entities(self, table: Table[Item], limit: int, after: Ranked | None = None) -> Page[Item, Ranked]:
        """Return the entities of a type in the custom order, but the deleted."""
        rank, last = after or (None, None)
        rows = getattr(load(), table.of.plural)(self._connection, rank=rank, id=last, limit=limit + 1)
        return await _page(table.item, rows, limit, lambda each: (each.rank, each.id))  # type: ignore[attr-defined]

    async def tags(self, limit: int, after: str | None = None) -> Page[Tag, str]:
        """Return the tags by name."""
        async with self._looking():  # all of the tasks, to count them
            rows = load().tags(self._connection, after=after, limit=limit + 1)
            return await _page(Tag, rows, limit, lambda tag: tag.name)

    async def history(self, task: str, limit: int, after: int | None = None) -> Page[Entry, int]:
        """Return what happened to a task, from its beginning."""
        rows = load().history(self._connection, task=task, sequence=after, limit=limit + 1)
        return await _page(Entry, rows, limit, lambda entry: entry.sequence)

    async def history_of_subject(self, subject: str, limit: int, after: int | None = None) -> Page[Entry, int]:
        """Return what happened to an entity that is no task, from its beginning."""
        rows = load().history_of_subject(self._connection, subject=subject, sequence=after, limit=limit + 1)
        return await _page(Entry, rows, limit, lambda entry: entry.sequence)

    async def reminders(self, limit: int, after: Key | None = None) -> Page[Reminder, Key]:
        """Return the reminders that stand and those of the past, by their instant."""
        due_at, last = after or (None, None)
        rows = load().reminders(self._connection, due_at=due_at, id=last, limit=limit + 1)
        return await _page(Reminder, rows, limit, lambda reminder: (reminder.due_at, reminder.id))

    async def notifications(self, limit: int, after: Key | None = None) -> Page[Delivery, Key]:
        """Return deliveries with all their steps, the latest due first."""
        due_at, last = after or (None, None)
        rows = load().notifications(self._connection, due_at=due_at, id=last, limit=limit + 1)
        return await _page(Delivery, rows, limit, lambda delivery: (delivery.due_at, delivery.id))

    async def command(self, command: str) -> Outcome | None:
        """Return what became of a command; None while it is not answered."""
        return (await self.commands([command])).get(command)

    async def commands(self, commands: Sequence[str]) -> dict[str, Outcome]:
        """Return what became of those commands that are answered, by id."""
        rows = load().commands(self._connection, ids=commands)
        return {row["id"]: struct(Outcome, row) async for row in rows}

    async def chunks(self, bulk: str) -> tuple[Chunk, ...]:
        """Return what became of those chunks of a bulk that were decided, in their order."""
        return tuple([struct(Chunk, row) async for row in load().chunks(self._connection, id=bulk)])

    async def events_of(self, commands: Sequence[str]) -> tuple[CommandEvent, ...]:
        """Return the events of commands, in their order."""
        rows = load().events_of_commands(self._connection, commands=commands)
        return tuple([struct(CommandEvent, row) async for row in rows])

    async def refusals(self, bulk: str, limit: int, after: int | None = None) -> Page[RefusedTask, int]:
        """Return the tasks that a bulk left as they are, in the order in which it named them."""
        rows = load().refusals(self._connection, id=bulk, after=after, limit=limit + 1)
        return await _page(RefusedTask, rows, limit, lambda refused: refused.place)

    async def matching(self, condition: str, values: Sequence[object], most: int) -> tuple[TaskVersion, ...]:
        """Return the tasks that a condition finds, by id, at most so many; its parameters begin with ``FIRST``."""
        async with self._looking():
            rows = await self._connection.fetch(finding.versions(condition), self._user, most, *values)
        return await asyncio.to_thread(lambda: tuple(TaskVersion(*row) for row in rows))

    async def number(self, condition: str, values: Sequence[object], most: int) -> int:
        """Return how many tasks a condition finds, at most so many; its parameters as for ``matching``."""
        async with self._looking():
            found: int = await self._connection.fetchval(finding.counted(condition), self._user, most, *values)
        return found


async def _page(
    kind: type[Item], rows: AsyncIterator[Record], limit: int, cursor: Callable[[Item], Cursor]
) -> Page[Item, Cursor]:
    """Return the page that ``rows`` hold: one row beyond the limit says that there are more."""
    room, page = Room(limit), list[Item]()
    async for row in rows:
        if not room.take(row):
            return Page(tuple(page), cursor(page[-1]))
        page.append(struct(kind, row))
    return Page(tuple(page))
