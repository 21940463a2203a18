"""Responses of history, reminders and notifications."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict

from api.models import examples
from api.models.entities import Names, Refs, Subject
from api.models.formats import Hash, Id
from api.models.outputs import Command, TaskRef, instant, task_href, when_members
from domain import reasons
from postgres import reader as views
from schemas import records as r
from schemas.records import FieldChange, Reminder


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
    """A field's value before and after, in the format of a task's fields; reminders are without ids."""

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
    rendered = [_change(subject, change) for change in entry.changes]
    # A rule that counts from another due is another record with the same text: only the due's change is visible.
    changes = [change for change in rendered if change["before"] != change["after"]]
    known = Known.outcome(led_to).model_dump(mode="json") if led_to else None
    about = {**dict.fromkeys(Names.model_fields), subject.resource.word: subject.name}
    found = msgspec.structs.asdict(entry) | about | {"changes": changes, "led_to": known}
    return {name: found[name] for name in Entry.model_fields}


def _change(subject: Subject, change: FieldChange) -> dict[str, Any]:
    before, after = (_render(change.field, msgspec.json.decode(text)) for text in (change.before, change.after))
    return {"field": subject.field(change.field) or "", "before": before, "after": after}


def _render(field: str, value: Any) -> Any:
    """Return a field's value in the audit trail in the format of a task's fields."""
    return _RENDERERS[field](value) if field in _RENDERERS and value is not None else value


def _reminders(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return reminders without the members that say nothing."""
    whole = msgspec.convert([{"id": "", **each} for each in values], list[Reminder])
    found = map(when_members, whole)
    return [{name: one for name, one in each.items() if one not in {None, "due"}} for each in found]


def _recurrence(value: dict[str, Any]) -> str:
    """Return a rule, with what it is counted from and its dates as far as they are set."""
    others = [f"{name}={value[name].lower()}" for name in ("repeats", "missed") if name in value]
    others += [f"{name}={','.join(value[name])}" for name in ("rdates", "exdates") if value.get(name)]
    return " ".join([value["rrule"], *others])


_RENDERERS: dict[str, Callable[[Any], Any]] = {
    "created_at": instant,
    "completed_at": instant,
    "snoozed": instant,
    "status": str.lower,
    "priority": str.lower,
    "recurrence": _recurrence,
    "closing": str.lower,
    "reminders": _reminders,
}


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
