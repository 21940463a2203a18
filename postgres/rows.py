"""Rows of the views, as frozen structs. Ids are UUIDs as strings, instants are datetimes in UTC."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from domain.entity import EntityType
from domain.filters import FILTER
from domain.lists import LIST
from domain.settings import SETTINGS as SETTINGS_TYPE
from domain.settings import defaults
from domain.tags import TAG
from domain.targets import TARGET
from domain.tasks import TASK
from schemas import records as r

Item = TypeVar("Item")
Cursor = TypeVar("Cursor")

Key = tuple[datetime, str]
"""Where a page of a list by time ended: the instant and the id of its last item."""


Ranked = tuple[str, str]
"""Where a page in the custom order ended: the rank and the id of its last item."""


class Page(Struct, Generic[Item, Cursor], frozen=True):
    """A page of a list, and the cursor that the next page begins after; None at the end."""

    items: tuple[Item, ...]
    next: Cursor | None = None


class Task(Struct, frozen=True):
    """The current state of a task. Priority, status and texts are as in ``schemas.records.Task``."""

    id: str
    title: str
    notes: str
    priority: r.Priority
    tags: tuple[str, ...]
    due: r.Due | None
    due_at: datetime | None  # the instant, where the due has a zone
    recurrence: r.Recurrence | None
    reminders: tuple[r.Reminder, ...]
    status: r.Status
    series: str | None
    occurrence: str | None
    version: int
    created_at: datetime
    changed_at: datetime
    completed_at: datetime | None
    start: r.Due | None
    start_at: datetime | None
    parent: str | None
    rank: str
    pinned: bool
    list: str | None
    closing: r.Closing
    snoozed: datetime | None


class TaskTitle(Struct, frozen=True):
    """A task by its title, for people who know the beginning of its id."""

    id: str
    title: str
    status: r.Status


class Neighbours(Struct, frozen=True):
    """The ranks of the open tasks before and after a place in the custom order; None where there is no such task."""

    before: str | None
    behind: str | None


class List(Struct, frozen=True):
    """The current state of a list, and the number of open tasks on it."""

    id: str
    name: str
    colour: str | None
    rank: str
    deleted: bool
    open: int
    version: int
    created_at: datetime
    changed_at: datetime


class SavedFilter(Struct, frozen=True):
    """The current state of a saved filter, with its text as its user wrote it."""

    id: str
    name: str
    text: str
    sort: str
    colour: str | None
    rank: str
    deleted: bool
    version: int
    created_at: datetime
    changed_at: datetime


class Target(Struct, frozen=True):
    """The current state of a target, and how its last delivery ended."""

    id: str
    name: str
    kind: str
    enabled: bool
    has_address: bool
    last_sent_at: datetime | None
    failing_since: datetime | None  # its first failure since it last succeeded; None if the last delivery succeeded
    error: str | None  # why the last delivery failed
    rank: str
    deleted: bool
    version: int
    created_at: datetime
    changed_at: datetime


class Tag(Struct, frozen=True):
    """A tag that a task has, or that has a colour, and the number of open tasks with it."""

    name: str
    colour: str | None
    open: int


class Settings(Struct, frozen=True):
    """A user's settings, see ``schemas.records.Settings``."""

    user: str
    zone: str | None
    day_time: str
    quiet_from: str | None
    quiet_to: str | None
    in_quiet_hours: r.InQuietHours
    catch_up: r.CatchUp
    version: int
    changed_at: datetime | None  # None before the first change
    digest_time: str | None
    language: str | None


def _never_set(user: str) -> Settings:
    """Return the settings of a user who never changed any."""
    return msgspec.convert({**asdict(defaults(user)), "changed_at": None}, Settings)


@dataclass(frozen=True, eq=False)
class Table(Generic[Item]):
    """The rows of an entity type: the query named by its word reads one, the query named by its plural a page."""

    of: EntityType[Any]
    item: type[Item]
    """The struct of a row."""
    absent: Callable[[str], Item | None] = lambda _: None
    """Returns, by its name, the entity that has no row."""


TASKS = Table(TASK, Task)
LISTS = Table(LIST, List)
FILTERS = Table(FILTER, SavedFilter)
TAGS = Table(TAG, Tag)
SETTINGS = Table(SETTINGS_TYPE, Settings, absent=_never_set)
TARGETS = Table(TARGET, Target)


class Facet(Struct, frozen=True):
    """The number of tasks in all, or with a value of a status, a priority, a list, a tag, a day or an instant."""

    facet: str  # total, status, priority, list, tag, day, instant
    value: str | None  # as in the table; None counts tasks without one
    tasks: int


class Entry(Struct, frozen=True):
    """An entry of the audit trail, see ``schemas.records.AuditEntry``."""

    id: str
    at: datetime
    sequence: int
    actor: str
    command: str
    cause: str | None
    event: str
    task: str | None
    changes: tuple[r.FieldChange, ...]
    previous: str
    hash: str
    subject: str | None


class ReminderStatus(StrEnum):
    """The status of a reminder."""

    SCHEDULED = "SCHEDULED"
    CANCELLED = "CANCELLED"
    DUE = "DUE"
    SUPPRESSED = "SUPPRESSED"
    MISSED = "MISSED"


class Reminder(Struct, frozen=True):
    """A reminder that is scheduled, was cancelled, became due, or was not sent."""

    id: str
    task: str
    reminder: str  # its id within the task
    title: str
    due_at: datetime
    status: ReminderStatus
    changed_at: datetime


class DeliveryStep(Struct, frozen=True):
    """One step of a delivery, see ``schemas.records.Notification``."""

    step: r.Step
    channel: str
    attempt: int
    at: datetime
    command: str
    detail: str | None
    retry_at: datetime | None


class Delivery(Struct, frozen=True):
    """The delivery of a reminder or a digest: every step so far, the latest last."""

    id: str
    task: str | None
    title: str
    due_at: datetime
    target: str | None
    digest: str | None
    steps: tuple[DeliveryStep, ...]

    @property
    def latest(self) -> DeliveryStep:
        """The latest step."""
        return self.steps[-1]


class Outcome(Struct, frozen=True):
    """The outcome of a command, see ``schemas.records.CommandOutcome``."""

    id: str
    at: datetime
    kind: r.OutcomeKind
    task: str | None
    fingerprint: str
    version: int | None
    code: str | None
    detail: str | None
    field: str | None
    subject: str | None
    events: int | None


class Chunk(Struct, frozen=True):
    """The outcome of a chunk of a bulk, see ``schemas.records.BulkPart``."""

    chunk: int
    command: str
    at: datetime
    kind: r.OutcomeKind
    code: str | None
    chunks: int
    tasks: int
    changed: int
    unchanged: int
    refused: int


class RefusedTask(Struct, frozen=True):
    """A task that a bulk did not change, and its place among those."""

    place: int
    refusal: r.Refusal


class CommandEvent(Struct, frozen=True):
    """An event of a command, by its audit entry."""

    task: str | None
    subject: str | None
    cause: str | None
    id: str
    event: str
    at: datetime
    changes: tuple[r.FieldChange, ...]


class TaskVersion(Struct, frozen=True):
    """A task's id and version."""

    id: str
    version: int


LARGEST = 1_000_000
"""The most characters on a page, unless its first item has more: encoding them takes about ten milliseconds, in which
nothing else runs."""


class PageRoom:
    """The room that is left on a page: at most ``limit`` items with at most ``LARGEST`` characters."""

    def __init__(self, limit: int) -> None:
        self._items, self._characters = limit, LARGEST

    def take(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row fits, and count it. The first one always does."""
        first = self._characters == LARGEST
        self._items -= 1
        self._characters -= _characters(row.values())
        return self._items >= 0 and (first or self._characters >= 0)


def _characters(values: Iterable[object]) -> int:
    """Return the number of characters in texts and lists of texts; other values are short, and count as none."""
    found = 0
    for value in values:
        if isinstance(value, str):
            found += len(value)
        elif isinstance(value, list):
            found += _characters(value)
    return found


_JSON = frozenset({"due", "start", "recurrence", "reminders", "changes", "steps", "refusal"})


def struct(kind: type[Item], row: Mapping[str, Any]) -> Item:
    """Return a row of a query as a struct whose fields have the names of its columns."""
    decoded = dict(row.items())
    for name in _json_fields(kind):  # type: ignore[arg-type]  # a class can be hashed
        if (value := decoded[name]) is not None:
            decoded[name] = msgspec.json.decode(value)
    return msgspec.convert(decoded, kind)


@cache
def _json_fields(kind: type[Struct]) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name in _JSON)
