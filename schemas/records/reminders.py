"""Reminders: scheduled, cancelled and due."""

from msgspec import Struct

from schemas.records.base import Notice
from schemas.records.notifications import Step
from schemas.records.tasks import Due, Reminder


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


class ReminderWithheld(Struct, frozen=True, gc=False):
    """A reminder was due, and it was decided not to send it."""

    id: str
    """UUID of the scheduled reminder."""
    user: str
    at: int
    """When it was decided: at due or later."""
    command: str
    task: str
    reminder: str
    due: int
    """The instant at which it was due."""
    title: str
    step: Step
    """SUPPRESSED within the quiet hours, or MISSED."""
    detail: str
    """Why, as a sentence."""
    recipients: Recipients | None = None
    """The enabled targets of the user; null for a user without targets, and in decision versions before 7."""


class DigestDue(Struct, frozen=True, gc=False):
    """The digest of a day is due: decided once."""

    id: str
    """UUID, derived from user and day: the idempotency key of the delivery."""
    user: str
    at: int
    """When it was decided: at due or later."""
    command: str
    """UUID of the command that set the time of the digest."""
    day: str
    """Local day, ISO 8601."""
    due: int
    """The instant at which it is due."""
    recipients: Recipients | None = None
    """The enabled targets of the user; null for a user without targets, who has the channel of the settings."""


class DigestWithheld(Struct, frozen=True, gc=False):
    """The digest of a day was due, and it was decided not to send it."""

    id: str
    """UUID, derived from user and day."""
    user: str
    at: int
    """When it was decided: at due or later."""
    command: str
    """UUID of the command that set the time of the digest."""
    day: str
    """Local day, ISO 8601."""
    due: int
    """The instant at which it was due."""
    step: Step
    """MISSED."""
    detail: str
    """Why, as a sentence."""
    recipients: Recipients | None = None
    """The enabled targets of the user; null for a user without targets."""


class TargetCorrected(Struct, frozen=True, gc=False):
    """A target was enabled, or got another address: what waits for it is tried at once."""

    id: str
    """UUID of the target's event."""
    user: str
    at: int
    command: str
    target: str
    version: int
    """Version of the target since."""


class ReminderNotice(Notice, frozen=True, gc=False):
    """A reminder's timer has fired. Acts only if that timer still exists."""

    task: str
    due: int
    """The instant at which it is due."""


class DigestNotice(Notice, frozen=True, gc=False):
    """The timer of a digest has fired. Acts only if that timer still exists."""

    due: int
    """The instant at which it is due."""


class DigestPlan(Struct, frozen=True, gc=False):
    """The next digest of a user, in the reminders stage's state."""

    command: str
    """UUID of the command that set its time."""
    last: str = ""
    """Local day of the last digest that was decided; empty before the first."""
    day: str = ""
    """Local day of the next one; empty for none."""
    due: int = 0
    """The instant at which the next one is due."""
    by: str = ""
    """Version of the time zone data, and the settings that count: 2026.6 Europe/Paris 07:30:00."""


class ReplanNotice(Notice, frozen=True, gc=False):
    """The next tasks of a replanning are planned again. Acts only while that replanning goes on."""

    subject: str
    """What has changed: settings:<UUID of the user>, or tzdata for the tasks of all users of the partition."""
    due: int
    """The instant at which it is due."""


class Replanning(Struct, frozen=True, gc=False):
    """The progress of a replanning, in the reminders stage's state."""

    after: str
    """The last entry of the index that was planned again; empty before the first."""


class ZoneData(Struct, frozen=True, gc=False):
    """The time zone data that the reminders of a partition are planned by, in the reminders stage's state."""

    version: str
    """Version of the time zone data: 2026.6."""


class StandingReminder(Struct, frozen=True, gc=False):
    """A reminder that waits for its timer."""

    id: str
    """UUID under which it is decided and delivered."""
    reminder: str
    due: int
    """The instant at which it is due."""
    planned: int | None = None
    """If it is due later than planned, as after quiet hours: the instant that it was planned for."""


class DecidedReminder(Struct, frozen=True, gc=False):
    """A reminder that was decided."""

    id: str
    """UUID under which it was decided."""
    due: int
    """The instant that it was planned for."""


class Plan(Struct, frozen=True, gc=False):
    """What a task's reminders are planned by, to plan them again if the settings or the time zone data change."""

    by: str
    """Version of the time zone data, and the settings that count: 2026.6 Europe/Paris 09:00:00; empty if none of the
    reminders depends on these."""
    occurrence: str | None
    """The task's occurrence; null outside a series."""
    due: Due | None
    """When the task is due; null for never."""
    start: Due | None
    """When the task starts; null for never."""
    reminders: tuple[Reminder, ...]
    """The task's reminders."""
    instants: tuple[int | None, ...]
    """The instant of each; null if it has none."""
    zone: str | None = None
    """IANA time zone of the days after which reminders are repeated: of due, start or settings; null: UTC."""


class StandingReminders(Struct, frozen=True, gc=False):
    """The reminders stage's state of a task."""

    task: str
    title: str
    command: str
    """UUID of the command that last changed the task."""
    standing: tuple[StandingReminder, ...]
    """The reminders that wait for their timers."""
    decided: tuple[str, ...]
    """In decision versions before 6: UUIDs of the reminders that were decided already."""
    decisions: tuple[DecidedReminder, ...] = ()
    """The last reminders that were decided, a bounded number."""
    floor: int = 0
    """Reminders planned for instants up to this one are decided, besides those in decisions; 0 at first."""
    plan: Plan | None = None
    """What the reminders are planned by, that of a closed task when it was last open; null if it never had any, and in
    decision version 6 if the task is closed."""
    closed: bool = False
    """Whether the task is closed or deleted; in decision versions before 7 false."""
    owed: tuple[StandingReminder, ...] = ()
    """Of a closed task: the reminders that had come due and were not decided."""
