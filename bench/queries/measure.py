"""Runs each query in both forms in turn, so that a slow machine slows both, after a check that results are equal."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from asyncpg import Pool

from api.concurrency import LongWork
from api.models.selection import PageSelection, Selection, facets
from bench.queries.questions import NOW, PAGE, ZONE, Question, questions
from bench.queries.tasks import owner
from postgres.reader import Facet, Reader, Task, View
from postgres.rows import struct
from postgres.task_queries import Position

_DEEP = 5000
_WARM = 3

Found = tuple[Task | Facet, ...]


@dataclass(frozen=True)
class Taken:
    """The seconds of each repetition of a query: by Rondo, and by hand."""

    question: str
    rondo: Sequence[float]  # from the text of the filter to the structs
    whole: Sequence[float]  # the same, with the connection, the transaction and the role
    by_hand: Sequence[float]  # from the statement to the structs

    @property
    def ratio(self) -> float:
        """The median time divided by that of the query by hand."""
        return median(self.rondo) / median(self.by_hand)

    def whole_ms(self, percent: int) -> float:
        """Return a percentile of ``whole``, in milliseconds."""
        return quantiles(self.whole, n=100, method="inclusive")[percent - 1] * 1000


class Measure:
    """Runs the queries of a user, on a pool of connections that may read everything."""

    def __init__(self, pool: Pool, user: str) -> None:
        self._pool = pool
        self._user = user
        self._reader = Reader(pool)
        self._long_work = LongWork()

    @classmethod
    async def of(cls, pool: Pool, number: int) -> "Measure":
        """Return the measure of the ``number``-th user; 0 has the most tasks."""
        return cls(pool, str(await pool.fetchval(f"select {owner(number)}")))

    async def questions(self) -> tuple[Question, ...]:
        """Return the user's queries."""
        return questions(self._user, await self._deep(), await self._deep("open", "due"))

    async def both(self, question: Question) -> tuple[Found, Found]:
        """Return the results of Rondo and of the query by hand."""
        return (await self._timed(question))[2], (await self._timed_by_hand(question))[1]

    async def taken(self, question: Question, seconds: float, most: int) -> Taken:
        """Repeat for ``seconds``, at most ``most`` times. Raises ``AssertionError`` if the two results differ."""
        for _ in range(_WARM):
            rondo, by_hand = await self.both(question)
            assert rondo == by_hand, f"{question.name}: the two results differ"
        rondo_took, whole_took, by_hand_took = list[float](), list[float](), list[float]()
        end = time.monotonic() + seconds
        while len(rondo_took) < 2 or (len(rondo_took) < most and time.monotonic() < end):
            inner, whole, _ = await self._timed(question)
            rondo_took.append(inner)
            whole_took.append(whole)
            by_hand_took.append((await self._timed_by_hand(question))[0])
        return Taken(question.name, rondo_took, whole_took, by_hand_took)

    async def _timed(self, question: Question) -> tuple[float, float, Found]:
        began = time.perf_counter()
        async with self._reader.user(self._user) as view:
            opened = time.perf_counter()
            found = await self._select(question, view)
            inner = time.perf_counter() - opened
        return inner, time.perf_counter() - began, found

    async def _select(self, question: Question, view: View) -> Found:
        finding = Selection.read(question.filter, ZONE, NOW, question.q, question.sort)
        if question.counts:
            return (await facets(finding, view, self._user, self._long_work))[1]
        return (await PageSelection(finding, "", question.after).page(view, self._user, PAGE, self._long_work))[1].items

    async def _timed_by_hand(self, question: Question) -> tuple[float, Found]:
        kind: type[Task] | type[Facet] = Facet if question.counts else Task
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(
                "set local plan_cache_mode = force_custom_plan"
            )  # as Rondo does: both plan every time
            began = time.perf_counter()
            for each in question.by_hand:
                rows = await connection.fetch(each.text, *each.values)
            found = tuple(struct(kind, row) for row in (rows if question.counts else rows[:PAGE]))
            return time.perf_counter() - began, found

    async def _deep(self, filter_: str | None = None, order: str | None = None) -> Position:
        """Return the position of a page deep down the tasks; half-way for a user with few."""
        wanted = Selection.read(filter_, ZONE, NOW, sort_=order).query(self._user)
        async with self._reader.user(self._user) as view:
            page = await view.tasks(wanted, _DEEP)
            position = page.next or (await view.tasks(wanted, len(page.items) // 2)).next
        assert position, "There are too few tasks for two pages."
        return position
