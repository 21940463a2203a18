"""What other versions of a schema wrote is read as the current one has it."""

import copy
import json
from io import BytesIO
from typing import Any

import fastavro
import pytest
from msgspec import Struct, convert, to_builtins
from msgspec.structs import replace

from schemas import contract, records
from schemas.codec import Codec, Undecodable, binary, reader
from schemas.registry.client import Registry
from schemas.registry.compatibility import Level, objections
from tests.contract.golden import GOLDEN, Golden, bare, sample, versions

RECORDS = pytest.mark.parametrize("record", contract.RECORDS.values(), ids=lambda record: record.__name__)
PREFIX = b"\0\0\0\0\1"
HOW = "Run `python -m tests.contract.golden` and commit the file that it adds."


def value_of(golden: Golden, name: str, record: type[Struct]) -> Struct:
    return convert(golden.values[name], record)


@RECORDS
def test_the_current_schema_of_every_record_has_golden_bytes(record: type[Struct]):
    known = list(versions(record))
    assert known, f"{record.__name__} has no golden bytes. {HOW}"
    assert bare(known[-1].schema) == bare(contract.schema(record)), f"{record.__name__}'s schema was changed. {HOW}"


@RECORDS
def test_golden_bytes_of_every_version_are_read(record: type[Struct]):
    for golden in versions(record):
        for name, written in golden.bytes.items():
            assert reader(golden.schema)(PREFIX + bytes.fromhex(written)) == value_of(golden, name, record)


@RECORDS
def test_the_current_schema_still_writes_its_golden_bytes(record: type[Struct]):
    *_, golden = versions(record)
    for name, written in golden.bytes.items():
        assert binary(record).write(b"", value_of(golden, name, record)).hex() == written


@RECORDS
def test_every_version_may_follow_all_before_it(record: type[Struct]):
    texts = [json.dumps(golden.schema) for golden in versions(record)]
    for count, text in enumerate(texts):
        assert objections(Level.BACKWARD_TRANSITIVE, text, list(enumerate(texts[:count], 1))) == []


def test_golden_bytes_exist_only_for_records_that_exist():
    # Removing a record type would leave records on somebody's log unreadable.
    assert {f"rondo.{path.name}" for path in GOLDEN.iterdir()} == contract.RECORDS.keys()


def task_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The definition of Task inside TaskCreated's self-contained schema."""
    return next(field["type"] for field in schema["fields"] if field["name"] == "task")


async def decoded(codec: Codec, client: Registry, subject: str, schema: dict[str, Any], value: Any) -> Struct:
    """What our codec makes of a value that somebody wrote under this schema."""
    out = BytesIO(b"\0" + (await client.register(subject, schema)).to_bytes(4))
    out.seek(5)
    fastavro.schemaless_writer(out, schema, value)
    await codec.learn([out.getvalue()])
    return codec.decode(out.getvalue())


async def test_a_field_added_with_a_default_is_read_from_older_bytes(codec: Codec, client: Registry, subject: str):
    event = sample(records.TaskCreated)
    older = copy.deepcopy(contract.schema(records.TaskCreated))
    task = task_of(older)
    task["fields"] = [field for field in task["fields"] if field["name"] not in {"notes", "version"}]
    found = await decoded(codec, client, subject, older, to_builtins(event))
    assert found == replace(event, task=replace(event.task, notes="", version=1))


async def test_a_field_that_only_a_newer_version_has_is_passed_over(codec: Codec, client: Registry, subject: str):
    event = sample(records.TaskCreated)
    newer = copy.deepcopy(contract.schema(records.TaskCreated))
    task_of(newer)["fields"].insert(3, {"name": "colour", "type": "string", "default": ""})
    value = to_builtins(event)
    value["task"]["colour"] = "red"
    assert await decoded(codec, client, subject, newer, value) == event


async def test_a_priority_that_only_a_newer_version_has_is_none(codec: Codec, client: Registry, subject: str):
    event = sample(records.TaskCreated)
    newer = copy.deepcopy(contract.schema(records.TaskCreated))
    priority = next(field["type"] for field in task_of(newer)["fields"] if field["name"] == "priority")
    priority["symbols"].append("SOMEDAY")
    value = to_builtins(event)
    value["task"]["priority"] = "SOMEDAY"
    found = await decoded(codec, client, subject, newer, value)
    assert found == replace(event, task=replace(event.task, priority=records.Priority.NONE))


async def test_headers_of_a_dead_letter_survive_another_version(codec: Codec, client: Registry, subject: str):
    dead_letter = sample(records.DeadLetter)
    newer = copy.deepcopy(contract.schema(records.DeadLetter))
    newer["fields"].append({"name": "host", "type": "string", "default": ""})
    value = to_builtins(dead_letter, builtin_types=(bytes,))
    value["headers"] = [{"name": name, "value": content} for name, content in dead_letter.headers]
    assert await decoded(codec, client, subject, newer, value) == dead_letter


async def test_bytes_that_do_not_fit_the_other_version_are_refused(codec: Codec, client: Registry, subject: str):
    newer = copy.deepcopy(contract.schema(records.ReminderNotice))
    newer["fields"].append({"name": "more", "type": "string", "default": ""})
    message = b"\0" + (await client.register(subject, newer)).to_bytes(4) + b"\x02"
    await codec.learn([message])
    with pytest.raises(Undecodable, match="the bytes are no ReminderNotice of another version"):
        codec.decode(message)


async def test_a_version_that_cannot_be_read_is_refused(codec: Codec, client: Registry, subject: str):
    other = {"type": "record", "name": "rondo.ReminderNotice", "fields": [{"name": "id", "type": "long"}]}
    message = b"\0" + (await client.register(subject, other)).to_bytes(4) + b"\x02"
    await codec.learn([message])
    with pytest.raises(Undecodable, match="the bytes are no ReminderNotice of another version"):
        codec.decode(message)


def test_a_schema_that_differs_in_nothing_but_words_reads_without_being_resolved():
    plain = contract.layout(contract.schema(records.TaskCreated))
    assert reader(plain).__qualname__ == reader(contract.schema(records.TaskCreated)).__qualname__
