"""The Avro files and the structs say the same, field by field."""

import json
from enum import StrEnum
from inspect import isclass
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec
import pytest
from msgspec.structs import fields

from schemas import contract, records

ENUMS = {
    name: each
    for name, each in vars(records).items()
    if isclass(each) and issubclass(each, StrEnum) and each is not StrEnum
}
PRIMITIVES = {str: "string", int: "long", bool: "boolean", bytes: "bytes"}


def read(name: str) -> dict[str, Any]:
    return json.loads((contract.AVRO / f"rondo.{name}.avsc").read_text())


def avro(of: Any) -> Any:
    """The Avro type that a field of this Python type must have, without logical types."""
    if isinstance(of, UnionType):
        return ["null", avro(get_args(of)[0])]
    if get_origin(of) is tuple:
        item = get_args(of)[0]
        return {"type": "array", "items": "Header" if get_origin(item) is tuple else avro(item)}
    if get_origin(of) is dict:
        return {"type": "map", "values": avro(get_args(of)[1])}
    return PRIMITIVES.get(of, of.__name__)


def bare(of: Any) -> Any:
    if isinstance(of, dict):
        return (
            "long" if of.get("logicalType") == "timestamp-millis" else {key: bare(value) for key, value in of.items()}
        )
    return [bare(item) for item in of] if isinstance(of, list) else of


def default(field: Any) -> Any:
    made = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return msgspec.to_builtins(made)


@pytest.mark.parametrize("record", contract.RECORDS.values(), ids=lambda record: record.__name__)
def test_a_struct_and_its_file_agree_on_every_field(record: type[msgspec.Struct]):
    expected = [
        {"name": field.name, "type": avro(field.type)} | ({} if field.required else {"default": default(field)})
        for field in fields(record)
    ]
    found = [
        {key: bare(value) for key, value in field.items() if key != "doc"} for field in read(record.__name__)["fields"]
    ]
    assert json.loads(json.dumps(expected)) == found


@pytest.mark.parametrize("enum", ENUMS.values(), ids=lambda enum: enum.__name__)
def test_an_enum_and_its_file_agree_on_every_symbol(enum: type[StrEnum]):
    assert read(enum.__name__)["symbols"] == [member.value for member in enum]


def test_every_file_is_named_for_what_it_defines_and_has_a_python_type():
    named = {path.name for path in contract.AVRO.iterdir()}
    assert named == {f"rondo.{name}.avsc" for name in ["Header", *ENUMS, *(each[6:] for each in contract.RECORDS)]}
    assert {f"{read(name[6:-5])['namespace']}.{read(name[6:-5])['name']}.avsc" for name in named} == named


@pytest.mark.parametrize("record", contract.RECORDS.values(), ids=lambda record: record.__name__)
def test_every_instant_is_marked_as_one_for_other_readers(record: type[msgspec.Struct]):
    instants = {field.name for field in fields(record) if field.name == "at" or field.name.endswith("_at")}
    instants |= {field.name for field in fields(record) if field.name == "due" and field.type is int}
    marked = {
        field["name"] for field in read(record.__name__)["fields"] if "timestamp-millis" in json.dumps(field["type"])
    }
    assert marked == instants


@pytest.mark.parametrize("record", contract.RECORDS.values(), ids=lambda record: record.__name__)
def test_every_record_is_frozen_and_of_no_concern_to_the_garbage_collector(record: type[msgspec.Struct]):
    assert (record.__struct_config__.frozen, record.__struct_config__.gc) == (True, False)


@pytest.mark.parametrize("record", contract.RECORDS.values(), ids=lambda record: record.__name__)
def test_every_record_is_documented(record: type[msgspec.Struct]):
    assert read(record.__name__)["doc"]


def test_a_struct_that_differs_from_its_file_is_refused_when_it_is_compiled():
    from schemas.binary import compiled

    class Due(msgspec.Struct):
        date: str
        zone: str | None = None

    with pytest.raises(TypeError, match="Due and its Avro file differ in fields"):
        compiled(contract.plain(contract.schema(records.Due)), Due)
