"""Outcomes of commands, and the idempotency store, by which no command is decided twice."""

from enum import StrEnum

from msgspec import Struct

from schemas.records.bulks import BulkPart


class OutcomeKind(StrEnum):
    """The kinds of outcome of a command."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    NOTHING_TO_DO = "NOTHING_TO_DO"


class CommandOutcome(Struct, frozen=True, gc=False):
    """The outcome of a command: exactly one for each command id, after the events that it led to."""

    user: str
    at: int
    command: str
    """UUID of the command."""
    kind: OutcomeKind
    """Whether the command was accepted, rejected, or had nothing to do."""
    task: str | None
    """UUID of the task; null if the entity is not a task."""
    fingerprint: str = ""
    version: int | None = None
    """Version of the entity after the command; null if there is no entity."""
    code: str | None = None
    detail: str | None = None
    field: str | None = None
    part: BulkPart | None = None
    """If the command is a chunk of a bulk: its outcome."""
    subject: str | None = None
    events: int | None = None
    """Number of events that it led to; null in outcomes decided before events were counted."""


class Remembered(Struct, frozen=True, gc=False):
    """An entry of the idempotency store, kept for 30 days of record time: a command id, or a bulk's target-set hash."""

    at: int
    """When the command was decided."""
    fingerprint: str
    changed: int = 0
    """For a bulk: number of tasks that it has changed."""
