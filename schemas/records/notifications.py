"""Notifications: the ledger of each delivery of a reminder or a digest."""

from enum import StrEnum

from msgspec import Struct


class Step(StrEnum):
    """A step of the ledger."""

    CLAIMED = "CLAIMED"
    SENT = "SENT"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    MISSED = "MISSED"


class Notification(Struct, frozen=True, gc=False):
    """One step in the ledger of the delivery of a reminder or a digest. ``id`` is the delivery's idempotency key."""

    id: str
    """UUID of the delivery: its idempotency key. Without a target it is that of the reminder."""
    user: str
    at: int
    command: str
    task: str | None
    """UUID of the task; null for a digest."""
    step: Step
    """What happened: the delivery was claimed, sent …"""
    attempt: int
    """1, 2, 3 …"""
    channel: str
    """log, webhook; with a target its kind, such as mailto."""
    title: str
    due: int
    """The instant at which it is due."""
    detail: str | None = None
    """Why it failed, was suppressed or missed."""
    retry_at: int | None = None
    """For a claim: when its lease ends; for a failure: when to try again, null if never."""
    failures: int = 0
    """Number of failures so far."""
    target: str | None = None
    """UUID of the target, null for the channel of the settings."""
    digest: str | None = None
    """For a digest: its local day, ISO 8601."""


class WaitingRetry(Struct, frozen=True, gc=False):
    """A failed delivery that is tried again."""

    at: int
    """Not before this instant."""
    delivery: str
    """Key of the delivery."""


class TargetQueue(Struct, frozen=True, gc=False):
    """The notify stage's state of a target: one delivery at a time, the others wait in order."""

    busy: str = ""
    """Key of the delivery that is being sent, empty for none."""
    first: int = 0
    """Number of the first delivery that waits."""
    next: int = 0
    """Number of the next delivery to come."""
    retries: tuple[WaitingRetry, ...] = ()
    """Failed deliveries, by their time."""
    failures: int = 0
    """Number of failures since something was sent."""
    until: int = 0
    """Nothing is tried before this instant."""
    changed_at: int = 0
    wake: int | None = None
    """When its timer fires, null without one."""
    version: int = 0
    """Version of the target in which it was last corrected; 0 if never."""


class QueuedDelivery(Struct, frozen=True, gc=False):
    """A delivery that waits for its target."""

    delivery: str
    """Key of the delivery."""


class Delivery(Struct, frozen=True, gc=False):
    """The ledger's state of one delivery: its last step."""

    last: Notification
    """Its last step."""
