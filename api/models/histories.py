"""Responses of history, reminders and notifications."""

from datetime import date, datetime
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict

from api.models import changes, examples
from api.models.entities import Names, Refs, Subject
from api.models.formats import Hash, Id
from api.models.outputs import Command, TaskRef, task_href
from domain import reasons
from postgres import reader as views
from schemas import records as r


class Known(Refs, Command):  # type: ignore[misc]
    """A command, and the entity that it refers to."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.KNOWN]})

    task: TaskRef | None = None
    """Null for a command on another entity type; a command of a bulk has an address of its own."""

    @classmethod
    def about(cls, command: Command, subject: Subject | None) -> "Known":
        """Return a command with its entity, None for that of a bulk."""
        return cls.model_validate({**command.model_dump(), **(subject.ref if subject else {})})

    @classmethod
    def outcome(cls, outcome: views.Outcome, bulk: str | None = None) -> "Known":
        """Return a command with its outcome and the id of the bulk before it, if there is one."""
        subject = Subject.of(outcome.task, outcome.subject)
        field = subject.field(outcome.field) if subject else outcome.field
        return cls.about(Command.of(outcome, field, bulk), subject)


class Refusal(Refs):  # type: ignore[misc]
    """A task that a bulk did not change, and why; if the bulk undoes, also a list, a saved filter or a tag."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REFUSAL]})

    task: TaskRef | None
    code: str
    detail: str
    field: str | None


def refusal_members(refused: views.RefusedTask) -> dict[str, Any]:
    """Return the members of a ``Refusal``, in its order."""
    why = refused.refusal
    subject = Subject.of(why.task if why.subject is None else None, why.subject)
    assert subject
    found = {"code": why.code, "detail": why.detail, "field": subject.field(why.field), **subject.reference}
    return {name: found.get(name) for name in Refusal.model_fields}


class Change(BaseModel):
    """A field's value before and after, in the format of a task's fields; reminders are without ids.

    A ``recurrence`` has its dates and modes as text. In ``occurrences`` are those yet to come about which something
    else was decided before or after: each has its ``occurrence``, its ``scope``, ``status`` and ``changes`` by field.
    """

    field: str
    before: Any
    after: Any


Changes = list[Change]


class Event(BaseModel):
    """The first members of an audit entry."""

    id: Id
    at: datetime
    sequence: int
    actor: str
    command: Id
    cause: Id | None
    event: str


class Entry(Names, Event):  # type: ignore[misc]
    """An entry of the audit trail: a link of the user's hash chain."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ENTRY]})

    changes: Changes
    previous: Hash
    hash: Hash
    led_to: Known | None
    """For the event that closed an occurrence: the command that creates the next one, or its rejection, such as at the
    end of the series (`ended`). Null until its outcome is known, and for all other events."""


def entry_members(entry: views.Entry, led_to: views.Outcome | None = None) -> dict[str, Any]:
    """Return the members of an ``Entry``, in its order, with the outcome of the command that it led to."""
    subject = Subject.of(entry.task, entry.subject)
    assert subject
    known = Known.outcome(led_to).model_dump(mode="json") if led_to else None
    about = {**dict.fromkeys(Names.model_fields), subject.resource.word: subject.name}
    found = msgspec.structs.asdict(entry) | about | {"changes": [*changes.of(subject, entry.changes)], "led_to": known}
    return {name: found[name] for name in Entry.model_fields}


class StandingReminder(BaseModel):
    """A reminder that is scheduled, was cancelled, or became due."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REMINDER]})

    id: Id
    task: TaskRef
    reminder: Id
    """Its id among the task's reminders."""
    title: str
    due_at: datetime
    status: Literal["scheduled", "cancelled", "due", "suppressed", "missed"]
    changed_at: datetime


def reminder_members(reminder: views.Reminder) -> dict[str, Any]:
    """Return the members of a ``StandingReminder``, in its order."""
    return msgspec.structs.asdict(reminder) | {"task": _task(reminder.task), "status": reminder.status.lower()}


def _task(task: str) -> dict[str, str]:
    """Return the members of a reference to a task."""
    return {"id": task, "href": task_href(task)}


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
    """The delivery of a reminder or a digest: its status, and each step so far."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.NOTIFICATION]})

    id: Id
    task: TaskRef | None
    """The task of a reminder, null for a digest."""
    digest: date | None
    """The day of a digest, null for a reminder."""
    title: str
    due_at: datetime
    target: Id | None
    """The target that it goes to, null for the channel of the settings."""
    status: Step
    steps: list[NotificationStep]


def notification_members(delivery: views.Delivery) -> dict[str, Any]:
    """Return the members of a ``Notification``, in its order."""
    return {
        "id": delivery.id,
        "task": None if delivery.task is None else _task(delivery.task),
        "digest": delivery.digest,
        "title": delivery.title,
        "due_at": delivery.due_at,
        "target": delivery.target,
        "status": next(filter(_is_final, delivery.steps), delivery.latest).step.lower(),
        "steps": [*map(_step, delivery.steps)],
    }


def _step(step: views.DeliveryStep) -> dict[str, Any]:
    found = msgspec.structs.asdict(step) | {"step": step.step.lower(), "detail": reasons.redact(step.detail)}
    return {name: found[name] for name in NotificationStep.model_fields}


def _is_final(step: views.DeliveryStep) -> bool:
    """Return whether a step ends a delivery: later steps on the log came too late and are ignored."""
    ends = {r.Step.SENT, r.Step.SUPPRESSED, r.Step.MISSED}
    return step.step in ends or (step.step is r.Step.FAILED and step.retry_at is None)
