"""Every record that stands on one of Rondo's topics, as a frozen struct.

``avro/rondo.<Name>.avsc`` is the contract; the struct of the same name is how Python code sees it, and a contract test
holds the two together. Conventions, everywhere:

* ids are UUIDs written as strings, derived from what caused them (see ``ids``), never from offsets or chance;
* ``user`` is the user's id and also the Kafka key, so that everything of one user is in one partition, in order;
* ``at`` is the record's time in milliseconds since 1970-01-01T00:00Z; derived records carry their cause's;
* a record is frozen and holds nothing that could hold it: so ``gc=False``, the collector need not look at it;
* local dates and times are ISO 8601 strings, kept apart from instants: a zone's rules change, what was asked does not.
"""

from enum import StrEnum

from msgspec import Struct


class Priority(StrEnum):
    """How much a task matters to its user."""

    NONE = "NONE"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    URGENT = "URGENT"


class Status(StrEnum):
    """Where a task stands."""

    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    DELETED = "DELETED"


class Due(Struct, frozen=True, gc=False):
    """When a task is due: a date; a floating date and time; or a date, time and zone. Three different things."""

    date: str  # 2026-11-23
    time: str | None = None  # 09:00:00, local
    zone: str | None = None  # Europe/Paris; only together with a time


class Recurrence(Struct, frozen=True, gc=False):
    """How a series goes on (RFC 5545, section 3.3.10), counted from ``start``."""

    rrule: str  # FREQ=WEEKLY;BYDAY=MO,TU, without "RRULE:" and without DTSTART
    start: Due  # the series' DTSTART
    version: int = 1  # of the rule; a change of rule or start is a new version


class Reminder(Struct, frozen=True, gc=False):
    """When to remind: ``before`` seconds before the task is due, or ``at`` an instant; exactly one of them."""

    id: str
    before: int | None = None
    at: int | None = None


class Task(Struct, frozen=True, gc=False):
    """A whole task."""

    id: str
    user: str
    title: str
    created_at: int
    changed_at: int
    notes: str = ""
    priority: Priority = Priority.NONE
    tags: tuple[str, ...] = ()
    due: Due | None = None
    recurrence: Recurrence | None = None
    reminders: tuple[Reminder, ...] = ()
    status: Status = Status.OPEN
    completed_at: int | None = None
    series: str | None = None  # id of the series' first task
    occurrence: str | None = None  # the local date or date-time of this occurrence, as the rule gave it
    version: int = 1  # one more with each event
    start: Due | None = None  # when to begin with it, of the same three kinds
    parent: str | None = None  # id of the task that this one is a part of
    rank: str = ""  # its place in the custom order, see streams.domain.ranks; empty: never moved
    pinned: bool = False
    list: str | None = None  # id of the list that it is on; None: the inbox


class TaskFields(Struct, frozen=True, gc=False):
    """The fields of a task that people set. In a change only those that it names count."""

    title: str = ""
    notes: str = ""
    priority: Priority = Priority.NONE
    tags: tuple[str, ...] = ()
    due: Due | None = None
    rrule: str | None = None
    reminders: tuple[Reminder, ...] = ()
    start: Due | None = None
    parent: str | None = None
    rank: str = ""
    pinned: bool = False
    list: str | None = None


class List(Struct, frozen=True, gc=False):
    """A list, on which tasks are."""

    id: str
    user: str
    name: str
    created_at: int
    changed_at: int
    colour: str | None = None  # #rrggbb
    rank: str = ""  # its place among the lists, as a task's
    deleted: bool = False
    version: int = 1  # one more with each event


class ListFields(Struct, frozen=True, gc=False):
    """The fields of a list that people set. In a change only those that it names count."""

    name: str = ""
    colour: str | None = None
    rank: str = ""


class SavedFilter(Struct, frozen=True, gc=False):
    """A filter that its user has saved."""

    id: str
    user: str
    name: str
    text: str  # as its user wrote it
    created_at: int
    changed_at: int
    sort: str = ""  # empty: the newest first
    colour: str | None = None  # #rrggbb
    rank: str = ""  # its place among the saved filters, as a task's
    deleted: bool = False
    version: int = 1  # one more with each event


class FilterFields(Struct, frozen=True, gc=False):
    """The fields of a saved filter that people set. In a change only those that it names count."""

    name: str = ""
    text: str = ""
    sort: str = ""
    colour: str | None = None
    rank: str = ""


class Tag(Struct, frozen=True, gc=False):
    """What a tag has of its own: a colour. Its name is what it is known by; that tasks bear it is theirs to say."""

    user: str
    name: str
    changed_at: int
    colour: str | None = None  # #rrggbb; None: it has nothing of its own
    version: int = 1  # one more with each event


class TagFields(Struct, frozen=True, gc=False):
    """The fields of a tag that people set. In a change only those that it names count."""

    colour: str | None = None


# Commands: imperatives, on task-commands (people's) and task-followups (derived).


class CreateTask(Struct, frozen=True, gc=False):
    """Create a task."""

    id: str
    user: str
    at: int
    actor: str  # who asked: user:<id>, token:<id>, stage:<name>
    task: str  # the new task's id
    fields: TaskFields
    fingerprint: str = ""  # of the request's body, so that a reused Idempotency-Key with another body is seen
    cause: str | None = None  # id of the event that caused this command, None where a person did


class UpdateTask(Struct, frozen=True, gc=False):
    """Set the named fields of a task."""

    id: str
    user: str
    at: int
    actor: str
    task: str
    changed: tuple[str, ...]  # names of fields in ``fields`` that are to be set; due.time: of the due its time alone
    fields: TaskFields
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None  # the version that the task must have (If-Match), None for any


class CompleteTask(Struct, frozen=True, gc=False):
    """Complete a task; of a recurring one, the occurrence meant."""

    id: str
    user: str
    at: int
    actor: str
    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class ReopenTask(Struct, frozen=True, gc=False):
    """Open a completed task again."""

    id: str
    user: str
    at: int
    actor: str
    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class DeleteTask(Struct, frozen=True, gc=False):
    """Delete a task."""

    id: str
    user: str
    at: int
    actor: str
    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class RestoreTask(Struct, frozen=True, gc=False):
    """Bring a deleted task back, open or completed as it was."""

    id: str
    user: str
    at: int
    actor: str
    task: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class Action(StrEnum):
    """What a bulk does to each of its tasks."""

    UPDATE = "UPDATE"
    COMPLETE = "COMPLETE"
    REOPEN = "REOPEN"
    DELETE = "DELETE"
    RESTORE = "RESTORE"
    REVERT = "REVERT"


class Within(Struct, frozen=True, gc=False):
    """What a task must still belong to where a bulk is about what belongs to something."""

    subject: str  # list:<id>: be on it; tag:<name>: bear it; task:<id>: be a part of it, or of one of its parts
    expected: int | None = None  # the version that it must have, None for any


class TaskChange(Struct, frozen=True, gc=False):
    """What a bulk does to each of its tasks; all but the action counts for an update alone."""

    action: Action
    changed: tuple[str, ...]  # names of fields in ``fields`` that are to be set; due.time: of the due its time alone
    fields: TaskFields
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    shift: int | None = None  # days to move start and due by
    within: Within | None = None  # else a task is left as it is


class FieldChange(Struct, frozen=True, gc=False):
    """One field's value before and after, as JSON; ``null`` before a task existed."""

    field: str
    before: str
    after: str


class Reversal(Struct, frozen=True, gc=False):
    """An event that is to be undone, as the audit trail tells of it."""

    event: str  # its id
    kind: str  # TaskCreated, TaskUpdated …
    at: int
    changes: tuple[FieldChange, ...]


class TaskAt(Struct, frozen=True, gc=False):
    """A task of a bulk; of one that undoes also something else."""

    task: str  # empty where it is something else
    expected: int | None = None  # the version that it must have, None for any
    reversal: Reversal | None = None  # what is to be undone, where that is what the bulk does
    subject: str | None = None  # what it is, if not a task: list:<UUID>, tag:<name> …


class ChangeTasks(Struct, frozen=True, gc=False):
    """Do the same to many tasks: one chunk of a bulk.

    A bulk is sent as chunks under its id, which is also that of its first chunk's command. What it resolved to, all its
    tasks with their versions and the change, has a hash: chunks of another resolution are refused.
    """

    id: str
    user: str
    at: int
    actor: str
    bulk: str
    chunk: int  # 0, 1, 2 …
    chunks: int  # how many the bulk has
    tasks: int  # how many tasks the bulk is about, in all chunks
    items: tuple[TaskAt, ...]
    change: TaskChange
    resolution: str
    fingerprint: str = ""
    cause: str | None = None


class CreateList(Struct, frozen=True, gc=False):
    """Create a list."""

    id: str
    user: str
    at: int
    actor: str
    list: str  # the new list's id
    fields: ListFields
    fingerprint: str = ""
    cause: str | None = None


class UpdateList(Struct, frozen=True, gc=False):
    """Set the named fields of a list."""

    id: str
    user: str
    at: int
    actor: str
    list: str
    changed: tuple[str, ...]
    fields: ListFields
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class DeleteList(Struct, frozen=True, gc=False):
    """Delete a list, if no task is on it."""

    id: str
    user: str
    at: int
    actor: str
    list: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class RestoreList(Struct, frozen=True, gc=False):
    """Bring a deleted list back as it was. The tasks that were on it stay where they are."""

    id: str
    user: str
    at: int
    actor: str
    list: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class CreateFilter(Struct, frozen=True, gc=False):
    """Save a filter."""

    id: str
    user: str
    at: int
    actor: str
    filter: str  # the new saved filter's id
    fields: FilterFields
    fingerprint: str = ""
    cause: str | None = None


class UpdateFilter(Struct, frozen=True, gc=False):
    """Set the named fields of a saved filter."""

    id: str
    user: str
    at: int
    actor: str
    filter: str
    changed: tuple[str, ...]
    fields: FilterFields
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class DeleteFilter(Struct, frozen=True, gc=False):
    """Delete a saved filter."""

    id: str
    user: str
    at: int
    actor: str
    filter: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class RestoreFilter(Struct, frozen=True, gc=False):
    """Bring a deleted saved filter back as it was."""

    id: str
    user: str
    at: int
    actor: str
    filter: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class UpdateTag(Struct, frozen=True, gc=False):
    """Set the named fields of a tag, whether a task bears it or not."""

    id: str
    user: str
    at: int
    actor: str
    tag: str  # its name
    changed: tuple[str, ...]
    fields: TagFields
    fingerprint: str = ""
    cause: str | None = None


class RenameTag(Struct, frozen=True, gc=False):
    """Give what a tag has of its own to another name, after the chunks of a bulk changed the tasks that bore it."""

    id: str
    user: str
    at: int
    actor: str
    tag: str
    to: str
    bulk: str  # whose chunks did so on the tasks
    resolution: str  # of that bulk: where it was begun on other tasks, this is refused, too
    fingerprint: str = ""
    cause: str | None = None


class DeleteTag(Struct, frozen=True, gc=False):
    """Take from a tag what it has of its own, after the chunks of a bulk took it from the tasks that bore it."""

    id: str
    user: str
    at: int
    actor: str
    tag: str
    bulk: str
    resolution: str
    fingerprint: str = ""
    cause: str | None = None


class CreateOccurrence(Struct, frozen=True, gc=False):
    """Create the next occurrence of a series, unless the series has gone past ``after`` or has another rule by now."""

    id: str
    user: str
    at: int
    actor: str
    task: str  # the new task's id: derived from series, occurrence and rule version
    series: str
    previous: str  # the task whose completion led here; the new one takes its fields
    after: str  # the occurrence that was completed
    occurrence: str
    due: Due
    rule_version: int
    cause: str | None = None
    ends: str | None = None  # why nothing follows: then the series ends, and task, occurrence, due are its last


# Events: past tense, on task-events.


class TaskCreated(Struct, frozen=True, gc=False):
    """A task was created."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    task: Task  # the whole task after this event
    cause: str | None = None


class TaskUpdated(Struct, frozen=True, gc=False):
    """Fields of a task were set."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    task: Task
    changed: tuple[str, ...]  # exactly the fields whose value differs now
    cause: str | None = None


class TaskCompleted(Struct, frozen=True, gc=False):
    """A task was completed."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    task: Task
    cause: str | None = None


class TaskReopened(Struct, frozen=True, gc=False):
    """A completed task was opened again."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    task: Task
    cause: str | None = None
    undone: str | None = None  # the completion that was undone, where the series goes back to this occurrence


class TaskDeleted(Struct, frozen=True, gc=False):
    """A task was deleted."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    task: Task
    cause: str | None = None


class TaskRestored(Struct, frozen=True, gc=False):
    """A deleted task was brought back."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    task: Task
    cause: str | None = None


class TaskPurged(Struct, frozen=True, gc=False):
    """A task that was deleted long ago is gone."""

    id: str
    user: str
    at: int
    actor: str
    command: str  # the notice's id
    task: Task  # as it was
    cause: str | None = None


class TaskNotice(Struct, frozen=True, gc=False):
    """The time of what was deleted is over. Acts only if it is still deleted by that same deletion."""

    id: str
    user: str
    at: int
    task: str  # empty where it is something else
    due: int
    subject: str | None = None  # what it is about, if not a task


class ListCreated(Struct, frozen=True, gc=False):
    """A list was created."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    list: List  # the whole list after this event
    cause: str | None = None


class ListUpdated(Struct, frozen=True, gc=False):
    """Fields of a list were set."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    list: List
    changed: tuple[str, ...]  # exactly the fields whose value differs now
    cause: str | None = None


class ListDeleted(Struct, frozen=True, gc=False):
    """A list was deleted."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    list: List
    cause: str | None = None


class ListRestored(Struct, frozen=True, gc=False):
    """A deleted list was brought back."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    list: List
    cause: str | None = None


class ListPurged(Struct, frozen=True, gc=False):
    """A list that was deleted long ago is gone."""

    id: str
    user: str
    at: int
    actor: str
    command: str  # the notice's id
    list: List  # as it was
    cause: str | None = None


class FilterCreated(Struct, frozen=True, gc=False):
    """A filter was saved."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    filter: SavedFilter  # the whole saved filter after this event
    cause: str | None = None


class FilterUpdated(Struct, frozen=True, gc=False):
    """Fields of a saved filter were set."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    filter: SavedFilter
    changed: tuple[str, ...]  # exactly the fields whose value differs now
    cause: str | None = None


class FilterDeleted(Struct, frozen=True, gc=False):
    """A saved filter was deleted."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    filter: SavedFilter
    cause: str | None = None


class FilterRestored(Struct, frozen=True, gc=False):
    """A deleted saved filter was brought back."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    filter: SavedFilter
    cause: str | None = None


class FilterPurged(Struct, frozen=True, gc=False):
    """A saved filter that was deleted long ago is gone."""

    id: str
    user: str
    at: int
    actor: str
    command: str  # the notice's id
    filter: SavedFilter  # as it was
    cause: str | None = None


class TagUpdated(Struct, frozen=True, gc=False):
    """Fields of a tag were set, to nothing where it was renamed or deleted."""

    id: str
    user: str
    at: int
    actor: str
    command: str
    tag: Tag  # the whole tag after this event
    cause: str | None = None


class OutcomeKind(StrEnum):
    """What became of a command."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    NOTHING_TO_DO = "NOTHING_TO_DO"


class Refusal(Struct, frozen=True, gc=False):
    """A task of a bulk that was left as it is, and why: as in the outcome of a command that was rejected."""

    task: str  # empty where it is something else
    code: str
    detail: str
    field: str | None = None
    subject: str | None = None  # what it is, if not a task


class BulkPart(Struct, frozen=True, gc=False):
    """What became of one chunk of a bulk."""

    bulk: str
    chunk: int
    chunks: int
    tasks: int  # of all chunks
    changed: int  # tasks of this chunk that were changed
    unchanged: int  # those that were so already
    refused: tuple[Refusal, ...]  # all the others


class CommandOutcome(Struct, frozen=True, gc=False):
    """What became of a command: exactly one for each command id, after the events that it led to."""

    user: str
    at: int
    command: str
    kind: OutcomeKind
    task: str | None  # None where it is about something else: see ``subject``, or ``part``
    fingerprint: str = ""
    version: int | None = None  # of what it is about, after the command, where there is such a thing
    code: str | None = None  # of a rejection: a stable word for programs
    detail: str | None = None  # of a rejection: a sentence for people
    field: str | None = None  # of a rejection: the field at fault
    part: BulkPart | None = None  # of a chunk of a bulk
    subject: str | None = None  # what it is about if not a task: list:<id>, tag:<name> …, see ``subjects``
    events: int | None = None  # how many it led to; None in what was decided before that was counted


# Reminders.


class ReminderScheduled(Struct, frozen=True, gc=False):
    """A reminder stands and waits for its instant."""

    id: str  # derived from task, occurrence, reminder and rule version
    user: str
    at: int
    command: str
    task: str
    reminder: str
    due: int  # the instant
    title: str


class ReminderCancelled(Struct, frozen=True, gc=False):
    """A reminder that stood does not any more: the task was completed, deleted or changed."""

    id: str
    user: str
    at: int
    command: str
    task: str


class ReminderDue(Struct, frozen=True, gc=False):
    """A reminder is due: decided once."""

    id: str
    user: str
    at: int  # when it was decided; later than ``due`` by the lateness
    command: str
    task: str
    reminder: str
    due: int
    title: str


class ReminderNotice(Struct, frozen=True, gc=False):
    """A reminder's timer has come. Acts only if that timer still stands."""

    id: str
    user: str
    at: int
    task: str
    due: int


class SeriesNotice(Struct, frozen=True, gc=False):
    """A series' timer has come. Acts only if that timer still stands."""

    id: str
    user: str
    at: int
    series: str
    due: int


# Audit.


class AuditEntry(Struct, frozen=True, gc=False):
    """Who changed what, and why: a link of the user's hash chain."""

    id: str  # of the event
    user: str
    at: int
    sequence: int  # 1, 2, 3 … per user
    actor: str
    command: str
    cause: str | None
    event: str  # TaskCreated, TaskUpdated …
    task: str | None  # None where it is about something else, see ``subject``
    changes: tuple[FieldChange, ...]
    previous: str  # hash of the entry before; 64 zeros before the first
    hash: str  # SHA-256 over this entry without ``hash``, see streams.domain.audit
    subject: str | None = None  # what it is about if not a task: list:<id>, tag:<name> …, see ``subjects``


# Notifications.


class Step(StrEnum):
    """A step of the ledger."""

    CLAIMED = "CLAIMED"
    SENT = "SENT"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    MISSED = "MISSED"


class Notification(Struct, frozen=True, gc=False):
    """One step in the ledger of a reminder's delivery. ``id`` is the idempotency key outside."""

    id: str  # of the reminder that is delivered
    user: str
    at: int
    command: str
    task: str
    step: Step
    attempt: int  # 1, 2, 3 …
    channel: str  # log, webhook
    title: str
    due: int
    detail: str | None = None  # why it failed, was suppressed or missed
    retry_at: int | None = None  # of a claim: when its lease ends; of a failure: when to try again, None if never
    failures: int = 0  # how many were seen so far


# The runtime's own.


class DeadLetter(Struct, frozen=True, gc=False):
    """A record that could not be decoded or decided, whole, with the reason."""

    stage: str
    topic: str
    partition: int
    offset: int
    at: int
    reason: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Retry(Struct, frozen=True, gc=False):
    """A dead letter that is sent again: the record whole, for its stage to fold once more.

    ``topic``, ``partition``, ``offset`` are where the record first was, however often it has been sent again.
    """

    id: str  # derived from where the record was and from ``letter``
    user: str  # the record's key as text, "" where it has none
    at: int  # when it was sent again
    stage: str
    letter: int  # offset on dead-letters of the letter that is sent again
    died_at: int  # when the record's first letter was written
    topic: str  # of a timer: the stage's changelog
    partition: int
    offset: int  # of a timer: -1
    reason: str  # why it was set aside
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    seen: int = 0  # the topic was looked through for later records up to this offset …
    later: bool = False  # … and whether one there is about the same as this record


class Block(Struct, frozen=True, gc=False):
    """Which input a block of a stage with several inputs consumed: the only record of how the inputs interleaved."""

    stage: str
    topic: str
    first: int  # offset of the first record
    last: int  # offset of the last record
    records: int
    rules: str  # version of the rules that decided
    tzdata: str  # version of the time zone data
    given: dict[str, str] = {}  # what decided besides the records, by name: settings; what a look at the log found


class Position(Struct, frozen=True, gc=False):
    """The next offset that a stage-partition reads, by input topic."""

    offsets: dict[str, int]


class Timer(Struct, frozen=True, gc=False):
    """A timer that stands."""

    id: str
    user: str
    subject: str  # what it belongs to: a task, a series, a delivery
    due: int


class TimerCursor(Struct, frozen=True, gc=False):
    """The key of the last timer whose notice was written."""

    key: bytes


class Series(Struct, frozen=True, gc=False):
    """What the tasks stage remembers of a series for ever."""

    occurrence: str  # the last one created
    rule_version: int
    undone: tuple[str, ...] = ()  # completions of it that were undone before they led to the next one


class ListSize(Struct, frozen=True, gc=False):
    """How many tasks are on a list: those open and completed, not the deleted."""

    tasks: int


class Remembered(Struct, frozen=True, gc=False):
    """A command id that was answered, or what a bulk resolved to, remembered for 30 days of record time."""

    at: int
    fingerprint: str
    changed: int = 0  # of a bulk: how many tasks it has changed


class AuditHead(Struct, frozen=True, gc=False):
    """The end of a user's hash chain."""

    sequence: int
    hash: str


class StandingReminder(Struct, frozen=True, gc=False):
    """A reminder that waits for its timer."""

    id: str
    reminder: str
    due: int


class StandingReminders(Struct, frozen=True, gc=False):
    """What the reminders stage holds of a task."""

    task: str
    title: str
    command: str
    standing: tuple[StandingReminder, ...]
    decided: tuple[str, ...]  # ids that were decided already and stay so


class Delivery(Struct, frozen=True, gc=False):
    """What the ledger holds of one delivery: its last step."""

    last: Notification
