"""Compatibility between versions of a schema. Apache's ``avro`` package decides; this module explains in sentences.

Levels are Confluent's: BACKWARD requires that the new schema can read what the previous one wrote, FORWARD the reverse,
FULL both, and TRANSITIVE the same for every earlier version.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

import avro.schema
from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityResult,
    SchemaCompatibilityType,
    SchemaIncompatibilityType,
)
from avro.errors import AvroException
from fastavro.schema import SchemaParseException, UnknownType, parse_schema


class Level(StrEnum):
    """The compatibility that a subject requires of a new version."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"


class InvalidSchema(ValueError):
    """The text is no Avro schema; the message says why."""


_REASONS = {
    SchemaIncompatibilityType.name_mismatch: "the name differs",
    SchemaIncompatibilityType.fixed_size_mismatch: "the size of a fixed type differs",
    SchemaIncompatibilityType.missing_enum_symbols: "symbols are missing from an enum without a default",
    SchemaIncompatibilityType.reader_field_missing_default_value: "a field that the writer lacks has no default",
    SchemaIncompatibilityType.type_mismatch: "the type differs",
    SchemaIncompatibilityType.missing_union_branch: "a union lacks a type",
}


@lru_cache(maxsize=1024)
def normal(text: str) -> str:
    """Return a schema's normal form, which is equal for equal schemas. Docs and defaults count, white space does not.

    Raises InvalidSchema if the text is no valid Avro schema or has an invalid default.
    """
    try:
        parsed = parse_schema(json.loads(text))
        _parsed(text)
    except (SchemaParseException, UnknownType, AvroException, ValueError, TypeError, KeyError) as error:
        reason = str(error) or type(error).__name__
        raise InvalidSchema(f"This is not a valid Avro schema: {reason}") from error
    return json.dumps(_tidy(parsed), sort_keys=True, separators=(",", ":"))


def objections(level: Level, new: str, earlier: Sequence[tuple[int, str]]) -> list[str]:
    """Return why a schema is incompatible with the earlier versions, oldest first; an empty list if it isn't."""
    asked = earlier if level.endswith("_TRANSITIVE") else earlier[-1:]
    return [reason for version, old in asked for reason in _between(level, new, version, old)]


def _between(level: Level, new: str, version: int, old: str) -> Iterator[str]:
    if level.startswith(("BACKWARD", "FULL")):
        yield from _unreadable("The new schema", new, f"version {version}", old)
    if level.startswith(("FORWARD", "FULL")):
        yield from _unreadable(f"Version {version}", old, "the new schema", new)


def _unreadable(reader_name: str, reader: str, writer_name: str, writer: str) -> Iterator[str]:
    result = ReaderWriterCompatibilityChecker().get_compatibility(  # type: ignore[no-untyped-call]
        _parsed(reader), _parsed(writer)
    )
    if result.compatibility is not SchemaCompatibilityType.compatible:
        yield f"{reader_name} can't read what {writer_name} wrote: {_reason(result)}."


def _reason(result: SchemaCompatibilityResult) -> str:
    kinds = dict.fromkeys(_REASONS[kind] for kind in result.incompatibilities)
    return f"{_joined(kinds)} ({_joined(sorted(result.messages))}, at {_joined(sorted(result.locations))})"


def _joined(words: Iterable[str]) -> str:
    return ", ".join(words)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> avro.schema.Schema:
    """Parse for the checker, without logical types: it ignores them, and unknown ones would cause warnings."""
    return avro.schema.parse(json.dumps(_tidy(json.loads(text), {"logicalType"})))


def _tidy(schema: Any, without: Iterable[str] = ("__fastavro_parsed", "__named_schemas")) -> Any:
    if isinstance(schema, dict):
        kept = {key: _tidy(value, without) for key, value in schema.items() if key not in without}
        return kept["type"] if kept.keys() == {"type"} else kept  # {"type": "string"} is "string"
    if isinstance(schema, list):
        return [_tidy(item, without) for item in schema]
    return schema
