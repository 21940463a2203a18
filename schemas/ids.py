"""Ids, derived from what caused them, so that repeating an operation gives the same id (RFC 9562, UUIDv5)."""

from hashlib import sha1
from uuid import UUID

_RONDO = UUID("6f6b4a52-1f0e-5d6c-9b0a-0d4f2c9e7a11").bytes


def derive(kind: str, *parts: str | int) -> str:
    """Return the id of something of this ``kind`` that ``parts`` identify."""
    return uuid5(_RONDO, "\x1f".join((kind, *map(str, parts))))


def uuid5(namespace: bytes, name: str) -> str:
    """Return the same as ``str(uuid.uuid5(…))`` (RFC 9562, section 5.5) in a third of the time: every event has one."""
    found = bytearray(sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    found[6] = found[6] & 0x0F | 0x50
    found[8] = found[8] & 0x3F | 0x80
    text = found.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def command(user: str, key: str) -> str:
    """Return the id of the command that ``user`` sent with this Idempotency-Key."""
    return uuid5(UUID(user).bytes, key)


def task(command_id: str) -> str:
    """Return the id of the task that a command creates."""
    return derive("task", command_id)


def chunk(bulk: str, number: int) -> str:
    """Return the id of the command that is a bulk's chunk 0, 1, 2 … The first chunk has the bulk's id."""
    return derive("chunk", bulk, number) if number else bulk


def ahead(command_id: str) -> str:
    """Return the id of the bulk that runs before a command, as a part of it."""
    return derive("bulk", command_id)


def event(command_id: str, number: int = 0) -> str:
    """Return the id of the ``number``-th event of a command."""
    return derive("event", command_id, number)


def occurrence(series: str, local: str, rule_version: int) -> str:
    """Return the id of the task of one occurrence of a series."""
    return derive("occurrence", series, local, rule_version)


def subtask(occurrence_id: str, origin: str) -> str:
    """Return the id of the copy of a subtask below an occurrence; ``origin`` is the first subtask it goes back to."""
    return derive("subtask", occurrence_id, origin)


def delivery(reminder_id: str, target: str) -> str:
    """Return the id under which a reminder is delivered to a target."""
    return derive("delivery", reminder_id, target)


def digest(user: str, day: str) -> str:
    """Return the id under which the digest of a user's local day (ISO 8601) is decided and delivered."""
    return derive("digest", user, day)


def reminder(task_id: str, occurrence_local: str | None, reminder_id: str, due: int) -> str:
    """Return the id under which a reminder is decided and delivered."""
    return derive("reminder", task_id, occurrence_local or "", reminder_id, due)
