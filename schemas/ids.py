"""Ids are derived from what caused them, so that doing something again leads to the same id (RFC 9562, UUIDv5)."""

from uuid import UUID, uuid5

_RONDO = UUID("6f6b4a52-1f0e-5d6c-9b0a-0d4f2c9e7a11")


def derive(kind: str, *parts: str | int) -> str:
    """Return the id of the ``kind`` of thing that ``parts`` identify."""
    return str(uuid5(_RONDO, "\x1f".join((kind, *map(str, parts)))))


def command(user: str, key: str) -> str:
    """Return the id of the command that ``user`` sent with this Idempotency-Key."""
    return str(uuid5(UUID(user), key))


def task(command_id: str) -> str:
    """Return the id of the task that a command creates."""
    return derive("task", command_id)


def event(command_id: str, number: int = 0) -> str:
    """Return the id of the ``number``-th event that a command led to."""
    return derive("event", command_id, number)


def occurrence(series: str, local: str, rule_version: int) -> str:
    """Return the id of the task that stands for one occurrence of a series."""
    return derive("occurrence", series, local, rule_version)


def reminder(task_id: str, occurrence_local: str | None, reminder_id: str, due: int) -> str:
    """Return the id under which one reminder is decided, and delivered outside."""
    return derive("reminder", task_id, occurrence_local or "", reminder_id, due)
