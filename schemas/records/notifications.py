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
    """One step in the ledger of a reminder's delivery. ``id`` is the idempotency key outside."""

    id: str
    """UUID of the reminder that is delivered: the idempotency key outside."""
    user: str
    at: int
    command: str
    task: str
    step: Step
    """What happened: the delivery was claimed, sent …"""
    attempt: int
    """1, 2, 3 …"""
    channel: str
    """log, webhook."""
    title: str
    due: int
    """The instant at which it is due."""
    detail: str | None = None
    """Why it failed, was suppressed or missed."""
    retry_at: int | None = None
    """Of a claim: when its lease ends; of a failure: when to try again, null if never."""
    failures: int = 0
    """How many failures were seen so far."""


class Delivery(Struct, frozen=True, gc=False):
    """What the ledger holds of one delivery: its last step."""

    last: Notification
    """Its last step."""
