"""Avro's binary encoding, compiled once for each record type, straight from structs to bytes and back.

fastavro by way of dicts took 2.5 times as long to encode a ``TaskCreated`` and 1.5 times to decode it, most of it for
unions and for reading byte by byte. These closures know just what the contract uses: string, bytes, long,
enum, array, map, record, and a union of null with one of them. Contract tests hold them to fastavro's bytes.
Source: Avro 1.12 specification, "Binary Encoding".
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from types import UnionType
from typing import Any, NamedTuple, TypeAlias, get_args, get_origin

from msgspec.structs import astuple, fields

from schemas.contract import Schema

Value: TypeAlias = Any
"""A Python value, or its type."""
Write: TypeAlias = Callable[[bytearray, Any], None]
"""Appends a value to the bytes."""
Read: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
"""Returns the value at an offset and the offset after it. Past the bytes' end: IndexError, or an offset past it."""


class Binary(NamedTuple):
    """How values of one type are written and read."""

    write: Write
    read: Read


def write_long(out: bytearray, value: int) -> None:
    """Append a 64-bit integer: zigzag, then seven bits a byte, the lowest first."""
    if -64 <= value < 64:
        out.append(value << 1 ^ value >> 63)
    else:
        out += _varint(value)


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Read a 64-bit integer."""
    byte = data[at]
    if byte < 128:
        return byte >> 1 ^ -(byte & 1), at + 1
    end = at + 1
    while data[end] > 127:
        end += 1
    if end - at > 9:
        raise ValueError("a number does not fit into 64 bits")
    return _number(data[at : end + 1]), end + 1


@lru_cache(maxsize=1024)  # one instant stands in several fields of a record, and in all that the record leads to
def _varint(value: int) -> bytes:
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{value} does not fit into 64 bits")
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


@lru_cache(maxsize=1024)
def _number(encoded: bytes) -> int:
    value = sum((byte & 127) << 7 * place for place, byte in enumerate(encoded))
    if value >> 64:
        raise ValueError("a number does not fit into 64 bits")
    return value >> 1 ^ -(value & 1)


def write_bytes(out: bytearray, value: bytes) -> None:
    """Append bytes after their length."""
    write_long(out, len(value))
    out += value


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read bytes after their length."""
    length, at = read_long(data, at)
    if length < 0:
        raise ValueError("a length is negative")
    return data[at : at + length], at + length


def write_string(out: bytearray, value: str) -> None:
    """Append a string as UTF-8 after its length in bytes."""
    encoded = value.encode()
    length = len(encoded)
    if length < 64:  # one byte holds the length, as for nearly all of them
        out.append(length << 1)
    else:
        write_long(out, length)
    out += encoded


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """Read a string."""
    length = data[at]
    if length < 128 and not length & 1:
        at += 1
        end = at + (length >> 1)
        return data[at:end].decode(), end
    encoded, at = read_bytes(data, at)
    return encoded.decode(), at


def compiled(schema: Schema, python: Value, named: dict[str, Binary] | None = None) -> Binary:
    """Return how values of the ``python`` type are written and read under a parsed schema.

    Raises TypeError where type and schema do not fit each other.
    """
    named = {} if named is None else named
    kind = schema["type"] if isinstance(schema, dict) else "union" if isinstance(schema, list) else schema
    if kind in named:
        return named[kind]
    if kind in _PRIMITIVES and python is _PRIMITIVES[kind][0]:
        return _PRIMITIVES[kind][1]
    if kind in {"record", "enum"}:
        named[schema["name"]] = _record(schema, python, named) if kind == "record" else _enum(schema, python)
        return named[schema["name"]]
    if kind == "union":
        return _optional(schema, python, named)
    if kind == "array":
        return _blocks(compiled(schema["items"], get_args(python)[0], named), lambda values: values, tuple)
    if kind == "map":
        key, value = get_args(python)
        return _blocks(_fields((compiled("string", key), compiled(schema["values"], value, named))), dict.items, dict)
    raise TypeError(f"Avro's {kind} does not fit {python}: make schemas/records.py and schemas/avro agree.")


def _record(schema: Schema, python: Value, named: dict[str, Binary]) -> Binary:
    origin: Value = get_origin(python)
    pair = origin is tuple  # a Kafka header
    types = get_args(python) if pair else [field.type for field in fields(python)]
    if not pair and [field["name"] for field in schema["fields"]] != [field.name for field in fields(python)]:
        raise TypeError(f"{python.__name__} and its Avro file differ in fields: make them agree.")
    parts = [compiled(field["type"], of, named) for field, of in zip(schema["fields"], types, strict=True)]
    return _fields(parts) if pair else _fields(parts, astuple, lambda values: python(*values))


def _fields(
    parts: Sequence[Binary],
    split: Callable[[Any], Iterable[Any]] = lambda value: value,
    build: Callable[[list[Any]], Any] = tuple,
) -> Binary:
    """Return how a value of several parts is written and read, one part after the other."""
    writes, reads = [part.write for part in parts], [part.read for part in parts]

    def write(out: bytearray, value: Value) -> None:
        for write_part, part in zip(writes, split(value), strict=True):
            write_part(out, part)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        values = []
        for read_part in reads:
            value, at = read_part(data, at)
            values.append(value)
        return build(values), at

    return Binary(write, read)


def _enum(schema: Schema, python: type[StrEnum]) -> Binary:
    members = [python(symbol) for symbol in schema["symbols"]]
    numbers = {member: number for number, member in enumerate(members)}

    def read(data: bytes, at: int) -> tuple[StrEnum, int]:
        number, at = read_long(data, at)
        if not 0 <= number < len(members):
            raise ValueError(f"{python.__name__} has no symbol {number}")
        return members[number], at

    return Binary(lambda out, value: write_long(out, numbers[value]), read)


def _optional(schema: Schema, python: Value, named: dict[str, Binary]) -> Binary:
    if len(schema) != 2 or schema[0] != "null" or not isinstance(python, UnionType):
        raise TypeError(f"{schema} does not fit {python}: only a union of null with one type is known.")
    write_value, read_value = compiled(schema[1], get_args(python)[0], named)

    def write(out: bytearray, value: Value) -> None:
        if value is None:
            out.append(0)
        else:
            out.append(2)
            write_value(out, value)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        branch = data[at]
        if branch == 0:
            return None, at + 1
        if branch != 2:
            raise ValueError("a union has no such branch")
        return read_value(data, at + 1)

    return Binary(write, read)


def _blocks(item: Binary, items: Callable[[Any], Iterable[Any]], build: Callable[[list[Any]], Any]) -> Binary:
    """Return how an array or map is written, as one block of items, and read, as any number of blocks."""
    write_item, read_item = item

    def write(out: bytearray, value: Value) -> None:
        if value:
            write_long(out, len(value))
            for each in items(value):
                write_item(out, each)
        out.append(0)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        values = []
        count, at = _count(data, at)
        while count:
            for _ in range(count):
                value, at = read_item(data, at)
                values.append(value)
            count, at = _count(data, at)
        return build(values), at

    return Binary(write, read)


def _count(data: bytes, at: int) -> tuple[int, int]:
    """Read how many items a block holds. Where the number is negative, the block's size in bytes follows it."""
    count, at = read_long(data, at)
    return (count, at) if count >= 0 else (-count, read_long(data, at)[1])


_PRIMITIVES: dict[str, tuple[type, Binary]] = {
    "string": (str, Binary(write_string, read_string)),
    "bytes": (bytes, Binary(write_bytes, read_bytes)),
    "long": (int, Binary(write_long, read_long)),
}
