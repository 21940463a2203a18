"""The Avro files, each made self-contained and bound to the struct that mirrors it."""

from functools import cache
from inspect import isclass
from pathlib import Path
from typing import Any, TypeAlias

from fastavro.schema import load_schema, parse_schema
from msgspec import Struct

from schemas import records

Schema: TypeAlias = Any
"""An Avro schema as parsed JSON: an object, a list (a union) or a name."""

AVRO = Path(__file__).parent / "avro"
RECORDS: dict[str, type[Struct]] = {
    f"rondo.{name}": record
    for name, record in vars(records).items()
    if isclass(record) and issubclass(record, Struct) and not record.__subclasses__()
}
"""Every struct of the contract by its Avro name. Structs that are only base classes are on no topic."""

_FASTAVRO = {"__fastavro_parsed", "__named_schemas"}
_NOT_ON_THE_WIRE = _FASTAVRO | {"doc", "default", "aliases", "logicalType"}


@cache
def schema(record: type[Struct]) -> Schema:
    """Return the record's Avro schema as registered: each named type is defined inline at its first use."""
    return _without(load_schema(str(AVRO / f"rondo.{record.__name__}.avsc")), _FASTAVRO)


def plain(of: Schema) -> Schema:
    """Return a schema ready for fastavro, in which instants stay milliseconds instead of becoming ``datetime``."""
    return parse_schema(_without(parse_schema(of), _FASTAVRO | {"logicalType"}))


def layout(of: Schema) -> Schema:
    """Return the part of a schema that determines its bytes: schemas of equal layout read each other's messages."""
    return _without(parse_schema(of), _NOT_ON_THE_WIRE)


def _without(of: Schema, keys: set[str]) -> Schema:
    if isinstance(of, dict):
        kept = {key: _without(value, keys) for key, value in of.items() if key not in keys}
        return kept["type"] if kept.keys() == {"type"} else kept  # {"type": "long"} is "long"
    if isinstance(of, list):
        return [_without(item, keys) for item in of]
    return of
