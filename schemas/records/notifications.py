"""Notifications: the ledger of each reminder's delivery."""

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
    """One step in the ledger of a reminder's delivery. ``id`` is the delivery's idempotency key."""

    id: str
    """UUID of the delivery: its idempotency key. Without a target it is that of the reminder."""
    user: str
    at: int
    command: str
    task: str
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


class Delivery(Struct, frozen=True, gc=False):
    """The ledger's state of one delivery: its last step."""

    last: Notification
    """Its last step."""
