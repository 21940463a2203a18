"""The audit trail: entries with field changes, hash-chained per user."""

from msgspec import Struct


class FieldChange(Struct, frozen=True, gc=False):
    """One field's values before and after, as JSON; ``null`` before a task existed."""

    field: str
    """Name of the field."""
    before: str
    """JSON; null before the task existed."""
    after: str
    """JSON."""


class AuditEntry(Struct, frozen=True, gc=False):
    """Who changed what, and why: a link of the user's hash chain."""

    id: str
    """UUID of the event."""
    user: str
    at: int
    sequence: int
    """1, 2, 3 … per user."""
    actor: str
    command: str
    cause: str | None
    event: str
    """Name of the event: TaskCreated, TaskUpdated …"""
    task: str | None
    """UUID of the task; null if the entity is not a task."""
    changes: tuple[FieldChange, ...]
    """The fields that the event changed."""
    previous: str
    """Hash of the user's previous entry; 64 zeros for the first."""
    hash: str
    """SHA-256 over this entry without this field, in hexadecimal."""
    subject: str | None = None


class AuditHead(Struct, frozen=True, gc=False):
    """The end of a user's hash chain."""

    sequence: int
    """Of the last entry."""
    hash: str
    """Of the last entry, in hexadecimal."""
