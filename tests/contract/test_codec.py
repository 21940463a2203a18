"""What is encoded is decoded again, in the bytes that any Avro library writes; all else is refused with a reason."""

import inspect
from enum import StrEnum
from io import BytesIO
from types import UnionType
from typing import Any, get_args, get_origin

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, to_builtins
from msgspec.structs import fields

from schemas import contract, records
from schemas.codec import Codec, Undecodable, Unlearned, binary, current_reader
from schemas.primitives import NUMBERS, read_long
from schemas.registry.client import Registry, RegistryUnavailable
from schemas.topics import Topic
from tests.contract.golden import sample

RECORDS = pytest.mark.parametrize("record", contract.RECORDS.values(), ids=lambda record: record.__name__)
EDGES = [edge + step for bits in range(6, 63, 7) for edge in (-(1 << bits), 1 << bits) for step in (-1, 0, 1)]
"""Where a number's encoding takes one byte more."""
LONGS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(EDGES)
STRINGS = st.text() | st.text(min_size=64) | st.sampled_from([63, 64, 127, 128, 1023, 1024, 8192]).map("x".__mul__)
PREFIX = b"\0\0\0\0\1"


def values(of: Any) -> st.SearchStrategy[Any]:
    """Every value that a type of the contract allows."""
    if get_origin(of) is tuple:
        first, last = get_args(of)
        return st.lists(values(first), max_size=3).map(tuple) if last is ... else st.tuples(values(first), values(last))
    if isinstance(of, UnionType):
        return st.none() | values(get_args(of)[0])
    if get_origin(of) is dict:
        return st.dictionaries(*map(values, get_args(of)), max_size=3)
    if issubclass(of, Struct):
        return st.builds(of, **{field.name: values(field.type) for field in fields(of)})
    if issubclass(of, StrEnum):
        return st.sampled_from(of)
    return {str: STRINGS, int: LONGS, bool: st.booleans(), bytes: st.binary()}[of]


def by_fastavro(value: Struct) -> bytes:
    plain = to_builtins(value, builtin_types=(bytes,))
    if isinstance(value, records.DeadLetter | records.Retry):
        plain["headers"] = [{"name": name, "value": content} for name, content in value.headers]
    out = BytesIO()
    fastavro.schemaless_writer(out, contract.plain(contract.schema(type(value))), plain)
    return out.getvalue()


@RECORDS
@settings(max_examples=15)
@given(data=st.data())
def test_every_record_is_written_as_fastavro_writes_it_and_read_back(record: type[Struct], data: st.DataObject):
    value = data.draw(values(record))
    message = binary(record).write(PREFIX, value)
    assert message == PREFIX + by_fastavro(value)
    assert current_reader(record)(message) == value


@RECORDS
@settings(max_examples=15)
@given(body=st.binary(max_size=60) | st.binary(min_size=20, max_size=60).map(lambda body: body.replace(b"\xff", b"\0")))
def test_any_bytes_are_read_as_a_record_or_refused(record: type[Struct], body: bytes):
    try:
        found = current_reader(record)(PREFIX + body)
    except Undecodable:
        return
    assert isinstance(found, record)


@RECORDS
@settings(max_examples=10)
@given(data=st.data())
def test_a_record_is_refused_wherever_it_is_cut(record: type[Struct], data: st.DataObject):
    message = binary(record).write(PREFIX, data.draw(values(record)))
    length = data.draw(st.integers(len(PREFIX), len(message) - 1))
    with pytest.raises(Undecodable, match=f"the bytes (end before the|are no) {record.__name__}"):
        current_reader(record)(message[:length])


@given(LONGS)
def test_every_number_of_64_bits_is_written_and_read(number: int):
    assert read_long(NUMBERS[number], 0) == (number, len(NUMBERS[number]))


@pytest.mark.parametrize("number", EDGES)
def test_numbers_are_read_where_their_length_changes_whether_they_were_read_before_or_not(number: int):
    timer = records.Timer("1", "ann", "task", number)
    message = binary(records.Timer).write(PREFIX, timer)
    assert [current_reader(records.Timer)(message) for _ in range(2)] == [timer, timer]


def test_more_numbers_are_written_and_read_than_are_remembered():
    first = 1_795_438_800_123
    for due in range(first, first + 10_000):
        timer = records.Timer("1", "ann", "task", due)
        assert current_reader(records.Timer)(binary(records.Timer).write(PREFIX, timer)) == timer


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_a_number_beyond_64_bits_is_not_written(number: int):
    with pytest.raises(ValueError, match="does not fit into 64 bits"):
        binary(records.Timer).write(PREFIX, records.Timer("1", "ann", "task", number))


@pytest.mark.parametrize("due", [1.0, "1", None])
def test_what_is_no_whole_number_is_not_written_as_one(due: Any):
    with pytest.raises(TypeError):
        binary(records.Timer).write(PREFIX, records.Timer("1", "ann", "task", due))


def test_numbers_written_with_more_bytes_than_they_need_are_read():
    assert current_reader(records.TaskFields)(
        PREFIX + b"\x82\0A" + b"\x80\0" + b"\x84\0" + b"\x80\0" + b"\0\0\x80\0" + b"\0" * 11
    ) == (records.TaskFields(title="A", priority=records.Priority.MEDIUM))


def test_the_code_that_was_generated_can_be_read():
    assert "value_due = Due(" in inspect.getsource(binary(records.Task).read)


def test_an_array_in_several_blocks_with_their_sizes_is_read_as_one():
    # Avro lets a writer split an array; a negative count is followed by the block's size in bytes.
    read = current_reader(records.TaskFields)(
        PREFIX + b"\x02A\0\0" + b"\x01\x04\x02x" + b"\x02\x02y" + b"\0" + b"\0\0\0" + b"\0" * 11
    )
    assert read == records.TaskFields(title="A", tags=("x", "y"))


@RECORDS
async def test_every_record_comes_back_from_every_topic_that_carries_it(
    record: type[Struct], codec: Codec, topics: tuple[Topic, ...]
):
    carrying = [topic.name for topic in topics if record in topic.records]
    assert carrying
    for topic in carrying:
        assert codec.decode(codec.encode(topic, sample(record))) == sample(record)


async def test_another_process_learns_what_this_one_published(codec: Codec, client: Registry):
    message = codec.encode("task-events", sample(records.TaskCreated))
    other = Codec(client)
    await other.learn([None, b"", b"no avro", message])
    assert other.decode(message) == sample(records.TaskCreated)


async def test_the_type_of_a_record_is_read_without_decoding_it(codec: Codec, client: Registry):
    message = codec.encode("task-events", sample(records.TaskCreated))
    other = Codec(client)
    await other.learn([message])
    assert other.kind(message[:5] + b"no TaskCreated") is records.TaskCreated


@pytest.mark.parametrize("data", [None, b"", b"\0\0\0", b"\0\x7f\xff\xff\xff\0", b"no avro"])
async def test_bytes_that_no_schema_explains_are_of_no_kind(data: bytes | None, codec: Codec):
    await codec.learn([data])
    assert codec.kind(data) is None


async def test_publishing_again_gives_the_same_ids(codec: Codec, client: Registry, topics: tuple[Topic, ...]):
    again = Codec(client)
    await again.publish(topics)
    due = sample(records.ReminderDue)
    assert again.encode("reminders", due) == codec.encode("reminders", due)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "there are no bytes"),
        (b"", "there are no bytes"),
        (b"\0\0\0", "3 bytes are too few"),
        (b'{"title": "a"}', "the first byte is 123, not 0"),
        (b"\0\x7f\xff\xff\xff\0", "the registry has no schema 2147483647"),
    ],
)
async def test_bytes_that_no_schema_explains_are_refused_with_the_reason(data: bytes | None, reason: str, codec: Codec):
    await codec.learn([data])
    with pytest.raises(Undecodable, match=reason):
        codec.decode(data)


async def test_a_truncated_record_is_refused_wherever_it_is_cut(codec: Codec):
    whole = codec.encode("task-events", sample(records.TaskUpdated))
    for length in range(5, len(whole)):
        with pytest.raises(Undecodable, match=r"the bytes (end before the|are no) TaskUpdated"):
            codec.decode(whole[:length])


async def test_bytes_after_a_record_are_refused(codec: Codec):
    whole = codec.encode("reminder-notices", sample(records.ReminderNotice))
    with pytest.raises(Undecodable, match="3 bytes follow the ReminderNotice"):
        codec.decode(whole + b"abc")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x02\xff", "can't decode byte 0xff"),
        (b"\x01", "a length is negative"),
        (b"\xff" * 11 + b"\1", "a number does not fit into 64 bits"),
        (b"\x02A\0\x0a", "Priority has no symbol 5"),
        (b"\x02A\0\0\0\x04", "a union has no such branch"),
        (b"\x02A" + b"\0" * 9 + b"\x02", "a boolean is 0 or 1"),
    ],
)
def test_bytes_that_no_value_gives_are_refused_with_the_reason(body: bytes, reason: str):
    with pytest.raises(Undecodable, match=reason):
        current_reader(records.TaskFields)(PREFIX + body)


async def test_a_record_that_is_not_rondos_is_refused_by_name(codec: Codec, client: Registry, subject: str):
    schema = {"type": "record", "name": "Order", "namespace": "shop", "fields": []}
    message = b"\0" + (await client.register(subject, schema)).to_bytes(4)
    await codec.learn([message])
    with pytest.raises(Undecodable, match=r"shop\.Order is not a record that Rondo knows"):
        codec.decode(message)
    assert codec.kind(message) is None


async def test_a_schema_nobody_learned_is_the_callers_mistake_not_the_bytes(client: Registry):
    with pytest.raises(Unlearned, match="Schema 1 was not learned") as asked:
        Codec(client).decode(PREFIX)
    assert asked.value.message == PREFIX


async def test_a_record_is_not_encoded_for_a_topic_that_was_not_published_with_it(codec: Codec):
    with pytest.raises(LookupError, match="TaskCreated was not published on reminders"):
        codec.encode("reminders", sample(records.TaskCreated))


async def test_a_registry_that_is_down_never_makes_a_record_look_undecodable():
    nobody = Registry("http://127.0.0.1:1", retries=0)
    codec = Codec(nobody)
    with pytest.raises(RegistryUnavailable, match="can't be reached"):
        await codec.learn([PREFIX])
    with pytest.raises(LookupError):
        codec.decode(PREFIX)
    await nobody.aclose()
