"""Reminders: scheduled, cancelled and due."""

from msgspec import Struct

from schemas.records.base import Notice


class ReminderScheduled(Struct, frozen=True, gc=False):
    """A reminder was scheduled and waits for its instant."""

    id: str
    """UUID, derived from task, occurrence, reminder and due: the idempotency key of the delivery."""
    user: str
    at: int
    command: str
    task: str
    reminder: str
    due: int
    """The instant at which the task's reminder is due."""
    title: str


class ReminderCancelled(Struct, frozen=True, gc=False):
    """A scheduled reminder was cancelled: the task was completed, deleted or changed."""

    id: str
    """UUID of the scheduled reminder."""
    user: str
    at: int
    command: str
    task: str


class Recipient(Struct, frozen=True, gc=False):
    """A target of a user, as the reminders stage knows it."""

    target: str
    kind: str
    """The kind of its address, such as mailto."""
    enabled: bool = True
    """Whether notifications go there."""


class Recipients(Struct, frozen=True, gc=False):
    """Targets of a user, in the order of their creation."""

    targets: tuple[Recipient, ...]
    """Those that are not deleted."""


class ReminderDue(Struct, frozen=True, gc=False):
    """A reminder is due: decided once."""

    id: str
    """UUID of the scheduled reminder: the idempotency key of the delivery."""
    user: str
    at: int
    """When it was decided: at due or later."""
    command: str
    task: str
    reminder: str
    due: int
    """The instant at which it is due."""
    title: str
    recipients: Recipients | None = None
    """The enabled targets of the user; null for a user without targets, who has the channel of the settings."""


class ReminderNotice(Notice, frozen=True, gc=False):
    """A reminder's timer has fired. Acts only if that timer still exists."""

    task: str
    due: int
    """The instant at which it is due."""


class StandingReminder(Struct, frozen=True, gc=False):
    """A reminder that waits for its timer."""

    id: str
    """UUID under which it is decided and delivered."""
    reminder: str
    due: int
    """The instant at which it is due."""


class StandingReminders(Struct, frozen=True, gc=False):
    """The reminders stage's state of a task."""

    task: str
    title: str
    command: str
    """UUID of the command that last changed the task."""
    standing: tuple[StandingReminder, ...]
    """The reminders that wait for their timers."""
    decided: tuple[str, ...]
    """UUIDs of the reminders that were decided already."""
