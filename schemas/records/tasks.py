"""Tasks and series: their state, commands and events."""

from enum import StrEnum

from msgspec import Struct

from schemas.records.base import Command, Event, Notice


class Priority(StrEnum):
    """Priority of a task."""

    NONE = "NONE"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    URGENT = "URGENT"


class Status(StrEnum):
    """Status of a task."""

    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    DELETED = "DELETED"


class Due(Struct, frozen=True, gc=False):
    """When a task is due: a date; a floating date and time; or a date, time and zone. Three distinct kinds."""

    date: str
    """Local date, ISO 8601: 2026-11-23."""
    time: str | None = None
    """Local time, ISO 8601: 09:00:00; null for a whole day."""
    zone: str | None = None
    """IANA time zone: Europe/Paris; only together with a time, null for a floating time."""


class Recurrence(Struct, frozen=True, gc=False):
    """The recurrence rule of a series (RFC 5545, section 3.3.10), counted from ``start``."""

    rrule: str
    """FREQ=WEEKLY;BYDAY=MO,TU: without RRULE: and without DTSTART."""
    start: Due
    """The series' DTSTART."""
    version: int = 1
    """Version of the rule: a change of rule or start is a new version."""


class Reminder(Struct, frozen=True, gc=False):
    """When to remind: ``before`` seconds before the task is due, or ``at`` an instant; exactly one of them."""

    id: str
    """Identifies the reminder within its task."""
    before: int | None = None
    """Seconds before the task is due; null if at is set."""
    at: int | None = None
    """The instant to remind at; null if before is set."""


class Task(Struct, frozen=True, gc=False):
    """A whole task."""

    id: str
    """UUID, derived from the command or occurrence that created the task."""
    user: str
    title: str
    created_at: int
    changed_at: int
    notes: str = ""
    priority: Priority = Priority.NONE
    tags: tuple[str, ...] = ()
    due: Due | None = None
    recurrence: Recurrence | None = None
    """The rule of its series; null outside a series."""
    reminders: tuple[Reminder, ...] = ()
    status: Status = Status.OPEN
    """Whether it is open, completed or deleted."""
    completed_at: int | None = None
    """When it was completed, null if it is open."""
    series: str | None = None
    """UUID of the series' first task; null outside a series."""
    occurrence: str | None = None
    """Local date or date-time of this occurrence according to the rule; null outside a series."""
    version: int = 1
    start: Due | None = None
    parent: str | None = None
    rank: str = ""
    pinned: bool = False
    list: str | None = None
    """UUID of the list that it is on; null: the inbox."""


class TaskFields(Struct, frozen=True, gc=False):
    """The fields of a task that people set. In an update only the named ones count."""

    title: str = ""
    notes: str = ""
    priority: Priority = Priority.NONE
    tags: tuple[str, ...] = ()
    due: Due | None = None
    rrule: str | None = None
    """RFC 5545, without RRULE: and without DTSTART; null for none."""
    reminders: tuple[Reminder, ...] = ()
    start: Due | None = None
    parent: str | None = None
    rank: str = ""
    pinned: bool = False
    list: str | None = None
    """UUID of the list that it is on; null: the inbox."""


class CreateTask(Command, frozen=True, gc=False):
    """Create a task."""

    task: str
    """UUID of the new task."""
    fields: TaskFields
    fingerprint: str = ""
    cause: str | None = None


class UpdateTask(Command, frozen=True, gc=False):
    """Set the named fields of a task."""

    task: str
    changed: tuple[str, ...]
    """Names of the fields to set; due.date, due.time, due.zone, start.date and so on set only that member and keep the
    others."""
    fields: TaskFields
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class CompleteTask(Command, frozen=True, gc=False):
    """Complete a task; of a series, this occurrence."""

    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class ReopenTask(Command, frozen=True, gc=False):
    """Reopen a completed task."""

    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class DeleteTask(Command, frozen=True, gc=False):
    """Delete a task."""

    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class RestoreTask(Command, frozen=True, gc=False):
    """Restore a deleted task, open or completed as it was."""

    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class CreateOccurrence(Command, frozen=True, gc=False):
    """Create the next occurrence of a series, unless the series is already past ``after`` or its rule has changed."""

    task: str
    """UUID of the new task, derived from series, occurrence and rule version."""
    series: str
    previous: str
    """UUID of the task whose completion led to this; the new task copies its fields."""
    after: str
    """The occurrence that was completed: local date or date-time."""
    occurrence: str
    """The occurrence to create: local date or date-time."""
    due: Due
    """When the new task is due."""
    rule_version: int
    cause: str | None = None
    ends: str | None = None
    """Why the calendar has no next occurrence: then the series ends, and task, occurrence and due are those of its last
    occurrence."""


class TaskEvent(Event, frozen=True, gc=False):
    """Something that happened to a task."""

    task: Task
    """The whole task after this event."""


class TaskCreated(TaskEvent, frozen=True, gc=False):
    """A task was created."""

    cause: str | None = None


class TaskUpdated(TaskEvent, frozen=True, gc=False):
    """Fields of a task were set."""

    changed: tuple[str, ...]
    """Names of exactly the fields whose value changed."""
    cause: str | None = None


class TaskCompleted(TaskEvent, frozen=True, gc=False):
    """A task was completed."""

    cause: str | None = None


class TaskReopened(TaskEvent, frozen=True, gc=False):
    """A completed task was reopened."""

    cause: str | None = None
    undone: str | None = None
    """UUID of the completion that was undone, if the series goes back to this occurrence."""


class TaskDeleted(TaskEvent, frozen=True, gc=False):
    """A task was deleted."""

    cause: str | None = None


class TaskRestored(TaskEvent, frozen=True, gc=False):
    """A deleted task was restored."""

    cause: str | None = None


class TaskPurged(TaskEvent, frozen=True, gc=False):
    """A task was removed for good, 30 days after its deletion."""

    cause: str | None = None


class TaskNotice(Notice, frozen=True, gc=False):
    """A deleted entity can no longer be restored. Acts only if it is still deleted by that same deletion."""

    task: str
    """UUID of the task; empty if the entity is not a task."""
    due: int
    """The instant at which it is due."""
    subject: str | None = None


class SeriesNotice(Notice, frozen=True, gc=False):
    """A series' timer has fired. Acts only if that timer still exists."""

    series: str
    due: int
    """The instant at which it is due."""


class Series(Struct, frozen=True, gc=False):
    """The latest occurrence of a series, kept for ever by the tasks stage."""

    occurrence: str
    """The latest occurrence created: local date or date-time."""
    rule_version: int
    undone: tuple[str, ...] = ()
    """Completions of it that were undone before they led to the next occurrence."""
