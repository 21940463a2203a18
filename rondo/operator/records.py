"""Decodes records of a topic for people and programs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from domain import reasons
from schemas import records as r
from schemas.codec import Codec, Undecodable
from schemas.names import key_parts
from schemas.topics import SCHEMAS


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded record: ``kind`` is its type, ``value`` plain data. If it can't be decoded, ``problem`` says why."""

    topic: str
    partition: int
    offset: int
    at: str
    key: str | None
    kind: str | None
    value: Any
    headers: dict[str, str]
    problem: str | None = None

    def line(self) -> str:
        """Return it as a line for people."""
        value = "deleted" if self.value is None else msgspec.json.encode(self.value).decode()
        parts = (f"{self.topic}/{self.partition}/{self.offset}", self.at, self.key, self.kind, value, self.problem)
        return "  ".join(part for part in parts if part)

    def json(self) -> str:
        """Return it as one JSON object."""
        return msgspec.json.encode({name: getattr(self, name) for name in self.__slots__}).decode()


async def decode(codec: Codec, raw: ConsumerRecord) -> Decoded:
    """Decode a record. Raises ``RegistryUnavailable``."""
    kind, value, problem = await _read(codec, raw.topic, raw.value)
    headers = {name: text(value) for name, value in raw.headers}
    return Decoded(
        raw.topic, raw.partition, raw.offset, instant(raw.timestamp), key(raw.key), kind, value, headers, problem
    )


async def _read(codec: Codec, topic: str, raw: bytes | None) -> tuple[str | None, Any, str | None]:
    """Return a message's type, its plain value, and why it could not be decoded."""
    if raw is None or topic == SCHEMAS.name:
        return None, None if raw is None else msgspec.json.decode(raw), None
    await codec.learn([raw])
    try:
        record = codec.decode(raw)
    except Undecodable as error:
        return None, text(raw), str(error)
    return type(record).__name__, await _plain(codec, record), None


async def _plain(codec: Codec, record: Struct) -> Any:
    """Return a record as plain data, bytes as text; a dead letter with its record, decoded if possible."""
    plain = msgspec.to_builtins(reasons.cleaned(record), builtin_types=(bytes,), enc_hook=str)
    if isinstance(record, r.DeadLetter | r.Retry):
        kind, value, _ = await _read(codec, record.topic, record.value)
        plain |= {"key": key(record.key), "value": value, "record": kind}
    return _texts(plain)


def _texts(value: Any) -> Any:
    if isinstance(value, bytes):
        return text(value)
    if isinstance(value, dict):
        return {name: _texts(each) for name, each in value.items()}
    return [_texts(each) for each in value] if isinstance(value, list | tuple) else value


def key(raw: bytes | None) -> str | None:
    """Return a key as text; a changelog's ``<table> 00 <key>`` as words, its timers with their instant."""
    if raw is None:
        return None
    table, at, rest = key_parts(raw)
    return " ".join((text(table), *(() if at is None else (instant(at),)), text(rest))).rstrip()


def concerns(user: str, raw: ConsumerRecord, value: Any) -> bool:
    """Return whether a record is a user's: by its key or its value."""
    fields = value if isinstance(value, dict) else {}
    keys = (key(raw.key) or "", str(fields.get("key", "")))
    return fields.get("user") == user or any(user in each.replace("/", " ").split() for each in keys)


def instant(ms: int) -> str:
    """Return an instant in UTC, as in RFC 3339."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return f"{ms} ms"


def text(raw: bytes | None) -> str:
    """Return bytes as text, with escapes for invalid and unprintable characters."""
    decoded = (raw or b"").decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in decoded)
