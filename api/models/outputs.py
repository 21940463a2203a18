"""What clients receive of commands and tasks, as JSON; times in RFC 3339 and UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, Self, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict

from api.models import examples
from api.models.formats import Date, Duration, Href, Id, Local, Order, Time
from api.models.inputs import Priority, duration
from postgres import reader as views
from schemas.records import OutcomeKind

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
    """Return the entity tag of something in some version (RFC 9110, section 8.8.3)."""
    return f'"{version}"'


class TaskRef(BaseModel):
    """Where a task stands, or will stand."""

    id: Id
    href: Href


def task_ref(task: str) -> TaskRef:
    """Refer to a task by its id."""
    return TaskRef(id=task, href=task_href(task))


class BulkRef(BaseModel):
    """Where a bulk is."""

    id: Id
    href: Href

    @classmethod
    def of(cls, bulk: str) -> "BulkRef":
        """Refer to a bulk by its id."""
        return cls(id=bulk, href=bulk_href(bulk))


class Command(BaseModel):
    """A command and, once it is known, what became of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ACCEPTED["command"]]})

    id: Id
    href: Href
    status: CommandStatus
    bulk: BulkRef | None = None
    """The bulk that goes before it on many tasks, as a part of it."""
    at: datetime | None = None
    version: int | None = None
    """The version, after the command, of what it is about."""
    code: str | None = None
    detail: str | None = None
    field: str | None = None

    @classmethod
    def pending(cls, command: str, bulk: str | None = None) -> "Command":
        """Show a command whose outcome is not known yet, with the id of the bulk before it, if there is one."""
        shown = cls(id=command, href=command_href(command), status="pending")
        return shown.model_copy(update={"bulk": BulkRef.of(bulk)}) if bulk else shown

    @classmethod
    def of(cls, outcome: views.Outcome, field: str | None, bulk: str | None = None) -> "Command":
        """Show a command with its outcome, the public name of a field at fault, and the id of the bulk before it."""
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
    """When a task is due, as it was asked for."""

    date: Date
    time: Time | None
    zone: str | None


class TaskReminder(BaseModel):
    """A reminder of a task: so long before its due, or at an instant."""

    id: Id
    before: Duration | None
    at: datetime | None


Texts = list[str]
Reminders = list[TaskReminder]


class Task(BaseModel):
    """A task as it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TASK]})

    id: Id
    href: Href
    title: str
    notes: str
    priority: Priority
    tags: Texts
    due: TaskDue | None
    due_at: datetime | None
    """The instant that ``due`` means; null where it has no zone."""
    recurrence: str | None
    reminders: Reminders
    status: TaskStatus
    series: Id | None
    """The first task of the series that this one belongs to."""
    occurrence: Local | None
    version: int
    created_at: datetime
    changed_at: datetime
    completed_at: datetime | None
    start: TaskDue | None
    start_at: datetime | None
    """The instant that ``start`` means; null where it has no zone."""
    parent: Id | None
    """The task that this one is a part of."""
    order: Order
    """Its place in your own order."""
    pinned: bool
    list: Id | None
    """The list that it is on; null is the inbox."""

    @classmethod
    def of(cls, task: views.Task, **more: Any) -> Self:
        """Show a task of the views; ``more`` are the fields that a subclass has beside."""
        return cls.model_validate(
            msgspec.to_builtins(task, builtin_types=(datetime,))
            | more
            | {
                "href": task_href(task.id),
                "priority": task.priority.lower(),
                "status": task.status.lower(),
                "recurrence": task.recurrence and task.recurrence.rrule,
                "order": task.rank,
                "reminders": [
                    TaskReminder(
                        id=each.id,
                        before=None if each.before is None else duration(each.before),
                        at=None if each.at is None else instant(each.at),
                    )
                    for each in task.reminders
                ],
            }
        )


class TaskTitle(BaseModel):
    """A task by what people know it by."""

    id: Id
    href: Href
    title: str
    status: TaskStatus

    @classmethod
    def of(cls, task: views.TaskTitle) -> "TaskTitle":
        """Show a task of the views."""
        return cls.model_validate(
            {"id": task.id, "href": task_href(task.id), "title": task.title, "status": task.status.lower()}
        )


class TaskTitles(BaseModel):
    """The tasks whose ids begin as was asked, and whether there are more than these."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TITLES]})

    items: list[TaskTitle]
    more: bool


def instant(milliseconds: int) -> datetime:
    """Return the time of so many milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


class Bulk(BaseModel):
    """A bulk, and how far it is. It is decided in chunks; what they did is counted in tasks."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.BULK]})

    id: Id
    href: Href
    status: BulkStatus
    """``done`` once all chunks were decided; ``in-part`` where some never will be: send the rest under a new key."""
    tasks: int
    chunks: int
    decided: int
    changed: int
    unchanged: int
    """Tasks that were so already."""
    refused: int


class Count(BaseModel):
    """How many tasks a bulk would be about."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.COUNT]})

    tasks: int


class Page(BaseModel, Generic[Item]):
    """A part of a list, and the cursor of the next part; null at the end."""

    items: list[Item]
    next: str | None
