"""Outcomes: what became of each command, and what is kept so that none is decided twice."""

from enum import StrEnum

from msgspec import Struct

from schemas.records.bulks import BulkPart


class OutcomeKind(StrEnum):
    """What became of a command."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    NOTHING_TO_DO = "NOTHING_TO_DO"


class CommandOutcome(Struct, frozen=True, gc=False):
    """What became of a command: exactly one for each command id, after the events that it led to."""

    user: str
    at: int
    command: str
    """UUID of the command that was answered."""
    kind: OutcomeKind
    """Whether the command was accepted, rejected, or had nothing to do."""
    task: str | None
    """UUID of the task; null where it is about something else."""
    fingerprint: str = ""
    version: int | None = None
    """Of the task, or what else it is about, after the command; null where there is none."""
    code: str | None = None
    detail: str | None = None
    field: str | None = None
    part: BulkPart | None = None
    """Of a chunk of a bulk."""
    subject: str | None = None
    events: int | None = None
    """How many events it led to; null in what was decided before that was counted."""


class Remembered(Struct, frozen=True, gc=False):
    """A command id that was answered, or what a bulk resolved to, remembered for 30 days of record time."""

    at: int
    """When the command was answered."""
    fingerprint: str
    changed: int = 0
    """Of a bulk: how many tasks it has changed."""
