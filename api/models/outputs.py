"""Responses of commands, tasks and bulks; times in RFC 3339 and UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from api.models import examples
from api.models.formats import Date, Duration, Href, Id, Local, Order, Time
from api.models.inputs import Priority, Subtasks, duration
from domain.recurrence.rule_words import Language, describe_series
from domain.reminder_times import is_repeated
from postgres import reader as views
from schemas.records import Due, OutcomeKind, Recurrence, Reminder

Item = TypeVar("Item")
CommandStatus = Literal["pending", "accepted", "rejected", "nothing-to-do"]
TaskStatus = Literal["open", "completed", "deleted"]
BulkStatus = Literal["pending", "done", "in-part"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def command_href(command: str) -> str:
    """Return the address of a command."""
    return f"/v1/commands/{command}"


def task_href(task: str) -> str:
    """Return the address of a task."""
    return f"/v1/tasks/{task}"


def bulk_href(bulk: str) -> str:
    """Return the address of a bulk."""
    return f"/v1/bulks/{bulk}"


def etag(version: int) -> str:
    """Return the entity tag of a version (RFC 9110, section 8.8.3)."""
    return f'"{version}"'


class TaskRef(BaseModel):
    """A reference to a task, which may not exist yet."""

    id: Id
    href: Href


class BulkRef(BaseModel):
    """A reference to a bulk."""

    id: Id
    href: Href

    @classmethod
    def of(cls, bulk: str) -> "BulkRef":
        """Return the reference to a bulk."""
        return cls(id=bulk, href=bulk_href(bulk))


class Command(BaseModel):
    """A command and, once it is known, its outcome."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ACCEPTED]})

    id: Id
    href: Href
    status: CommandStatus
    bulk: BulkRef | None = None
    """The bulk that is carried out before it as a part of it."""
    at: datetime | None = None
    version: int | None = None
    """The version of its entity after the command."""
    code: str | None = None
    detail: str | None = None
    field: str | None = None

    @classmethod
    def pending(cls, command: str, bulk: str | None = None) -> "Command":
        """Return a command whose outcome is not known yet, with the id of the bulk before it, if there is one."""
        pending = cls(id=command, href=command_href(command), status="pending")
        return pending.model_copy(update={"bulk": BulkRef.of(bulk)}) if bulk else pending

    @classmethod
    def of(cls, outcome: views.Outcome, field: str | None, bulk: str | None = None) -> "Command":
        """Return a command with its outcome, the public name of a field at fault, and the id of the bulk before it."""
        return cls(
            id=outcome.id,
            href=command_href(outcome.id),
            status=_STATUS[outcome.kind],
            bulk=BulkRef.of(bulk) if bulk else None,
            at=outcome.at,
            version=outcome.version,
            code=outcome.code,
            detail=outcome.detail,
            field=field,
        )


_STATUS: dict[OutcomeKind, CommandStatus] = {
    OutcomeKind.ACCEPTED: "accepted",
    OutcomeKind.REJECTED: "rejected",
    OutcomeKind.NOTHING_TO_DO: "nothing-to-do",
}


class TaskDue(BaseModel):
    """A due or a start, as it was set."""

    date: Date
    time: Time | None
    zone: str | None


class TaskReminder(BaseModel):
    """A reminder of a task: a duration before its due or start, or an instant."""

    id: Id
    before: Duration | None
    """Its days are the calendar's, the rest is exact."""
    at: datetime | None
    time: Time | None
    """The local time on that day, if not the task's own."""
    relative_to: Literal["due", "start"]
    repeat_every: Duration | None
    """After which it is repeated until the task is done."""


Texts = list[str]
Reminders = list[TaskReminder]


class Task(BaseModel):
    """The current state of a task."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TASK]})

    id: Id
    href: Href
    title: str
    notes: str
    priority: Priority
    tags: Texts
    due: TaskDue | None
    due_at: datetime | None
    """The instant of ``due``; null where it has no zone."""
    recurrence: str | None
    reminders: Reminders
    status: TaskStatus
    series: Id | None
    """The first task of its series."""
    occurrence: Local | None
    version: int
    created_at: datetime
    changed_at: datetime
    completed_at: datetime | None
    start: TaskDue | None
    start_at: datetime | None
    """The instant of ``start``; null where it has no zone."""
    parent: Id | None
    """The parent task."""
    order: Order
    """Its place in the custom order."""
    pinned: bool
    list: Id | None
    """Its list; null is the inbox."""
    rdates: Texts
    """Further occurrences of its rule."""
    exdates: Texts
    """Occurrences that its rule leaves out."""
    repeats: Literal["schedule", "completion", "calendar"] | None
    """What the next occurrence is counted from; null without a rule."""
    missed: Literal["skip", "latest", "each"] | None
    """Which of the occurrences that have passed opens; null without a rule."""
    subtasks: Subtasks | None
    """Null without a rule."""
    closing: Literal["done", "skipped", "missed"] | None
    """Whether it was done, skipped or missed; null while it is open."""
    snoozed: datetime | None
    """The instant at which it was snoozed to remind, also once that has passed; null if it was not snoozed."""


def task_members(task: views.Task) -> dict[str, Any]:
    """Return the members of ``Task``, in its order: JSON but for times."""
    return {
        "id": task.id,
        "href": task_href(task.id),
        "title": task.title,
        "notes": task.notes,
        "priority": task.priority.lower(),
        "tags": [*task.tags],
        "due": task.due and _due(task.due),
        "due_at": task.due_at,
        "recurrence": task.recurrence and task.recurrence.rrule,
        "reminders": [*map(_reminder, task.reminders)],
        "status": task.status.lower(),
        "series": task.series,
        "occurrence": task.occurrence,
        "version": task.version,
        "created_at": task.created_at,
        "changed_at": task.changed_at,
        "completed_at": task.completed_at,
        "start": task.start and _due(task.start),
        "start_at": task.start_at,
        "parent": task.parent,
        "order": task.rank,
        "pinned": task.pinned,
        "list": task.list,
        **_recurrence(task.recurrence),
        "closing": None if task.completed_at is None else task.closing.lower(),
        "snoozed": task.snoozed,
    }


class ReadTask(Task):
    """The current state of a task, and its rule in words."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.READ]})

    words: str | None
    """What the next occurrence follows from, in words; null if the task does not recur."""


def read_members(task: views.Task, language: Language) -> dict[str, Any]:
    """Return the members of ``ReadTask``, in its order."""
    return {**task_members(task), "words": task.recurrence and describe_series(task.recurrence, language)}


def _recurrence(recurrence: Recurrence | None) -> dict[str, Any]:
    if recurrence is None:
        return {"rdates": [], "exdates": [], "repeats": None, "missed": None, "subtasks": None}
    return {
        "rdates": [*recurrence.rdates],
        "exdates": [*recurrence.exdates],
        "repeats": recurrence.repeats.lower(),
        "missed": recurrence.missed.lower(),
        "subtasks": recurrence.subtasks.lower(),
    }


def _due(due: Due) -> dict[str, Any]:
    return {"date": due.date, "time": due.time, "zone": due.zone}


def _reminder(reminder: Reminder) -> dict[str, Any]:
    return {"id": reminder.id, **when_members(reminder)}


def when_members(reminder: Reminder) -> dict[str, Any]:
    """Return the members of ``TaskReminder``, in its order, besides its id."""
    return {
        "before": None if reminder.before is None else duration(reminder.before, reminder.days),
        "at": None if reminder.at is None else instant(reminder.at),
        "time": reminder.time,
        "relative_to": reminder.anchor.lower(),
        "repeat_every": duration(reminder.repeat_every or 0, reminder.repeat_days) if is_repeated(reminder) else None,
    }


class TaskTitle(BaseModel):
    """A task by its title."""

    id: Id
    href: Href
    title: str
    status: TaskStatus

    @classmethod
    def of(cls, task: views.TaskTitle) -> "TaskTitle":
        """Return a task of the views."""
        return cls.model_validate(
            {"id": task.id, "href": task_href(task.id), "title": task.title, "status": task.status.lower()}
        )


class TaskTitles(BaseModel):
    """The tasks whose ids have the requested beginning, and whether there are more."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TITLES]})

    items: list[TaskTitle]
    more: bool


def instant(milliseconds: int) -> datetime:
    """Return the time ``milliseconds`` after the beginning of 1970 in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


class Bulk(BaseModel):
    """A bulk and its progress. It is decided in chunks; results are numbers of tasks."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.BULK]})

    id: Id
    href: Href
    status: BulkStatus
    """``done`` once all chunks are decided; ``in-part`` if some never will be: send the rest with a new key."""
    tasks: int
    chunks: int
    decided: int
    changed: int
    unchanged: int
    """Tasks that needed no change."""
    refused: int


class Count(BaseModel):
    """The number of tasks of a bulk."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.COUNT]})

    tasks: int


class Page(BaseModel, Generic[Item]):
    """A page of a list, and the cursor of the next page; null at the end."""

    items: list[Item]
    next: str | None
