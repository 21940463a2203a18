"""The API's JSON objects as typed dictionaries, exactly as in its OpenAPI document.

They are plain dictionaries, so that fields of a newer API pass through an older client. Instants are RFC 3339 in UTC,
dates and times ISO 8601, as strings.
"""

from typing import Any, Generic, Literal, NotRequired, Required, TypedDict, TypeVar

Item = TypeVar("Item")

Json = dict[str, Any]
"""An object of the API of any shape."""

Priority = Literal["none", "low", "medium", "high", "urgent"]
TaskStatus = Literal["open", "completed", "deleted"]
Scope = Literal["this", "following", "all"]
"""The occurrences of a series that a change is about."""
Missed = Literal["skip", "latest", "each"]
"""Which of the occurrences that have passed opens."""
Action = Literal["complete", "reopen", "delete", "restore", "update"]
BulkStatus = Literal["pending", "done", "in-part"]
CommandStatus = Literal["pending", "accepted", "rejected", "nothing-to-do"]
Cause = Literal["clocks", "calendar", "exception"]
ReminderStatus = Literal["scheduled", "cancelled", "due", "suppressed", "missed"]
Subtasks = Literal["reset", "carry", "stay"]
QuietHours = Literal["postpone", "suppress"]
CatchUp = Literal["each", "latest", "none"]
Language = Literal["en", "de"]
Step = Literal["claimed", "sent", "failed", "suppressed", "missed"]


class WrittenDue(TypedDict, total=False):
    """A due or a start to set: a date; a date and a floating time; or a date, a time and an IANA zone's name."""

    date: Required[str]
    time: str | None
    zone: str | None


class DueChanges(TypedDict, total=False):
    """Members of a due or a start to set: absent ones stay, None clears one, a time with its zone."""

    date: str
    time: str | None
    zone: str | None


class WrittenReminder(TypedDict, total=False):
    """A reminder to set: ``before``, an ISO 8601 duration, or ``at``, an RFC 3339 instant. Exactly one of the two."""

    before: str | None
    at: str | None
    time: str | None
    relative_to: Literal["due", "start"]
    repeat_every: str | None


Texts = list[str]
WrittenReminders = list[WrittenReminder]


class _Fields(TypedDict, total=False):
    notes: str | None
    priority: Priority | None
    tags: Texts | None
    recurrence: str | None
    reminders: WrittenReminders | None
    parent: str | None
    order: str | None
    pinned: bool | None
    list: str | None
    rdates: Texts | None
    exdates: Texts | None
    repeats: Literal["schedule", "completion", "calendar"] | None
    missed: Missed | None
    subtasks: Subtasks | None


class Fields(_Fields, total=False):
    """The fields of a new task besides its title."""

    due: WrittenDue | None
    start: WrittenDue | None


class Changes(_Fields, total=False):
    """The fields that a change may set; None clears one. It may set single members of due and start."""

    title: str
    due: DueChanges | None
    start: DueChanges | None


class Until(TypedDict, total=False):
    """Until when to snooze a task: exactly one of these."""

    until: str | None
    """An instant; or a local time or day, in the zone of the user's settings."""
    duration: str | None
    """From now on, as ISO 8601 has it."""


class Place(TypedDict, total=False):
    """A place in your own order: exactly one of the three; tasks by their ids."""

    before: str | None
    after: str | None
    to: Literal["top", "bottom"] | None


class ListFields(TypedDict, total=False):
    """The fields of a list that a command sets besides its name; in a change, None clears one."""

    colour: str | None
    order: str | None


class ListChanges(ListFields, total=False):
    """The fields that a change of a list may set."""

    name: str


class FilterFields(TypedDict, total=False):
    """The fields of a saved filter that a command sets besides its name and itself; in a change, None clears one."""

    sort: str | None
    colour: str | None
    order: str | None


class FilterChanges(FilterFields, total=False):
    """The fields that a change of a saved filter may set."""

    name: str
    filter: str


class TargetFields(TypedDict, total=False):
    """The fields of a target that a command sets besides its name and address; in a change, None clears one."""

    enabled: bool | None
    order: str | None


class TargetChanges(TargetFields, total=False):
    """The fields that a change of a target may set."""

    name: str
    address: str


class Due(TypedDict):
    """When a task is due or begins, as it was set."""

    date: str
    time: str | None
    zone: str | None


class Reminder(TypedDict):
    """A reminder of a task: a duration before its due or start, or an instant."""

    id: str
    before: str | None
    at: str | None
    time: str | None
    relative_to: Literal["due", "start"]
    repeat_every: str | None


class TaskRef(TypedDict):
    """A reference to a task, which may not exist yet."""

    id: str
    href: str


class ListRef(TypedDict):
    """A reference to a list, which may not exist yet."""

    id: str
    href: str


Reminders = list[Reminder]


class Task(TypedDict):
    """A task.

    ``due_at`` and ``start_at`` are the instants of ``due`` and ``start``, None if these have no zone.
    """

    id: str
    href: str
    title: str
    notes: str
    priority: Priority
    tags: Texts
    due: Due | None
    due_at: str | None
    recurrence: str | None
    reminders: Reminders
    status: TaskStatus
    series: str | None
    occurrence: str | None
    version: int
    created_at: str
    changed_at: str
    completed_at: str | None
    start: Due | None
    start_at: str | None
    parent: str | None
    order: str
    pinned: bool
    list: str | None
    rdates: Texts
    exdates: Texts
    repeats: Literal["schedule", "completion", "calendar"] | None
    missed: Missed | None
    subtasks: Subtasks | None
    closing: Literal["done", "skipped", "missed"] | None
    snoozed: str | None


class ReadTask(Task):
    """A task, and its rule in words; None if it does not recur, absent from an older API."""

    words: NotRequired[str | None]


class TaskTitle(TypedDict):
    """A task's id, title and status."""

    id: str
    href: str
    title: str
    status: TaskStatus


class TaskTitles(TypedDict):
    """Tasks whose ids have a prefix, and whether there are more."""

    items: list[TaskTitle]
    more: bool


class List(TypedDict):
    """A list; ``open`` is its number of open tasks."""

    id: str
    href: str
    name: str
    colour: str | None
    order: str
    deleted: bool
    open: int
    version: int
    created_at: str
    changed_at: str


class FilterRef(TypedDict):
    """A reference to a saved filter, which may not exist yet."""

    id: str
    href: str


class SavedFilter(TypedDict):
    """A saved filter."""

    id: str
    href: str
    name: str
    filter: str
    sort: str
    colour: str | None
    order: str
    deleted: bool
    version: int
    created_at: str
    changed_at: str


class TargetRef(TypedDict):
    """A reference to a target, which may not exist yet."""

    id: str
    href: str


class Target(TypedDict):
    """Where notifications go, and how deliveries there went."""

    id: str
    href: str
    name: str
    kind: str
    enabled: bool
    has_address: bool
    last_sent_at: str | None
    failing_since: str | None
    error: str | None
    order: str
    deleted: bool
    version: int
    created_at: str
    changed_at: str


class TestResult(TypedDict):
    """The result of sending a test message."""

    sent: bool
    error: str | None


class WebPushKey(TypedDict):
    """The key that browsers subscribe with."""

    key: str


class TagRef(TypedDict):
    """A reference to a tag."""

    name: str
    href: str


class Tag(TypedDict):
    """A tag that has tasks or a colour; ``open`` is its number of open tasks."""

    name: str
    href: str
    colour: str | None
    open: int


class SettingsChanges(TypedDict, total=False):
    """The settings that a change may set; None restores a default."""

    zone: str | None
    day_time: str | None
    quiet_from: str | None
    quiet_to: str | None
    in_quiet_hours: QuietHours | None
    catch_up: CatchUp | None
    digest_time: str | None
    language: Language | None


class SettingsRef(TypedDict):
    """A reference to the user's settings."""

    user: str
    href: str


class Settings(TypedDict):
    """A user's settings; ``version`` is 0 and ``changed_at`` None until one is changed."""

    user: str
    href: str
    zone: str | None
    day_time: str
    quiet_from: str | None
    quiet_to: str | None
    in_quiet_hours: QuietHours
    catch_up: CatchUp
    digest_time: str | None
    language: Language | None
    version: int
    changed_at: str | None


class Part(TypedDict):
    """A piece of a text, and whether it matches the search."""

    text: str
    match: bool


class Highlights(TypedDict):
    """The matches of a search: in the title, and around the first one in the notes."""

    title: list[Part]
    notes: list[Part]


class ListedTask(Task):
    """A task of a list; for a search, with its matches."""

    highlights: NotRequired[Highlights | None]


class TaskPage(TypedDict):
    """A page of tasks, and the cursor of the next; ``corrected`` is the corrected ``q``."""

    items: list[ListedTask]
    next: str | None
    corrected: NotRequired[str | None]


class FacetCount(TypedDict):
    """The number of tasks with a value; None counts tasks without one."""

    value: str | None
    tasks: int


FacetCounts = list[FacetCount]


class Facets(TypedDict):
    """The numbers of tasks, in total and by value."""

    total: int
    status: FacetCounts
    priority: FacetCounts
    list: FacetCounts
    tags: FacetCounts
    due: FacetCounts
    corrected: NotRequired[str | None]


class Occurrence(TypedDict):
    """An occurrence of a rule, and if it is moved, from where and why."""

    local: str
    at: str | None
    planned: str | None
    moved_by: Cause | None
    reason: str | None


class OmittedOccurrence(TypedDict):
    """What a rule leaves out, and why."""

    planned: str | None
    omitted_by: Cause
    reason: str


class Occurrences(TypedDict):
    """The first occurrences of a rule, and what is left out before the last of these."""

    rule: str
    words: str
    occurrences: list[Occurrence]
    omitted: list[OmittedOccurrence]
    ended: bool


class UpcomingOccurrence(TypedDict):
    """An occurrence of a series that is yet to come, and what was decided about it."""

    occurrence: str
    due: Due
    status: Literal["upcoming", "done", "skipped", "deleted"]
    changed: Texts
    following: Texts
    task: str | None


class UpcomingOccurrences(TypedDict):
    """Occurrences of a series after its open one, and whether there are more."""

    words: str | None
    items: list[UpcomingOccurrence]
    more: bool


class BulkRef(TypedDict):
    """A reference to a bulk."""

    id: str
    href: str


class Command(TypedDict):
    """A command and its outcome; while it is pending, the members of the outcome are missing."""

    id: str
    href: str
    status: CommandStatus
    bulk: NotRequired[BulkRef | None]
    at: NotRequired[str | None]
    version: NotRequired[int | None]
    code: NotRequired[str | None]
    detail: NotRequired[str | None]
    field: NotRequired[str | None]


class Refs(TypedDict):
    """The entity that an answer is about: all but one are None."""

    task: TaskRef | None
    list: ListRef | None
    filter: FilterRef | None
    tag: TagRef | None
    settings: SettingsRef | None
    target: TargetRef | None


class Names(TypedDict):
    """The entity that an audit entry is about: all but one are None."""

    task: str | None
    list: str | None
    filter: str | None
    tag: str | None
    settings: str | None
    target: str | None


class Known(Command, Refs):
    """A command with a reference to its entity."""


class Answer(TypedDict):
    """The answer to a command: pending, with a reference to the task; or its outcome, with the task after it.

    ``rondo.client.settled`` returns the task of an answer, and raises if it is pending.
    """

    command: Command
    task: Task | TaskRef | None


class TagAnswer(TypedDict):
    """The answer to a command on a tag, like ``Answer``; None if the tag is gone."""

    command: Command
    tag: Tag | TagRef | None


class SettingsAnswer(TypedDict):
    """The answer to a change of settings, like ``Answer``."""

    command: Command
    settings: Settings | SettingsRef | None


class ListAnswer(TypedDict):
    """The answer to a command on a list, like ``Answer``."""

    command: Command
    list: List | ListRef | None


class FilterAnswer(TypedDict):
    """The answer to a command on a saved filter, like ``Answer``."""

    command: Command
    filter: SavedFilter | FilterRef | None


class TargetAnswer(TypedDict):
    """The answer to a command on a target, like ``Answer``."""

    command: Command
    target: Target | TargetRef | None


class TaskAt(TypedDict, total=False):
    """A task of a bulk; with a version, only if it still has that version."""

    id: Required[str]
    version: int | None


class NewBulk(TypedDict, total=False):
    """A bulk's action and its tasks: by ``filter`` or as ``tasks``. The members after ``action`` are for an update.

    ``shift`` moves start and due by a number of days.
    """

    filter: str | None
    zone: str
    tasks: list[TaskAt] | None
    action: Required[Action]
    changes: Changes | None
    add_tags: list[str] | None
    remove_tags: list[str] | None
    shift: int | None


class Bulk(TypedDict):
    """A bulk and its progress: its chunks, those decided, and the numbers of tasks by result.

    It is ``done`` once all chunks are decided, and ``in-part`` if some never will be.
    """

    id: str
    href: str
    status: BulkStatus
    tasks: int
    chunks: int
    decided: int
    changed: int
    unchanged: int
    refused: int


class Count(TypedDict):
    """The number of tasks that a bulk would select."""

    tasks: int


class Refusal(Refs):
    """A task that a bulk left as it is, and why; in an undo, also a list, a saved filter or a tag."""

    code: str
    detail: str
    field: str | None


class Change(TypedDict):
    """A field's value before and after, as in a task; reminders without their ids."""

    field: str
    before: Any
    after: Any


FieldChanges = list[Change]


class Entry(Names):
    """An entry of the audit trail: a link of the user's hash chain. ``led_to`` is the command after a completion."""

    id: str
    at: str
    sequence: int
    actor: str
    command: str
    cause: str | None
    event: str
    changes: FieldChanges
    previous: str
    hash: str
    led_to: Known | None


class StandingReminder(TypedDict):
    """A reminder that is scheduled, cancelled or due. ``reminder`` is its id among the task's reminders."""

    id: str
    task: TaskRef
    reminder: str
    title: str
    due_at: str
    status: ReminderStatus
    changed_at: str


class NotificationStep(TypedDict):
    """A step of a delivery."""

    step: Step
    channel: str
    attempt: int
    at: str
    detail: str | None
    retry_at: str | None


class Notification(TypedDict):
    """The delivery of a reminder: its status, and its steps so far."""

    id: str
    task: TaskRef | None
    digest: str | None
    title: str
    due_at: str
    target: str | None
    status: Step
    steps: list[NotificationStep]


class Page(TypedDict, Generic[Item]):
    """A page of a list, and the cursor of the next; None at the end."""

    items: list[Item]
    next: str | None
