"""What a digest tells: the open tasks that are overdue, due and start on its day, and how it is written.

A task counts once: by its due, if that is on the day or before, else by its start. Days are those of the user's zone;
a task without a zone has its own date.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from domain import times
from domain.message_words import Phrases
from schemas.records import Due

MOST = 50
"""The most tasks that a digest names; of others it has the number."""


class Dated(Protocol):
    """The fields of a task that a digest is made of."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def due(self) -> Due | None:
        """When it is due."""


@dataclass(frozen=True)
class Item:
    """A task in a digest."""

    id: str
    title: str
    due: str | None
    """Its local date, or date and time, in the zone of the digest, ISO 8601."""


@dataclass(frozen=True)
class Contents:
    """The tasks of a digest, each in the order of their due, and the number of those that are not named."""

    day: str
    overdue: tuple[Item, ...]
    due: tuple[Item, ...]
    starts: tuple[Item, ...]
    more: int


def wanted(day: str) -> str:
    """Return the filter of the tasks of a day's digest."""
    return f"open and (due <= {day} or start = {day})"


def contents(day: str, zone: str | None, tasks: Iterable[Dated], total: int) -> Contents:
    """Return what a day's digest has, of the first tasks in their order and the number of all."""
    items = [Item(each.id, each.title, _local(each.due, zone)) for each in tasks]
    dated = [(each, each.due[:10] if each.due else "9999-12-31") for each in items]
    return Contents(
        day,
        overdue=tuple(each for each, due in dated if due < day),
        due=tuple(each for each, due in dated if due == day),
        starts=tuple(each for each, due in dated if due > day),
        more=total - len(items),
    )


def text(found: Contents, phrases: Phrases) -> str:
    """Return the text of a digest, in the language of the phrases."""
    return "\n".join(_lines(found, phrases)).strip()


def body(found: Contents) -> dict[str, Any]:
    """Return a digest as JSON."""
    named = {"overdue": found.overdue, "due": found.due, "starts": found.starts}
    listed = {name: [{"id": each.id, "title": each.title, "due": each.due} for each in named[name]] for name in named}
    return {"day": found.day, **listed, "more": found.more}


def _lines(found: Contents, phrases: Phrases) -> Iterator[str]:
    parts = (phrases.overdue, found.overdue), (phrases.due, found.due), (phrases.starts, found.starts)
    for heading, items in parts:
        if items:
            yield f"\n{heading}:"
            yield from (_line(each, found.day) for each in items)
    if found.more:
        yield f"\n{phrases.more.format(number=found.more)}"


def _line(item: Item, day: str) -> str:
    if item.due is None or item.due == day:
        return f"- {item.title}"
    date, _, time = item.due.partition("T")
    parts = [part for part in (date if date != day else "", time[:5]) if part]
    return f"- {item.title} ({' '.join(parts)})"


def _local(due: Due | None, zone: str | None) -> str | None:
    """Return a due as local time in a zone (UTC if None); one without a zone as it is."""
    if due is None:
        return None
    if due.zone is None:
        return times.key(due)
    return times.local_at(times.milliseconds(times.local(due), due.zone), zone).isoformat()
