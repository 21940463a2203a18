"""What clients receive of what happened and of what waits: history, reminders, notifications."""

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict

from api.models import examples
from api.models.entities import Names, Refs, Subject
from api.models.formats import Hash, Id
from api.models.inputs import duration
from api.models.outputs import Command, TaskRef, instant, task_ref
from domain import reasons
from postgres import reader as views
from schemas.records import FieldChange


class Known(Refs, Command):
    """A command by its address, with what it is about."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.KNOWN]})

    task: TaskRef | None = None
    """Null where the command is about something else: a bulk's has an address of its own."""

    @classmethod
    def about(cls, command: Command, subject: Subject | None) -> "Known":
        """Show a command with what it is about; None where it is a bulk's."""
        return cls.model_validate({**command.model_dump(), **(subject.ref if subject else {})})

    @classmethod
    def outcome(cls, outcome: views.Outcome, bulk: str | None = None) -> "Known":
        """Show what became of a command, with the id of the bulk before it, if there is one."""
        subject = Subject.of(outcome.task, outcome.subject)
        field = subject.field(outcome.field) if subject else outcome.field
        return cls.about(Command.of(outcome, field, bulk), subject)


class Refusal(Refs):
    """A task that a bulk left as it is, and why; of one that undoes also a list, a saved filter or a tag."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REFUSAL]})

    task: TaskRef | None
    code: str
    detail: str
    field: str | None

    @classmethod
    def of(cls, refused: views.RefusedTask) -> "Refusal":
        """Show what was refused."""
        why = refused.refusal
        subject = Subject.of(why.task if why.subject is None else None, why.subject)
        assert subject
        return cls.model_validate(
            {"task": None, "code": why.code, "detail": why.detail, "field": subject.field(why.field), **subject.ref}
        )


class Change(BaseModel):
    """A field's value before and after, each as a task shows it; a reminder without its id."""

    field: str
    before: Any
    after: Any


Changes = list[Change]


class Event(BaseModel):
    """What an entry of the audit trail begins with."""

    id: Id
    at: datetime
    sequence: int
    actor: str
    command: Id
    cause: Id | None
    event: str


class Entry(Names, Event):
    """An entry of the audit trail: a link of the user's hash chain."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ENTRY]})

    changes: Changes
    previous: Hash
    hash: Hash
    led_to: Known | None
    """What the completion of an occurrence led to: the command that created the next one, or why it was rejected, as
    where the series ends (`ended`). Null before that is known, and for whatever leads to no command."""

    @classmethod
    def of(cls, entry: views.Entry, led_to: views.Outcome | None = None) -> "Entry":
        """Show an entry of the views, and the outcome of what it led to."""
        subject = Subject.of(entry.task, entry.subject)
        assert subject
        told = [_change(subject, change) for change in entry.changes]
        # A rule that counts from another due is another record, but reads the same: the due's change tells it.
        changes = [change for change in told if change.before != change.after]
        about: dict[str, str | None] = dict.fromkeys(Names.model_fields)
        about[subject.resource.word] = subject.name
        known = led_to and Known.outcome(led_to)
        return cls.model_validate(msgspec.structs.asdict(entry) | about | {"changes": changes, "led_to": known})


def _change(subject: Subject, change: FieldChange) -> Change:
    before, after = (_shown(change.field, msgspec.json.decode(text)) for text in (change.before, change.after))
    return Change(field=subject.field(change.field) or "", before=before, after=after)


def _shown(field: str, value: Any) -> Any:
    """Return a field's value in the trail as a task shows it."""
    return _SHOWN[field](value) if field in _SHOWN and value is not None else value


def _reminders(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"at": instant(each["at"])} if each["before"] is None else {"before": duration(each["before"])}
        for each in values
    ]


_SHOWN: dict[str, Callable[[Any], Any]] = {
    "created_at": instant,
    "completed_at": instant,
    "status": str.lower,
    "priority": str.lower,
    "recurrence": itemgetter("rrule"),
    "reminders": _reminders,
}


class StandingReminder(BaseModel):
    """A reminder that stands, was cancelled, or became due."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REMINDER]})

    id: Id
    task: TaskRef
    reminder: Id
    """Its id among the task's reminders."""
    title: str
    due_at: datetime
    status: Literal["scheduled", "cancelled", "due"]
    changed_at: datetime

    @classmethod
    def of(cls, reminder: views.Reminder) -> "StandingReminder":
        """Show a reminder of the views."""
        return cls.model_validate(
            msgspec.structs.asdict(reminder) | {"task": task_ref(reminder.task), "status": reminder.status.lower()}
        )


Step = Literal["claimed", "sent", "failed", "suppressed", "missed"]


class NotificationStep(BaseModel):
    """A step of a delivery."""

    step: Step
    channel: str
    attempt: int
    at: datetime
    detail: str | None
    retry_at: datetime | None


class Notification(BaseModel):
    """The delivery of a reminder: where it stands, and each step so far."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.NOTIFICATION]})

    id: Id
    task: TaskRef
    title: str
    due_at: datetime
    status: Step
    steps: list[NotificationStep]

    @classmethod
    def of(cls, delivery: views.Delivery) -> "Notification":
        """Show a delivery of the views."""
        steps = [
            NotificationStep.model_validate(
                msgspec.structs.asdict(step) | {"step": step.step.lower(), "detail": reasons.redact(step.detail)}
            )
            for step in delivery.steps
        ]
        return cls(
            id=delivery.id,
            task=task_ref(delivery.task),
            title=delivery.title,
            due_at=delivery.due_at,
            status=next((step for step in steps if _is_final(step)), steps[-1]).step,
            steps=steps,
        )


def _is_final(step: NotificationStep) -> bool:
    """Say whether a step ends a delivery: what is on the log after it came too late and counts for nothing."""
    return step.step in {"sent", "suppressed", "missed"} or (step.step == "failed" and step.retry_at is None)
