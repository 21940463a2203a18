"""Reads the views as one user: no query can see another user's rows.

Role and user are set for one transaction only (``SET LOCAL``), so connections may go through a pooler, and return
unchanged. For a pooler that does not keep prepared statements, make the pool with ``statement_cache_size=0``.
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
from postgres import task_queries as queries
from postgres.queries import load
from postgres.rows import (
    Chunk,
    CommandEvent,
    Cursor,
    Delivery,
    DeliveryStep,
    Entry,
    Facet,
    Item,
    Key,
    Neighbours,
    Outcome,
    Page,
    PageRoom,
    Ranked,
    RefusedTask,
    Reminder,
    ReminderStatus,
    Table,
    Tag,
    Task,
    TaskTitle,
    TaskVersion,
    struct,
)
from postgres.task_queries import Position, TaskQuery
from postgres.transactions import LINGER, Transactions, pool

__all__ = [
    "BOTTOM",
    "TOP",
    "Chunk",
    "CommandEvent",
    "Delivery",
    "DeliveryStep",
    "Entry",
    "Facet",
    "Key",
    "Neighbours",
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
"""Texts before and after all ranks."""
FEW = 5000
"""The most tasks that are looked up by id, which takes at most 20 ms; a scan of all tasks in their order takes longer
where the wanted ones are at its end."""


_OPEN = """begin isolation level repeatable read, read only;
set local role rondo_api;
set local rondo."user" = '{user}';
set local timezone = 'UTC';
set local plan_cache_mode = force_custom_plan;
set local statement_timeout = {milliseconds};
set local lock_timeout = {lock}"""
"""One round trip: sets the read-only role and the user whose rows it sees. Each query is planned for its values: a good
plan depends on the number of tasks of the user, and of a day. Postgres itself ends a query that takes too long, and
sooner one that waits for a lock, so that no abandoned query continues."""
_MARGIN = 0.1
"""The part of a read's time that is reserved for the answer: Postgres ends a query before the caller gives up."""
_CORRECTING = 2.0
"""Seconds for each query that corrects misspelt words."""


class TooMuch(Exception):
    """There is more to search than is possible in the time of a read; another attempt would take as long."""


class Reader:
    """Opens the views of one user at a time. Takes a ``pool`` of connections to a migrated database."""

    def __init__(self, pool: Pool, linger: float = LINGER) -> None:
        self._transactions = Transactions(pool, linger)

    @asynccontextmanager
    async def user(self, user: str, seconds: float = 60.0, whole: float | None = None) -> AsyncIterator["View"]:
        """Open the views of ``user`` (a UUID): one snapshot, read only, for at most ``seconds``.

        ``whole`` is the limit of a read in seconds, where a part of it was spent on waiting. Raises asyncpg's errors,
        ``TooMuch``, and ValueError.
        """
        time = _Time(seconds, whole or seconds)
        async with self._transactions.begun(lambda: time.opening(user)) as connection:
            yield View(connection, user, time)

    async def answers(self) -> bool:
        """Return whether Postgres answers now. Raises asyncpg's errors."""
        async with self._transactions.connected() as connection:
            return bool(await connection.fetchval("select true"))


class _Time:
    """The time that a read has left."""

    def __init__(self, seconds: float, whole: float) -> None:
        self._whole = whole
        self._clock = asyncio.get_running_loop().time
        self._end = self._clock() + seconds * (1 - _MARGIN)
        self._set = self._left = 0.0

    def opening(self, user: str) -> str:
        """Return the statements that begin the transaction. They take no parameters; the only input is a UUID."""
        left = self._begin()
        return _OPEN.format(user=UUID(user), milliseconds=left, lock=max(1, left // 2))

    def _begin(self) -> int:
        """Return the milliseconds that are left for a query, at least 1."""
        self._set = self._clock()
        self._left = self._end - self._set
        return max(1, int(self._left * 1000))

    def renewed(self, most: float | None) -> str | None:
        """Return the statement that sets the next query's timeout, None if it need not change."""
        if most is not None and most < self._end - self._clock():
            self._set = 0.0
            return f"set local statement_timeout = {int(most * 1000)}"
        return f"set local statement_timeout = {self._begin()}" if self._clock() - self._set > _MARGIN else None

    def was_fair(self) -> bool:
        """Return whether the query that was ended had more than half of a read's time: it did not begin too late."""
        return self._left > self._whole / 2


class View:
    """One user's views.

    Ids are UUIDs as strings. A ``limit`` is a number of items, 1 or more; ``after`` is the previous page's ``next``.
    """

    def __init__(self, connection: Connection, user: str, time: _Time) -> None:
        self._connection = connection
        self._user = user
        self._time = time

    @asynccontextmanager
    async def _looking(self, most: float | None = None) -> AsyncIterator[None]:
        """Limit a query to the time that is left, or ``most`` seconds. Raises ``TooMuch`` beyond that."""
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
        row = await self._connection.fetchrow(f"{queries.columns()} from rondo.tasks where tasks.id = $1::uuid", task)
        return None if row is None else struct(Task, row)

    async def beginning(self, first: str, last: str, limit: int) -> tuple[TaskTitle, ...]:
        """Return the tasks between two ids, at most ``limit``; deleted ones last."""
        rows = load().beginning(self._connection, user=self._user, first=first, last=last, limit=limit)
        return tuple([struct(TaskTitle, row) async for row in rows])

    async def beside(self, rank: str, but: str) -> Neighbours:
        """Return the ranks next to ``rank``, ``TOP`` or ``BOTTOM``, among all open tasks but one."""
        row = await load().beside(self._connection, user=self._user, rank=rank, but=but)
        return struct(Neighbours, row)

    async def tasks(self, wanted: TaskQuery, limit: int) -> Page[Task, Position]:
        """Return a page of the wanted tasks."""
        rows = await self._rows(wanted, limit + 1)
        page = list(takewhile(PageRoom(limit).take, rows))
        items = tuple(struct(Task, row) for row in page)
        return Page(items, tuple(page[-1]["position"]) if len(rows) > len(page) else None)

    async def _rows(self, wanted: TaskQuery, most: int) -> list[Record]:
        narrowed = await self._narrowed(wanted)
        values = queries.values(narrowed)
        async with self._looking():
            rows: list[Record] = await self._connection.fetch(queries.page(narrowed), self._user, most, *values)
        return rows + await self._rows(wanted.then, most - len(rows)) if wanted.then and len(rows) < most else rows

    async def facets(self, wanted: TaskQuery) -> tuple[Facet, ...]:
        """Return the facets of the wanted tasks."""
        wanted = await self._narrowed(wanted)
        async with self._looking():
            rows = await self._connection.fetch(queries.facets(wanted), self._user, None, *queries.values(wanted))
        return await asyncio.to_thread(lambda: tuple(struct(Facet, row) for row in rows))

    async def _narrowed(self, wanted: TaskQuery) -> TaskQuery:
        """Return the query with a lookup by tag, if all wanted tasks have one of some tags, and few tasks do.

        They are counted first, since Postgres has no statistics of a user's tags.
        """
        for names in wanted.required_tags if wanted.words is None else ():
            if await load().count_tagged(self._connection, names=names, most=FEW + 1) <= FEW:
                return queries.among(wanted, names)
        return wanted

    async def unknown(self, asked: Sequence[str]) -> frozenset[int]:
        """Return the numbers of the ``tsquery`` texts that match no task."""
        async with self._looking(_CORRECTING):
            return frozenset([row["number"] async for row in load().unknown(self._connection, asked=asked)])

    async def words_beside(self, asked: str, expression: str) -> tuple[str, ...]:
        """Return the words that match an expression, each with its user's prefix of three letters; at most 5,000.

        They are in tasks that match a ``tsquery``; at most 200,000 words are examined.
        """
        async with self._looking(_CORRECTING):
            rows = load().words_beside(self._connection, asked=asked, expression=expression)
            return tuple([row["word"] async for row in rows])

    async def entity(self, table: Table[Item], name: str) -> Item | None:
        """Return an entity by its name, also a deleted one; without a row what its table has then, by default None."""
        if table.of is TASK:
            return await self.task(name)  # type: ignore[return-value]  # the item of such a table
        row = await getattr(load(), table.of.word)(self._connection, **{table.of.key: name})
        return table.absent(name) if row is None else struct(table.item, row)

    async def entities(self, table: Table[Item], limit: int, after: Ranked | None = None) -> Page[Item, Ranked]:
        """Return the entities of a type in the custom order, without deleted ones."""
        rank, last = after or (None, None)
        rows = getattr(load(), table.of.plural)(self._connection, rank=rank, id=last, limit=limit + 1)
        return await _page(table.item, rows, limit, lambda each: (each.rank, each.id))  # type: ignore[attr-defined]

    async def number_of_targets(self) -> int:
        """Return the number of the user's targets that are not deleted."""
        found: int = await load().count_targets(self._connection)
        return found

    async def tags(self, limit: int, after: str | None = None) -> Page[Tag, str]:
        """Return the tags by name."""
        async with self._looking():  # counting reads all tasks
            rows = load().tags(self._connection, after=after, limit=limit + 1)
            return await _page(Tag, rows, limit, lambda tag: tag.name)

    async def history(self, task: str, limit: int, after: int | None = None) -> Page[Entry, int]:
        """Return the history of a task, oldest entry first."""
        rows = load().history(self._connection, task=task, sequence=after, limit=limit + 1)
        return await _page(Entry, rows, limit, lambda entry: entry.sequence)

    async def occurrences(self, task: str, limit: int, after: Ranked | None = None) -> Page[Task, Ranked]:
        """Return the occurrences of a task's series, deleted ones too, the latest first; none outside a series."""
        values = (self._user, task, *(after or (None, None)), limit + 1)
        rows = await self._connection.fetch(queries.occurrences(), *values)
        page = list(takewhile(PageRoom(limit).take, rows))
        last = (page[-1]["occurrence"], page[-1]["id"]) if len(rows) > len(page) else None
        return Page(tuple(struct(Task, row) for row in page), last)

    async def history_of_subject(self, subject: str, limit: int, after: int | None = None) -> Page[Entry, int]:
        """Return the history of an entity other than a task, oldest entry first."""
        rows = load().history_of_subject(self._connection, subject=subject, sequence=after, limit=limit + 1)
        return await _page(Entry, rows, limit, lambda entry: entry.sequence)

    async def reminders(self, limit: int, after: Key | None = None) -> Page[Reminder, Key]:
        """Return the scheduled and past reminders, by their instant."""
        due_at, last = after or (None, None)
        rows = load().reminders(self._connection, due_at=due_at, id=last, limit=limit + 1)
        return await _page(Reminder, rows, limit, lambda reminder: (reminder.due_at, reminder.id))

    async def notifications(self, limit: int, after: Key | None = None) -> Page[Delivery, Key]:
        """Return deliveries with all their steps, the latest due first."""
        due_at, last = after or (None, None)
        rows = load().notifications(self._connection, due_at=due_at, id=last, limit=limit + 1)
        return await _page(Delivery, rows, limit, lambda delivery: (delivery.due_at, delivery.id))

    async def command(self, command: str) -> Outcome | None:
        """Return the outcome of a command; None until it is answered."""
        return (await self.commands([command])).get(command)

    async def commands(self, commands: Sequence[str]) -> dict[str, Outcome]:
        """Return the outcomes of the answered ones among these commands, by id."""
        rows = await self._connection.fetch(queries.outcomes(), commands)
        return {row["id"]: struct(Outcome, row) for row in rows}

    async def answers(self, commands: Sequence[str]) -> dict[str, tuple[Outcome, Task | None]]:
        """Return the outcomes of the answered ones among these commands, by id, each with the task that it names."""
        rows = await self._connection.fetch(queries.answers(), commands)
        found = [_answer(list(row.items())) for row in rows]
        return {outcome.id: (outcome, task) for outcome, task in found}

    async def chunks(self, bulk: str) -> tuple[Chunk, ...]:
        """Return the outcomes of a bulk's decided chunks, in their order."""
        return tuple([struct(Chunk, row) async for row in load().chunks(self._connection, id=bulk)])

    async def events_of(self, commands: Sequence[str]) -> tuple[CommandEvent, ...]:
        """Return the events of commands, in their order."""
        rows = load().events_of_commands(self._connection, commands=commands)
        return tuple([struct(CommandEvent, row) async for row in rows])

    async def refusals(self, bulk: str, limit: int, after: int | None = None) -> Page[RefusedTask, int]:
        """Return the tasks that a bulk did not change, in the order in which it named them."""
        rows = load().refusals(self._connection, id=bulk, after=after, limit=limit + 1)
        return await _page(RefusedTask, rows, limit, lambda refused: refused.place)

    async def matching(self, condition: str, values: Sequence[object], most: int) -> tuple[TaskVersion, ...]:
        """Return the tasks that match a condition, by id, at most ``most``; its parameters begin with ``FIRST``."""
        async with self._looking():
            rows = await self._connection.fetch(queries.versions(condition), self._user, most, *values)
        return await asyncio.to_thread(lambda: tuple(TaskVersion(*row) for row in rows))

    async def number(self, condition: str, values: Sequence[object], most: int) -> int:
        """Return the number of tasks that match a condition, at most ``most``; its parameters as for ``matching``."""
        async with self._looking():
            found: int = await self._connection.fetchval(queries.counted(condition), self._user, most, *values)
        return found


def _answer(columns: list[tuple[str, Any]]) -> tuple[Outcome, Task | None]:
    """Return an outcome and its task from a row that has the columns of both."""
    of_task = len(Outcome.__struct_fields__)
    outcome, task = dict(columns[:of_task]), dict(columns[of_task + 1 :])
    return struct(Outcome, outcome), None if task["id"] is None else struct(Task, task)


async def _page(
    kind: type[Item], rows: AsyncIterator[Record], limit: int, cursor: Callable[[Item], Cursor]
) -> Page[Item, Cursor]:
    """Return the page in ``rows``: one row beyond the limit indicates that there are more."""
    room, page = PageRoom(limit), list[Item]()
    async for row in rows:
        if not room.take(row):
            return Page(tuple(page), cursor(page[-1]))
        page.append(struct(kind, row))
    return Page(tuple(page))
