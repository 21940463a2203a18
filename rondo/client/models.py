"""What the API takes and answers, as typed dictionaries: exactly the JSON objects of its OpenAPI document.

They stay dictionaries, so that a field which a newer API adds passes through a client that does not know it yet.
Instants are RFC 3339 in UTC, dates and times ISO 8601, as they come.
"""

from typing import Any, Generic, Literal, NotRequired, Required, TypedDict, TypeVar

Item = TypeVar("Item")

Json = dict[str, Any]
"""An object of the API whose shape does not matter."""

Priority = Literal["none", "low", "medium", "high", "urgent"]
TaskStatus = Literal["open", "completed", "deleted"]
Action = Literal["complete", "reopen", "delete", "restore", "update"]
BulkStatus = Literal["pending", "done", "in-part"]
CommandStatus = Literal["pending", "accepted", "rejected", "nothing-to-do"]
ReminderStatus = Literal["scheduled", "cancelled", "due"]
Step = Literal["claimed", "sent", "failed", "suppressed", "missed"]


class WrittenDue(TypedDict, total=False):
    """A due or a start to set: a date; a date and a floating time; or a date, a time and an IANA zone's name."""

    date: Required[str]
    time: str | None
    zone: str | None


class DueChanges(TypedDict, total=False):
    """Members of a due or a start to set: an absent one stays, None clears one, a time's zone with it."""

    date: str
    time: str | None
    zone: str | None


class WrittenReminder(TypedDict, total=False):
    """A reminder to set: ``before``, an ISO 8601 duration, or ``at``, an RFC 3339 instant. Exactly one of the two."""

    before: str | None
    at: str | None


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


class Fields(_Fields, total=False):
    """The fields of a new task besides its title."""

    due: WrittenDue | None
    start: WrittenDue | None


class Changes(_Fields, total=False):
    """The fields that a change may set; None clears one. Of due and start it may set some members alone."""

    title: str
    due: DueChanges | None
    start: DueChanges | None


class Place(TypedDict, total=False):
    """Where a task comes to in your own order: exactly one of the three; tasks by their ids."""

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


class Due(TypedDict):
    """When a task is due or begins, as it was asked for."""

    date: str
    time: str | None
    zone: str | None


class Reminder(TypedDict):
    """A reminder of a task: so long before its due, or at an instant."""

    id: str
    before: str | None
    at: str | None


class TaskRef(TypedDict):
    """Where a task stands, or will stand."""

    id: str
    href: str


class ListRef(TypedDict):
    """Where a list stands, or will stand."""

    id: str
    href: str


Reminders = list[Reminder]


class Task(TypedDict):
    """A task as it stands.

    ``due_at`` and ``start_at`` are the instants that ``due`` and ``start`` mean, None where they have no zone.
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


class TaskTitle(TypedDict):
    """A task by what people know it by."""

    id: str
    href: str
    title: str
    status: TaskStatus


class TaskTitles(TypedDict):
    """Tasks whose ids begin as was asked, and whether there are more than these."""

    items: list[TaskTitle]
    more: bool


class List(TypedDict):
    """A list as it stands; ``open`` is how many open tasks are on it."""

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
    """Where a saved filter stands, or will stand."""

    id: str
    href: str


class SavedFilter(TypedDict):
    """A saved filter as it stands."""

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


class TagRef(TypedDict):
    """Where a tag is."""

    name: str
    href: str


class Tag(TypedDict):
    """A tag that a task bears or that has a colour; ``open`` is how many open tasks bear it."""

    name: str
    href: str
    colour: str | None
    open: int


class Part(TypedDict):
    """A piece of a text, and whether it is what was looked for."""

    text: str
    match: bool


class Highlights(TypedDict):
    """Where the words that were looked for stand: in the whole title, and in what is around the first in the notes."""

    title: list[Part]
    notes: list[Part]


class ListedTask(Task):
    """A task of a list; where words were looked for, with where they stand."""

    highlights: NotRequired[Highlights | None]


class TaskPage(TypedDict):
    """A part of a list of tasks, and the cursor of the next part; ``corrected`` is what ``q`` was taken for."""

    items: list[ListedTask]
    next: str | None
    corrected: NotRequired[str | None]


class FacetCount(TypedDict):
    """So many tasks have this; None: none of it."""

    value: str | None
    tasks: int


FacetCounts = list[FacetCount]


class Facets(TypedDict):
    """How many tasks there are, in all and by what they have."""

    total: int
    status: FacetCounts
    priority: FacetCounts
    list: FacetCounts
    tags: FacetCounts
    due: FacetCounts
    corrected: NotRequired[str | None]


class BulkRef(TypedDict):
    """Where a bulk is."""

    id: str
    href: str


class Command(TypedDict):
    """A command and, once it is known, what became of it; while it is pending the other members are missing."""

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
    """What an answer is about: all but one are None."""

    task: TaskRef | None
    list: ListRef | None
    filter: FilterRef | None
    tag: TagRef | None


class Names(TypedDict):
    """What an entry of the audit trail is about: all but one are None."""

    task: str | None
    list: str | None
    filter: str | None
    tag: str | None


class Known(Command, Refs):
    """A command by its address, with what it is about."""


class Answer(TypedDict):
    """A command's answer: pending, with where the task will stand; or its outcome, with the task as it stands then.

    ``rondo.client.settled`` returns the task of an answer, and raises where it is pending.
    """

    command: Command
    task: Task | TaskRef | None


class TagAnswer(TypedDict):
    """A command's answer as ``Answer`` is, of one on a tag; None where there is no such tag any more."""

    command: Command
    tag: Tag | TagRef | None


class ListAnswer(TypedDict):
    """A command's answer as ``Answer`` is, of one on a list."""

    command: Command
    list: List | ListRef | None


class FilterAnswer(TypedDict):
    """A command's answer as ``Answer`` is, of one on a saved filter."""

    command: Command
    filter: SavedFilter | FilterRef | None


class TaskAt(TypedDict, total=False):
    """A task of a bulk; with a version, only if it has not changed since."""

    id: Required[str]
    version: int | None


class NewBulk(TypedDict, total=False):
    """What to do to which tasks: what ``filter`` finds, or ``tasks``. What is below ``action`` is for an update.

    ``shift`` moves start and due by so many days.
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
    """A bulk, and how far it is: so many of its chunks are decided, which did this to so many tasks.

    It is ``done`` once all chunks were decided, and ``in-part`` where some never will be.
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
    """How many tasks a bulk would be about."""

    tasks: int


class Refusal(Refs):
    """A task that a bulk left as it is, and why; of one that undoes also a list, a saved filter or a tag."""

    code: str
    detail: str
    field: str | None


class Change(TypedDict):
    """A field's value before and after, each as a task shows it; a reminder without its id."""

    field: str
    before: Any
    after: Any


FieldChanges = list[Change]


class Entry(Names):
    """An entry of the audit trail: a link of the user's hash chain. ``led_to`` is what a completion led to."""

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
    """A reminder that stands, was cancelled, or became due. ``reminder`` is its id among the task's reminders."""

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
    """The delivery of a reminder: where it stands, and each step so far."""

    id: str
    task: TaskRef
    title: str
    due_at: str
    status: Step
    steps: list[NotificationStep]


class Page(TypedDict, Generic[Item]):
    """A part of a list, and the cursor of the next part; None at the end."""

    items: list[Item]
    next: str | None
