"""The Avro files and the structs say the same, field by field."""

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import fields

from schemas import avsc, contract, records

RECORDS = pytest.mark.parametrize("record", contract.RECORDS.values(), ids=lambda record: record.__name__)


def read(record: type[msgspec.Struct]) -> Any:
    return json.loads((contract.AVRO / f"rondo.{record.__name__}.avsc").read_text())


def test_the_avro_files_are_those_that_the_structs_make():
    found = {path.name: path.read_text() for path in contract.AVRO.iterdir()}
    assert found == dict(avsc.files()), "Run python -m schemas.avsc."


@RECORDS
def test_every_field_is_documented_as_what_it_is(record: type[msgspec.Struct]):
    for field in fields(record):
        doc = avsc.doc(record, field.name)
        assert doc.endswith((".", "…"))
        is_id = field.type in {str, str | None}
        assert is_id or not doc.startswith("UUID "), f"{record.__name__}.{field.name} is no id."


@RECORDS
def test_every_instant_is_marked_as_one_for_other_readers(record: type[msgspec.Struct]):
    instants = {field.name for field in fields(record) if field.name == "at" or field.name.endswith("_at")}
    instants |= {field.name for field in fields(record) if field.name == "due" and field.type in {int, int | None}}
    marked = {field["name"] for field in read(record)["fields"] if "timestamp-millis" in json.dumps(field["type"])}
    assert marked == instants


@RECORDS
def test_every_record_is_frozen_and_of_no_concern_to_the_garbage_collector(record: type[msgspec.Struct]):
    assert (record.__struct_config__.frozen, record.__struct_config__.gc) == (True, False)


def test_a_struct_that_differs_from_its_file_is_refused_when_it_is_compiled():
    from schemas.binary import compiled

    class Due(msgspec.Struct):
        date: str
        zone: str | None = None

    with pytest.raises(TypeError, match="Due and its Avro file differ in fields"):
        compiled(contract.plain(contract.schema(records.Due)), Due)
