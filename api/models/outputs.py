"""What clients receive of commands and tasks, as JSON; times in RFC 3339 and UTC."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, Self, TypeVar
from urllib.parse import quote

import msgspec
from pydantic import BaseModel, ConfigDict

from api.models import examples
from api.models.formats import Colour, Date, Duration, Href, Id, Local, Order, Time
from api.models.inputs import Priority, duration
from postgres import reader as views
from schemas import entity_subjects
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


def filter_href(filter_id: str) -> str:
    """Return the address of a saved filter."""
    return f"/v1/filters/{filter_id}"


def list_href(list_id: str) -> str:
    """Return the address of a list."""
    return f"/v1/lists/{list_id}"


def tag_href(name: str) -> str:
    """Return the address of a tag."""
    return f"/v1/tags/{quote(name, safe='')}"


def etag(version: int) -> str:
    """Return the entity tag of something in some version (RFC 9110, section 8.8.3)."""
    return f'"{version}"'


def list_etag(one: views.List) -> str:
    """Return the entity tag of a list: of its version, and of how many tasks it shows, which are no change of it."""
    return f'"{one.version}.{one.open}"'


class TaskRef(BaseModel):
    """Where a task stands, or will stand."""

    id: Id
    href: Href

    @classmethod
    def of(cls, task: str) -> "TaskRef":
        """Refer to a task by its id."""
        return cls(id=task, href=task_href(task))


class FilterRef(BaseModel):
    """Where a saved filter stands, or will stand."""

    id: Id
    href: Href

    @classmethod
    def of(cls, filter_id: str) -> "FilterRef":
        """Refer to a saved filter by its id."""
        return cls(id=filter_id, href=filter_href(filter_id))


class ListRef(BaseModel):
    """Where a list stands, or will stand."""

    id: Id
    href: Href

    @classmethod
    def of(cls, list_id: str) -> "ListRef":
        """Refer to a list by its id."""
        return cls(id=list_id, href=list_href(list_id))


class TagRef(BaseModel):
    """Where a tag is."""

    name: str
    href: Href

    @classmethod
    def of(cls, name: str) -> "TagRef":
        """Refer to a tag by its name."""
        return cls(name=name, href=tag_href(name))


_REFS: Mapping[str, Callable[[str], FilterRef | ListRef | TagRef]] = {
    entity_subjects.LIST: ListRef.of,
    entity_subjects.FILTER: FilterRef.of,
    entity_subjects.TAG: TagRef.of,
}


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
    def of(cls, outcome: views.Outcome, bulk: str | None = None) -> "Command":
        """Show a command with its outcome, and with the id of the bulk before it, if there is one."""
        return cls(
            id=outcome.id,
            href=command_href(outcome.id),
            status=_STATUS[outcome.kind],
            bulk=BulkRef.of(bulk) if bulk else None,
            at=outcome.at,
            version=outcome.version,
            code=outcome.code,
            detail=outcome.detail,
            field=outcome.field and PUBLIC_FIELDS.get(outcome.field, outcome.field),
        )


_STATUS: dict[OutcomeKind, CommandStatus] = {
    OutcomeKind.ACCEPTED: "accepted",
    OutcomeKind.REJECTED: "rejected",
    OutcomeKind.NOTHING_TO_DO: "nothing-to-do",
}
PUBLIC_FIELDS = {"rrule": "recurrence", "rank": "order", "text": "filter"}
"""Fields whose name in records differs from the one that people see."""


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


class List(BaseModel):
    """A list as it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.LIST]})

    id: Id
    href: Href
    name: str
    colour: Colour | None
    order: Order
    """Its place in your own order of lists."""
    deleted: bool
    open: int
    """How many open tasks are on it."""
    version: int
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, one: views.List) -> "List":
        """Show a list of the views."""
        return cls.model_validate(msgspec.structs.asdict(one) | {"href": list_href(one.id), "order": one.rank})


class SavedFilter(BaseModel):
    """A saved filter as it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.FILTER]})

    id: Id
    href: Href
    name: str
    filter: str
    """As its user wrote it."""
    sort: str
    """How what it finds is sorted; empty for the newest first."""
    colour: Colour | None
    order: Order
    """Its place in your own order of saved filters."""
    deleted: bool
    version: int
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, one: views.SavedFilter) -> "SavedFilter":
        """Show a saved filter of the views."""
        shown = {"href": filter_href(one.id), "order": one.rank, "filter": one.text}
        return cls.model_validate(msgspec.structs.asdict(one) | shown)


class FilterTaken(BaseModel):
    """A command on a saved filter that the log has, before its outcome is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.FILTER_PENDING]})

    command: Command
    filter: FilterRef


class FilterDone(BaseModel):
    """A command's outcome, and the saved filter as it stands then; null where there is none."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.FILTER_ACCEPTED]})

    command: Command
    filter: SavedFilter | None


class Taken(BaseModel):
    """A command that the log has, before its outcome is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PENDING]})

    command: Command
    task: TaskRef


class Done(BaseModel):
    """A command's outcome, and the task as it stands then; null where there is none."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ACCEPTED]})

    command: Command
    task: Task | None


class ListTaken(BaseModel):
    """A command on a list that the log has, before its outcome is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.LIST_PENDING]})

    command: Command
    list: ListRef


class ListDone(BaseModel):
    """A command's outcome, and the list as it stands then; null where there is none."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.LIST_ACCEPTED]})

    command: Command
    list: List | None


class Tag(BaseModel):
    """A tag that a task bears or that has a colour."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TAG]})

    name: str
    href: Href
    colour: Colour | None
    open: int
    """How many open tasks bear it."""

    @classmethod
    def of(cls, tag: views.Tag) -> "Tag":
        """Show a tag of the views."""
        return cls(name=tag.name, href=tag_href(tag.name), colour=tag.colour, open=tag.open)


class TagTaken(BaseModel):
    """A command on a tag that the log has, before its outcome is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TAG_PENDING]})

    command: Command
    tag: TagRef


class TagDone(BaseModel):
    """A command's outcome, and the tag as it is then; null where there is none, as after deleting it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TAG_ACCEPTED]})

    command: Command
    tag: Tag | None


class Known(Command):
    """A command by its address, with what it is about."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.KNOWN]})

    task: TaskRef | None = None
    """Null where the command is about something else: a bulk's has an address of its own."""
    list: ListRef | None = None
    filter: FilterRef | None = None
    tag: TagRef | None = None


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


class Refusal(BaseModel):
    """A task that a bulk left as it is, and why; of one that undoes also a list, a saved filter or a tag."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REFUSAL]})

    task: TaskRef | None
    list: ListRef | None = None
    filter: FilterRef | None = None
    tag: TagRef | None = None
    code: str
    detail: str
    field: str | None

    @classmethod
    def of(cls, refused: views.RefusedTask) -> "Refusal":
        """Show what was refused."""
        why = refused.refusal
        field = why.field and PUBLIC_FIELDS.get(why.field, why.field)
        shown = cls(task=TaskRef.of(why.task) if why.task else None, code=why.code, detail=why.detail, field=field)
        if why.subject is None:
            return shown
        kind, name = entity_subjects.split(why.subject)
        return shown.model_copy(update={kind: _REFS[kind](name)})


class Page(BaseModel, Generic[Item]):
    """A part of a list, and the cursor of the next part; null at the end."""

    items: list[Item]
    next: str | None
