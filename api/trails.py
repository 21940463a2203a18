"""What clients receive of what happened and of what waits: history, reminders, notifications."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict

from api import examples
from api.answers import TaskRef
from postgres import reader as views


class Change(BaseModel):
    """A field's value before and after."""

    field: str
    before: Any
    after: Any


class Entry(BaseModel):
    """An entry of the audit trail: a link of the user's hash chain."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ENTRY]})

    id: str
    at: datetime
    sequence: int
    actor: str
    command: str
    cause: str | None
    event: str
    task: str
    changes: list[Change]
    previous: str
    hash: str

    @classmethod
    def of(cls, entry: views.Entry) -> "Entry":
        """Show an entry of the views."""
        changes = [
            Change(field=change.field, before=_value(change.before), after=_value(change.after))
            for change in entry.changes
        ]
        return cls.model_validate(msgspec.structs.asdict(entry) | {"changes": changes})


def _value(text: str) -> Any:
    return msgspec.json.decode(text)


class StandingReminder(BaseModel):
    """A reminder that stands, was cancelled, or became due."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REMINDER]})

    id: str
    task: TaskRef
    reminder: str
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

    id: str
    task: TaskRef
    title: str
    due_at: datetime
    status: Step
    steps: list[NotificationStep]

    @classmethod
    def of(cls, delivery: views.Delivery) -> "Notification":
        """Show a delivery of the views."""
        steps = [
            NotificationStep.model_validate(msgspec.structs.asdict(step) | {"step": step.step.lower()})
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
