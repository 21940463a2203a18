"""The tasks that a request asks for: parses and combines ``filter``, ``q``, ``sort``, ``zone`` and ``cursor``."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar

from fastapi import Depends, Query

from api.concurrency import LongWork
from api.http import cursors
from api.http.problems import FieldError, invalid
from api.models.paging import Cursor
from common import clock
from domain import times
from domain.query import Clock, Filter, QueryError, Sort, parse, sort, without_deleted
from domain.query.search import Search, search
from postgres import ordering
from postgres.conditions import required_tags, where
from postgres.reader import Facet, Page, Task, TooMuch, View
from postgres.task_queries import FIRST, Position, TaskQuery, behind

NEWEST = "-created"
BEST = "-relevance,-created"
Read = TypeVar("Read")

FilterText = Annotated[
    str | None,
    Query(
        alias="filter",
        description="Which tasks, in the filter language. One that does not name `deleted` excludes deleted tasks.",
        examples=["overdue and not #waiting"],
    ),
]
Words = Annotated[
    str | None,
    Query(
        description="Words in title or notes, all required; the last one may be the beginning of a word.",
        examples=["quarterly rep"],
    ),
]
SortText = Annotated[
    str | None,
    Query(
        alias="sort",
        description=f"Sort keys, joined by commas; `-` sorts descending. By default `{NEWEST}`; with `q` `{BEST}`.",
        examples=["due,-priority"],
    ),
]
Zone = Annotated[str, Query(description="The IANA name of your time zone, in which days begin.")]


@dataclass(frozen=True)
class Selection:
    """A query for tasks, as of a time."""

    filter: Filter
    clock: Clock
    words: Search | None = None
    sort: Sort = sort(NEWEST)  # noqa: RUF009 - frozen
    corrected: bool = False  # whether ``words`` replace the typed ones, which no task has

    @classmethod
    def read(
        cls, filter_: str | None, zone: str, now: int, q: str | None = None, sort_: str | None = None
    ) -> "Selection":
        """Parse a query. Raises ``Problem``."""
        words = _checked(search, q) if q else None
        return cls(
            without_deleted(_checked(parse, filter_) if filter_ else None),
            Clock(now, _zone(zone)),
            words,
            _checked(lambda text: sort(text, found=words is not None), sort_ or (BEST if words else NEWEST)),
        )

    def query(self, user: str, after: Position | None = None) -> TaskQuery:
        """Return the query on the views. Raises ``Problem`` for a position that is not valid in this order."""
        condition = where(self.filter, self.clock, FIRST)
        words = self.words.query(user) if self.words else None
        order, position = ordering.order_by(self.sort), ordering.position(self.sort)
        query = TaskQuery(condition.text, condition.values, order, position, required_tags(self.filter), words)
        if after is None:
            return query
        conditions = cursors.used(lambda: ordering.after(self.sort, after, FIRST + len(condition.values)))
        return behind(query, [(each.text, each.values) for each in conditions])

    async def nearer(self, view: View, user: str, long_work: LongWork) -> "Selection | None":
        """Return the selection with similarly spelt words; None where there are none, or no word is unknown."""
        if self.words is None:
            return None
        try:
            words = await _corrected(self.words, view, user, long_work)
        except TooMuch:  # nothing matches either way
            return None
        return replace(self, words=words, corrected=True) if words else None


async def _corrected(words: Search, view: View, user: str, long_work: LongWork) -> Search | None:
    unknown = await view.unknown(words.queries(user))
    beside = words.beside(user, unknown)
    if beside is None:
        return None
    found = await view.words_beside(beside.tasks, beside.words)
    return await long_work.run(user, words.corrected, user, unknown, found)


@dataclass(frozen=True)
class PageSelection:
    """A page of a selection.

    All pages are as of the time of the first request, so that the same tasks are overdue on each.
    """

    selection: Selection
    asked: str  # a digest of the query: a cursor is valid for the same query only
    after: Position | None = None

    async def page(
        self, view: View, user: str, limit: int, long_work: LongWork
    ) -> tuple["PageSelection", Page[Task, Position]]:
        """Return the selection and its page; if the first page is empty, those of the corrected words."""
        found = await view.tasks(self.selection.query(user, self.after), limit)
        if found.items or self.after or (nearer := await self.selection.nearer(view, user, long_work)) is None:
            return self, found
        corrected = replace(self, selection=nearer)
        return corrected, await view.tasks(nearer.query(user), limit)

    def cursor(self, following: Position | None) -> str | None:
        """Return the cursor of the next page, None at the end."""
        if following is None:
            return None
        terms = self.selection.words.terms if self.selection.words and self.selection.corrected else None
        return cursors.write("tasks", (self.asked, self.selection.clock.now, following, terms))


async def facets(
    selection: Selection, view: View, user: str, long_work: LongWork
) -> tuple[Selection, tuple[Facet, ...]]:
    """Return the selection and its facets; if no task matches, those of the corrected words."""
    found = await view.facets(selection.query(user))
    if any(facet.tasks for facet in found) or (nearer := await selection.nearer(view, user, long_work)) is None:
        return selection, found
    return nearer, await view.facets(nearer.query(user))


async def _requested_tasks(filter_: FilterText = None, q: Words = None, zone: Zone = "UTC") -> Selection:
    return Selection.read(filter_, zone, clock.now(), q)


async def requested_page(
    filter_: FilterText = None,
    q: Words = None,
    sort_: SortText = None,
    zone: Zone = "UTC",
    cursor: Cursor = None,
) -> PageSelection:
    """Parse a request for a page of tasks. Raises ``Problem``."""
    asked = digest(filter_ or "", q or "", sort_ or "", zone)
    place = cursors.place("tasks", asked, cursor)
    if place is None:
        return PageSelection(Selection.read(filter_, zone, clock.now(), q, sort_), asked)
    now, after, terms = place
    selection = Selection.read(filter_, zone, now, q, sort_)
    if terms and selection.words:
        selection = replace(selection, words=cursors.used(lambda: Search.of(terms)), corrected=True)
    return PageSelection(selection, asked, after)


RequestedTasks = Annotated[Selection, Depends(_requested_tasks)]
"""The tasks that a request asks for."""
RequestedPage = Annotated[PageSelection, Depends(requested_page)]
"""The page of tasks that a request asks for."""


def digest(*asked: str) -> str:
    """Return the digest of a query for its cursors."""
    return hashlib.sha256("\0".join(asked).encode(errors="surrogatepass")).hexdigest()[:16]


def _checked(read: Callable[[str], Read], text: str) -> Read:
    try:
        return read(text)
    except QueryError as error:
        raise invalid([FieldError(error.field, error.detail, error.column, error.suggestion)]) from None


def _zone(name: str) -> str:
    if name not in times.zones():
        detail = "There is no such time zone; write its IANA name exactly, such as Europe/Paris."
        raise invalid([FieldError("zone", detail)])
    return name
