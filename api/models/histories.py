"""What clients receive of what happened and of what waits: history, reminders, notifications."""

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict

from api.commands import subjects as outcomes
from api.models import examples
from api.models.formats import Hash, Id
from api.models.inputs import duration
from api.models.outputs import PUBLIC_FIELDS, Command, Known, TaskRef, instant
from domain import reasons
from postgres import reader as views
from schemas import entity_subjects
from schemas.records import FieldChange


class Change(BaseModel):
    """A field's value before and after, each as a task shows it; a reminder without its id."""

    field: str
    before: Any
    after: Any


Changes = list[Change]


class Entry(BaseModel):
    """An entry of the audit trail: a link of the user's hash chain."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ENTRY]})

    id: Id
    at: datetime
    sequence: int
    actor: str
    command: Id
    cause: Id | None
    event: str
    task: Id | None
    list: Id | None
    filter: Id | None
    tag: str | None
    changes: Changes
    previous: Hash
    hash: Hash
    led_to: Known | None
    """What the completion of an occurrence led to: the command that created the next one, or why it was rejected, as
    where the series ends (`ended`). Null before that is known, and for whatever leads to no command."""

    @classmethod
    def of(cls, entry: views.Entry, led_to: views.Outcome | None = None) -> "Entry":
        """Show an entry of the views, and the outcome of what it led to."""
        told = [_change(change) for change in entry.changes]
        # A rule that counts from another due is another record, but reads the same: the due's change tells it.
        changes = [change for change in told if change.before != change.after]
        about: dict[str, str | None] = dict.fromkeys(
            (entity_subjects.LIST, entity_subjects.FILTER, entity_subjects.TAG)
        )
        about.update([entity_subjects.split(entry.subject)] if entry.subject else [])
        known = led_to and outcomes.known(Command.of(led_to, None), outcomes.of_outcome(led_to))
        return cls.model_validate(msgspec.structs.asdict(entry) | about | {"changes": changes, "led_to": known})


def _change(change: FieldChange) -> Change:
    before, after = (_shown(change.field, msgspec.json.decode(text)) for text in (change.before, change.after))
    return Change(field=PUBLIC_FIELDS.get(change.field, change.field), before=before, after=after)


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
            msgspec.structs.asdict(reminder) | {"task": TaskRef.of(reminder.task), "status": reminder.status.lower()}
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
                msgspec.structs.asdict(step) | {"step": step.step.lower(), "detail": reasons.told(step.detail)}
            )
            for step in delivery.steps
        ]
        return cls(
            id=delivery.id,
            task=TaskRef.of(delivery.task),
            title=delivery.title,
            due_at=delivery.due_at,
            status=next((step for step in steps if _is_final(step)), steps[-1]).step,
            steps=steps,
        )


def _is_final(step: NotificationStep) -> bool:
    """Say whether a step ends a delivery: what is on the log after it came too late and counts for nothing."""
    return step.step in {"sent", "suppressed", "missed"} or (step.step == "failed" and step.retry_at is None)
