"""Writes the Avro files from the structs: ``python -m schemas.avsc``.

A field's doc is the docstring below it, or else the entry for its name in ``records.base.DOCS``. Integers named
``at``, ``…_at`` or ``due`` are instants: their logical type is timestamp-millis.
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from inspect import isclass
from types import ModuleType, UnionType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from schemas import contract, records
from schemas.records.base import DOCS

ENUMS: dict[str, type[StrEnum]] = {
    f"rondo.{name}": each
    for name, each in vars(records).items()
    if isclass(each) and issubclass(each, StrEnum) and each is not StrEnum
}
"""Every enum of the contract by its Avro name."""

_PRIMITIVES = {str: "string", int: "long", bool: "boolean", bytes: "bytes"}
_INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
_HEADER = {
    "type": "record",
    "name": "Header",
    "namespace": "rondo",
    "doc": "A Kafka header. Names may repeat.",
    "fields": [{"name": "name", "type": "string"}, {"name": "value", "type": ["null", "bytes"]}],
}
"""The Avro record of a header, which is a pair in Python."""


def files() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every Avro file."""
    yield "rondo.Header.avsc", _text(_HEADER)
    for name, enum in ENUMS.items():
        yield f"{name}.avsc", _text(_enum(enum))
    for name, record in contract.RECORDS.items():
        yield f"{name}.avsc", _text(_record(record))


def _record(record: type[Struct]) -> dict[str, Any]:
    return _named("record", record) | {"fields": [_field(record, field) for field in fields(record)]}


def _enum(enum: type[StrEnum]) -> dict[str, Any]:
    symbols = [member.value for member in enum]
    return _named("enum", enum) | ({"default": "NONE"} if "NONE" in symbols else {}) | {"symbols": symbols}


def _named(kind: str, of: type[Any]) -> dict[str, Any]:
    doc = (inspect.getdoc(of) or "").split("\n\n")[0].replace("\n", " ").replace("``", "")
    return {"type": kind, "name": of.__name__, "namespace": "rondo", "doc": doc}


def _field(record: type[Struct], field: FieldInfo) -> dict[str, Any]:
    is_instant = field.name in {"at", "due"} or field.name.endswith("_at")
    default = {} if field.required else {"default": _default(field)}
    return {"name": field.name, "type": _type(field.type, is_instant)} | default | {"doc": doc(record, field.name)}


def _type(of: Any, is_instant: bool = False) -> Any:
    if isinstance(of, UnionType):
        return ["null", _type(get_args(of)[0], is_instant)]
    if get_origin(of) is tuple:
        item = get_args(of)[0]
        return {"type": "array", "items": "Header" if get_origin(item) is tuple else _type(item)}
    if get_origin(of) is dict:
        return {"type": "map", "values": _type(get_args(of)[1])}
    return _INSTANT if of is int and is_instant else _PRIMITIVES.get(of, of.__name__)


def _default(field: FieldInfo) -> Any:
    made = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return msgspec.to_builtins(made)


def doc(record: type[Struct], field: str) -> str:
    """Return the doc of a record's field. Raises KeyError if it has none."""
    for owner in record.__mro__:
        if own := _docs(sys.modules[owner.__module__]).get((owner.__name__, field)):
            return own
    return DOCS[field]


@cache
def _docs(module: ModuleType) -> dict[tuple[str, str], str]:
    """Return the docstrings below fields, by class and field."""
    if not module.__name__.startswith(records.__name__):
        return {}
    classes = [node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.ClassDef)]
    return {
        (one.name, field.target.id): " ".join(below.value.value.split())
        for one in classes
        for field, below in zip(one.body, one.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def _text(schema: dict[str, Any]) -> str:
    """Return a schema as JSON, one line per key and per field."""
    parts = [f'  "{key}": {_json(value)}' for key, value in schema.items() if key != "fields"]
    if lines := [f"    {_json(field)}" for field in schema.get("fields", ())]:
        parts.append('  "fields": [\n' + ",\n".join(lines) + "\n  ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write every Avro file."""
    for name, text in files():
        (contract.AVRO / name).write_text(text)


if __name__ == "__main__":
    main()
