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


class Repeats(StrEnum):
    """What the next occurrence of a series is counted from."""

    SCHEDULE = "SCHEDULE"
    COMPLETION = "COMPLETION"
    CALENDAR = "CALENDAR"


class Missed(StrEnum):
    """Which occurrence opens if some have passed by the time that one is closed."""

    SKIP = "SKIP"
    LATEST = "LATEST"
    EACH = "EACH"


class Subtasks(StrEnum):
    """What becomes of the subtasks of a closed occurrence when the next one is created."""

    STAY = "STAY"
    RESET = "RESET"
    CARRY = "CARRY"


class Closing(StrEnum):
    """The manner in which a task was closed."""

    DONE = "DONE"
    SKIPPED = "SKIPPED"
    MISSED = "MISSED"


class Scope(StrEnum):
    """The occurrences of a series that a command is about."""

    FOLLOWING = "FOLLOWING"
    THIS = "THIS"
    ALL = "ALL"
    UNNAMED = "UNNAMED"


class Anchor(StrEnum):
    """What a reminder counts from."""

    DUE = "DUE"
    START = "START"


class Reminder(Struct, frozen=True, gc=False):
    """When to remind: ``days`` and ``before`` seconds before the task is due or starts, or ``at`` an instant.

    Days are the calendar's, seconds are exact (RFC 5545, section 3.3.6): exactly one of ``before`` and ``at`` is set.
    """

    id: str
    """Identifies the reminder within its task."""
    before: int | None = None
    """Exact seconds before the task is due or starts, counted after days; null if at is set."""
    at: int | None = None
    """The instant to remind at; null if before is set."""
    days: int = 0
    """Days of the calendar before the task is due or starts."""
    time: str | None = None
    """Local time on that day; null: the task's own, of a whole day that of the settings."""
    anchor: Anchor = Anchor.DUE
    """What days and before count from."""
    repeat_every: int | None = None
    """Seconds after which it is repeated until the task is closed; null: never, or by days."""
    repeat_days: int = 0
    """Days of the calendar after which it is repeated until the task is closed, at the same local time; 0: never, or by
    seconds."""


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
    rdates: tuple[str, ...] = ()
    """Further occurrences of the rule: local dates or date-times of the due's kind."""
    exdates: tuple[str, ...] = ()
    """Occurrences of the rule that are left out, like rdates."""
    repeats: Repeats = Repeats.SCHEDULE
    """What the next occurrence is counted from."""
    missed: Missed = Missed.SKIP
    """Of the occurrences that have passed, none opens, the latest, or each."""
    subtasks: Subtasks | None = None
    """What becomes of the subtasks of a closed occurrence; null: RESET, for a rule that is set."""
    snoozed: int | None = None
    """The instant to remind at once more; null for none."""


class Override(Struct, frozen=True, gc=False):
    """What was decided about an occurrence of a series before it came (``recurrenceOverrides`` in RFC 8984)."""

    slot: str
    """The occurrence: local date or date-time according to the rule."""
    changed: tuple[str, ...] = ()
    """Names of the fields that differ from those of the series."""
    fields: TaskFields | None = None
    """Their values; null if none differs."""
    closing: Closing | None = None
    """The manner in which it was closed ahead of time, so that it never opens; null if it was not."""
    deleted: bool = False
    """Whether it was deleted then."""
    task: str | None = None
    """UUID of its task, if it was closed."""
    following: bool = False
    """Whether it is about this occurrence and all that follow; deleted, the series ends before it."""


class Recurrence(Struct, frozen=True, gc=False):
    """When a series recurs (RFC 5545, sections 3.3.10 and 3.8.5), counted from ``start``."""

    rrule: str
    """FREQ=WEEKLY;BYDAY=MO,TU: without RRULE: and without DTSTART."""
    start: Due
    """The series' DTSTART."""
    version: int = 1
    """Version of the rule: a change of rule or start is a new version."""
    rdates: tuple[str, ...] = ()
    """Further occurrences (RDATE): local dates or date-times of the start's kind, in order."""
    exdates: tuple[str, ...] = ()
    """Occurrences that are left out (EXDATE), like rdates."""
    repeats: Repeats = Repeats.SCHEDULE
    """What the next occurrence is counted from: the rule's schedule, the completion, or the calendar alone."""
    missed: Missed = Missed.SKIP
    """Of the occurrences that have passed, none opens, the latest, or each."""
    before: int = 0
    """Number of occurrences of the series before start: COUNT includes them."""
    subtasks: Subtasks = Subtasks.STAY
    """Whether the subtasks of a closed occurrence stay, are created again for the next one, or move to it."""
    overrides: tuple[Override, ...] = ()
    """What was decided about occurrences that are yet to come, in their order."""


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
    closing: Closing = Closing.DONE
    """Whether it was done, skipped or missed when it was closed; of no meaning while it is open."""
    origin: str | None = None
    """UUID of the first subtask that it goes back to, of a copy that was created with an occurrence."""
    snoozed: int | None = None
    """The instant to remind at once more; null if it was not snoozed."""
    carried_from: str | None = None
    """UUID of the first occurrence that carried it over, moving its dates; null if none did."""


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
    scope: Scope = Scope.FOLLOWING
    """Of a series: this occurrence; this and the following ones; all, counted from the first; or, unnamed, a moved due
    or start is this occurrence's and the rest is the following ones', too."""
    occurrence: str | None = None
    """The occurrence of its series that this is about, if that is yet to come; null: the task itself."""


class CompleteTask(Command, frozen=True, gc=False):
    """Complete a task; of a series, this occurrence."""

    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None
    occurrence: str | None = None
    """The occurrence of its series that this is about, if that is yet to come; null: the task itself."""


class SkipTask(Command, frozen=True, gc=False):
    """Close an occurrence of a series without doing it."""

    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None
    occurrence: str | None = None
    """The occurrence of its series that this is about, if that is yet to come; null: the task itself."""


class SnoozeTask(Command, frozen=True, gc=False):
    """Remind of an open task at one more instant: until, local, or days and seconds from now; without any, no more."""

    task: str
    until: int | None = None
    """The instant to remind at."""
    local: str | None = None
    """The local date-time to remind at, in the zone of the user's settings; a date begins with their day_time."""
    days: int = 0
    """Days of the calendar from the command's time, in the zone of the user's settings."""
    seconds: int = 0
    """Exact seconds from the command's time, counted after days."""
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class ReopenTask(Command, frozen=True, gc=False):
    """Reopen a completed task."""

    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None
    occurrence: str | None = None
    """The occurrence of its series that this is about, if that is yet to come; null: the task itself."""


class DeleteTask(Command, frozen=True, gc=False):
    """Delete a task."""

    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None
    scope: Scope = Scope.FOLLOWING
    """Of a series' open occurrence: this leaves it out and the next one opens; following and all end the series."""
    occurrence: str | None = None
    """The occurrence of its series that this is about, if that is yet to come; null: the task itself."""


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
    beside: bool = False
    """Whether the previous one stays open: in a series by the calendar the next one has come."""


class MissTask(Command, frozen=True, gc=False):
    """Close the open occurrence of a series by the calendar as missed, since the next one has come."""

    task: str
    rule_version: int
    cause: str | None = None


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
    own: tuple[str, ...] = ()
    """Those of them that only this occurrence has; the next one gets the others. If it undoes a change, possibly other
    fields that only this occurrence has."""
    template: TaskFields | None = None
    """What the series has of those; null if what it had before."""


class TaskCompleted(TaskEvent, frozen=True, gc=False):
    """A task was completed."""

    cause: str | None = None
    zone: str | None = None
    """Of a series without a zone: the user's, in which days pass; null for UTC."""


class TaskSkipped(TaskEvent, frozen=True, gc=False):
    """An occurrence of a series was closed without being done."""

    cause: str | None = None
    zone: str | None = None
    """Of a series without a zone: the user's, in which days pass; null for UTC."""


class TaskMissed(TaskEvent, frozen=True, gc=False):
    """An occurrence of a series by the calendar was closed, since the next one had come."""

    cause: str | None = None
    zone: str | None = None
    """Of a series without a zone: the user's, in which days pass; null for UTC."""


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
    """A series' timer has fired. Acts only if that timer still exists.

    Without a series the user's zone has changed: it plans the timers of some of the user's series again.
    """

    series: str
    """UUID of the series; empty if the user's zone has changed."""
    due: int
    """The instant at which it is due."""
    task: str = ""
    """UUID of the open occurrence; without a series, the last one that was planned again, empty for none."""


class AwaitedOccurrence(Struct, frozen=True, gc=False):
    """The next occurrence of a series by the calendar, while an earlier one is open; kept by the recurrence stage."""

    id: str
    """UUID of its timer, derived from what planned it."""
    task: str
    """UUID of the open occurrence."""
    series: str
    occurrence: str
    """The open occurrence: local date or date-time."""
    recurrence: Recurrence
    """The rule of its series."""
    due: int | None
    """The instant at which the next occurrence comes; null once it has."""


class SharedFields(Struct, frozen=True, gc=False):
    """Fields that a series has otherwise than one of its occurrences, or had before a change."""

    of: str
    """UUID of the occurrence's task, or of the event of the change."""
    names: tuple[str, ...]
    """The names of the fields."""
    fields: TaskFields
    """Their values; only the named ones count."""


class Series(Struct, frozen=True, gc=False):
    """The current occurrence of a series, kept for ever by the tasks stage: the open one, or the last that was open."""

    occurrence: str
    """The current occurrence: local date or date-time."""
    rule_version: int
    undone: tuple[str, ...] = ()
    """Completions of it that were undone before they led to the next occurrence, by decision versions before 6."""
    task: str | None = None
    """UUID of the current occurrence's task; null if it became current by a decision version before 6."""
    closed: str | None = None
    """UUID of the event that closed the current occurrence; null while it is open."""
    previous: str | None = None
    """UUID of the task whose closing led to the current occurrence; null if none did."""
    template: Task | None = None
    """The current occurrence as the series has it, which the next one copies; null if it has no changes of its own."""
    first: Due | None = None
    """The due of the series' first occurrence; null if it is the rule's start."""
    earlier: tuple[str, ...] = ()
    """UUIDs of the last tasks before previous, so that a series can go back several occurrences; at most 20."""
    others: tuple[str, ...] = ()
    """UUIDs of earlier occurrences that are still open, the oldest first: those of a series by the calendar that opens
    each."""
    own: tuple[SharedFields, ...] = ()
    """What the series has otherwise than its last closed occurrences, of those that have changes of their own; at most
    20."""
    replaced: tuple[SharedFields, ...] = ()
    """What the last changes replaced of what the series has; at most 20."""
    left: tuple[str, ...] = ()
    """UUIDs of those of others that became tasks of their own when the series ceased to open each; at most 50."""
