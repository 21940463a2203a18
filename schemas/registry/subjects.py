"""The registry's state: a fold of the entries on its topic. Pure; ``service`` decides which entries are written.

Entries have the format of Confluent's ``_schemas`` topic, so their registry could take over the log.
"""

import json
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas.registry.compatibility import Level, normal


class Version(Struct, frozen=True):
    """One version of a subject's schema."""

    subject: str
    version: int
    id: int
    schema: str
    deleted: bool = False


class SchemaEntry(NamedTuple):
    """A record of the topic."""

    key: dict[str, Any]
    value: dict[str, Any] | None


def version_entry(version: Version) -> SchemaEntry:
    """Return the entry of a version."""
    key = {"keytype": "SCHEMA", "subject": version.subject, "version": version.version, "magic": 1}
    return SchemaEntry(key, {name: getattr(version, name) for name in version.__struct_fields__})


def level_entry(subject: str | None, level: Level | None) -> SchemaEntry:
    """Return the entry that sets the level of a subject, or the global one (None); without a level, unsets it."""
    key = {"keytype": "CONFIG", "subject": subject, "magic": 0}
    return SchemaEntry(key, {"compatibilityLevel": level.value} if level else None)


class Subjects:
    """Every subject's versions, every schema's id, every level."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, Version]] = {}
        self._ids: dict[str, int] = {}  # by normal form
        self._schemas: dict[int, str] = {}
        self._levels: dict[str | None, Level] = {None: Level.BACKWARD_TRANSITIVE}

    def apply(self, entry: SchemaEntry) -> None:
        """Apply one entry. Types of entry that Rondo does not write are skipped."""
        match entry.key, entry.value:
            case {"keytype": "SCHEMA"}, {"subject": subject, "version": number, "id": number_of_schema, "schema": text}:
                deleted = bool(entry.value and entry.value.get("deleted"))
                version = Version(subject, number, number_of_schema, text, deleted)
                self._versions.setdefault(subject, {})[number] = version
                self._ids.setdefault(normal(text), version.id)
                self._schemas.setdefault(version.id, text)
            case {"keytype": "CONFIG", "subject": subject}, {"compatibilityLevel": level}:
                self._levels[subject] = Level(level)
            case {"keytype": "CONFIG", "subject": subject}, None:
                self._levels.pop(subject, None)

    def names(self, deleted: bool = False) -> list[str]:
        """Return the subjects that have a version."""
        return sorted(name for name in self._versions if self.versions(name, deleted))

    def versions(self, subject: str, deleted: bool = False) -> list[Version]:
        """Return a subject's versions, oldest first."""
        found = self._versions.get(subject, {})
        return [found[number] for number in sorted(found) if deleted or not found[number].deleted]

    def find(self, subject: str, text: str, deleted: bool = False) -> Version | None:
        """Return the version of the subject that has this schema."""
        wanted = normal(text)
        return next((each for each in self.versions(subject, deleted) if normal(each.schema) == wanted), None)

    def next_version(self, subject: str, text: str) -> Version:
        """Return the version that the schema would get. A schema has the same id under every subject."""
        number = self._ids.get(normal(text)) or max(self._schemas, default=0) + 1
        return Version(subject, max(self._versions.get(subject, {}), default=0) + 1, number, text)

    def schema(self, number: int) -> str | None:
        """Return the schema that has this id; ids outlive the subjects that they were assigned for."""
        return self._schemas.get(number)

    def places(self, number: int) -> list[Version]:
        """Return the versions that have the schema of this id."""
        return [each for name in self.names() for each in self.versions(name) if each.id == number]

    def level(self, subject: str | None = None) -> Level | None:
        """Return the level that was set for a subject, or the global one."""
        return self._levels.get(subject)

    def asked(self, subject: str) -> Level:
        """Return the level that applies to a subject."""
        return self._levels.get(subject) or self._levels.get(None) or Level.BACKWARD_TRANSITIVE


def deleted(version: Version) -> Version:
    """Return the version marked as deleted: new versions are not compared with it, but messages stay readable."""
    return replace(version, deleted=True)


def encoded(entry: SchemaEntry) -> tuple[bytes, bytes | None]:
    """Return key and value of the Kafka record. Equal keys give equal bytes, as compaction needs."""
    key = json.dumps(entry.key, separators=(",", ":")).encode()
    return key, None if entry.value is None else json.dumps(entry.value, separators=(",", ":")).encode()


def decoded(key: bytes, value: bytes | None) -> SchemaEntry:
    """Return the entry of a Kafka record."""
    return SchemaEntry(json.loads(key), None if value is None else json.loads(value))
