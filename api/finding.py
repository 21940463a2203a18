"""What tasks a request looks for: ``filter``, ``sort``, ``zone`` and ``cursor``, read and put together."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query

from api import cursors
from api.pages import Cursor
from api.problems import FieldError, invalid
from postgres.finding import FIRST, Position, Wanted
from streams.domain import times
from streams.domain.filters import Clock, Filter, QueryError, Sort, parse, sort, standing, where

NEWEST = "-created"
Read = TypeVar("Read")

FilterText = Annotated[
    str | None,
    Query(
        alias="filter",
        description="Which tasks, in the filter language. One that names no status leaves out the deleted.",
        examples=["overdue and not #waiting"],
    ),
]
SortText = Annotated[
    str | None,
    Query(
        alias="sort",
        description=f"By what they are sorted: keys joined by commas, `-` turns one round. By default `{NEWEST}`.",
        examples=["due,-priority"],
    ),
]
Zone = Annotated[str, Query(description="The IANA name of your time zone, which says when your days begin.")]


@dataclass(frozen=True)
class Finding:
    """Which tasks somebody wants to see, and as of when."""

    filter: Filter
    clock: Clock

    @classmethod
    def read(cls, filter_: str | None, zone: str, now: int) -> "Finding":
        """Read what was asked for. Raises ``Problem``."""
        return cls(standing(_checked(parse, filter_) if filter_ else None), Clock(now, _zone(zone)))


@dataclass(frozen=True)
class PageFinding:
    """A page of tasks that somebody wants to see.

    All pages are as of the time at which the first one was asked for, so that what is overdue is the same on each.
    """

    finding: Finding
    sort: Sort
    asked: str  # a digest of what was asked for: a cursor leads on in the same list only
    after: Position | None

    @property
    def wanted(self) -> Wanted:
        """What to ask of the views. Raises ``Problem`` for a cursor that was tampered with."""
        condition = where(self.finding.filter, self.finding.clock, FIRST)
        text, values = condition.text, condition.values
        if self.after is not None:
            behind = cursors.used(lambda: self.sort.after(self.after or (), FIRST + len(values)))
            text, values = f"{text} and {behind.text}", values + behind.values
        return Wanted(text, values, self.sort.order_by, self.sort.position)

    def cursor(self, following: Position | None) -> str | None:
        """Return the cursor of the page that follows, None at the end."""
        place = None if following is None else (self.asked, self.finding.clock.now, following)
        return cursors.write("tasks", place)


async def _page_finding(
    filter_: FilterText = None, sort_: SortText = None, zone: Zone = "UTC", cursor: Cursor = None
) -> PageFinding:
    asked = digest(filter_ or "", sort_ or "", zone)
    place = cursors.place("tasks", asked, cursor)
    now, after = place or (time.time_ns() // 1_000_000, None)
    finding = Finding.read(filter_, zone, now)
    return PageFinding(finding, _checked(sort, sort_ or NEWEST), asked, after)


Wished = Annotated[PageFinding, Depends(_page_finding)]
"""The page of tasks that a request asks for."""


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


def digest(*asked: str) -> str:
    """Return what stands in a cursor for what was asked for."""
    return hashlib.sha256("\0".join(asked).encode(errors="surrogatepass")).hexdigest()[:16]
