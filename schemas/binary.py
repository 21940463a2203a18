"""Avro's binary encoding between structs and bytes, by Python code generated for each record type.

As ``dataclasses`` and attrs do for ``__init__``, the source of each function is assembled and compiled once. The fields
of a record and of its nested records are handled in one body, without a call, a loop or a look-up by name per field.
Every Avro type has a ``Converter``, which generates its piece of the source;
``inspect.getsource(binary(TaskCreated).read)`` shows the result.

Supported are the types that the contract uses: string, bytes, boolean, long, enum, array, map, record, and a union of
null with one of them. Contract tests compare the bytes with fastavro's; ``python -m bench.codec`` compares the speed:
0.22 of the time that fastavro with dicts takes to encode a ``TaskCreated``, 0.42 to decode it. Closures calling each
other field by field took 2.4 times as long. Two apparent optimizations were slower: a cache of strings by their bytes,
and decoding the whole message once and slicing it for each string.
Source: Avro 1.12 specification, "Binary Encoding".
"""

import linecache
from collections.abc import Callable
from enum import StrEnum
from textwrap import indent
from types import UnionType
from typing import Any, NamedTuple, TypeAlias, get_args, get_origin

from msgspec.structs import fields

from schemas import primitives
from schemas.contract import Schema

Value: TypeAlias = Any
"""A Python value, or its type."""
Write: TypeAlias = Callable[[bytes, Any], bytes]
"""Returns a prefix followed by the bytes of a value."""
Read: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
"""Returns the value at an offset and the offset after it. Past the bytes' end: IndexError, or an offset past it."""


class Binary(NamedTuple):
    """The functions that write and read values of one type."""

    write: Write
    read: Read


class Converter(NamedTuple):
    """The source that writes and reads values of one Avro type."""

    write: Callable[[str, str], str]
    """From an expression for the value, and a name to assign it to, to comma-separated expressions for its bytes."""
    read: Callable[[str], str]
    """From the name to assign the value to, to statements that read it from ``data[at]`` on and advance ``at``."""


_FUNCTIONS = """\
def write(prefix, value, LENGTHS=LENGTHS):
    try:
        return join((prefix, {write}))
    except IndexError:  # a length is beyond the table
        return write(prefix, value, NUMBERS)

def read(data, at):
{read}    return value, at
"""


def compiled(schema: Schema, python: Value) -> Binary:
    """Return the functions that write and read values of the ``python`` type under a parsed schema.

    Raises TypeError if the type and the schema don't match.
    """
    parts = _Parts()
    part = parts.of(schema, python)
    source = _FUNCTIONS.format(write=part.write("value", "value"), read=_within(part.read("value")))
    file = f"<binary {python.__name__}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file  # for tracebacks and inspect
    exec(compile(source, file, "exec"), parts.names)  # noqa: S102 - the source is made only of names in the contract
    return Binary(parts.names["write"], parts.names["read"])


class _Parts:
    """Builds the converters of one record type and collects the ``names`` that their source uses."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = vars(primitives) | {"join": b"".join}
        self._named: dict[str, Converter] = {}

    def of(self, schema: Schema, python: Value) -> Converter:
        kind = schema["type"] if isinstance(schema, dict) else "union" if isinstance(schema, list) else schema
        if kind in self._named:
            return self._named[kind]
        if kind in _PRIMITIVES and python is _PRIMITIVES[kind][0]:
            return _PRIMITIVES[kind][1]
        if kind in {"record", "enum"}:
            part = self._record(schema, python) if kind == "record" else self._enum(schema, python)
            return self._named.setdefault(schema["name"], part)
        if kind == "union":
            return self._optional(schema, python)
        if kind == "array":
            return self._array(schema["items"], get_args(python)[0])
        if kind == "map":
            key, value = get_args(python)
            return _items([self.of("string", key), self.of(schema["values"], value)], "dict", "{}", ".items()")
        raise TypeError(f"Avro's {kind} does not fit {python}: run python -m schemas.avsc.")

    def _record(self, schema: Schema, python: Value) -> Converter:
        struct, own = python.__name__, [field.name for field in fields(python)]
        if [field["name"] for field in schema["fields"]] != own:
            raise TypeError(f"{struct} and its Avro file differ in fields: make them agree.")
        parts = self._fields(schema, [field.type for field in fields(python)])
        self.names[struct] = python

        def write(value: str, name: str) -> str:
            owners = [value if value == name else f"({name} := {value})"] + [name] * (len(own) - 1)
            return ", ".join(
                part.write(f"{owner}.{field}", f"{name}_{field}")
                for part, owner, field in zip(parts, owners, own, strict=True)
            )

        def read(name: str) -> str:
            values = [f"{name}_{field}" for field in own]
            return "".join(map(_read, parts, values)) + f"{name} = {struct}({', '.join(values)})\n"

        return Converter(write, read)

    def _fields(self, schema: Schema, types: list[Value]) -> list[Converter]:
        return [self.of(field["type"], of) for field, of in zip(schema["fields"], types, strict=True)]

    def _enum(self, schema: Schema, python: type[StrEnum]) -> Converter:
        enum, members = python.__name__, tuple(python(symbol) for symbol in schema["symbols"])
        self.names[enum] = members
        self.names[f"{enum}_bytes"] = {member: primitives.LENGTHS[at] for at, member in enumerate(members)}
        self.names[f"{enum}_members"] = tuple(
            members[count] if count is not None and count < len(members) else None for count in primitives.COUNTS
        )
        return Converter(
            lambda value, _name: f"{enum}_bytes[{value}]",
            lambda name: _by_first_byte(name, f"{enum}_members", f"read_symbol(data, at, {enum})"),
        )

    def _optional(self, schema: Schema, python: Value) -> Converter:
        if len(schema) != 2 or schema[0] != "null" or not isinstance(python, UnionType):
            raise TypeError(f"{schema} does not fit {python}: only a union of null with one type is known.")
        part = self.of(schema[1], get_args(python)[0])
        return Converter(
            lambda value, name: f'b"\\0" if ({name} := {value}) is None else join((b"\\2", {part.write(name, name)}))',
            lambda name: (
                f"""\
if (branch := data[at]) == 0:
    {name} = None
    at += 1
elif branch == 2:
    at += 1
{_within(part.read(name))}else:
    raise ValueError("a union has no such branch")
"""
            ),
        )

    def _array(self, schema: Schema, python: Value) -> Converter:
        origin: Value = get_origin(python)
        pair = origin is tuple  # a Kafka header
        parts = self._fields(schema, list(get_args(python))) if pair else [self.of(schema, python)]
        return _items(parts, "tuple", "()")


def _items(parts: list[Converter], build: str, empty: str, items: str = "") -> Converter:
    """Return the converter of an array or a map: written as one block of items, read as any number of blocks.

    ``parts`` convert the parts of an item, ``build`` turns a list of items into the value, ``items`` does the reverse.
    """

    def write(value: str, name: str) -> str:
        each = [f"{name}_{number}" for number in range(len(parts))]
        item = ", ".join(part.write(one, f"{one}_own") for part, one in zip(parts, each, strict=True))
        block = f"LENGTHS[len({name})], *[join(({item},)) for {', '.join(each)} in {name}{items}]"
        return f'join(({block}, b"\\0")) if ({name} := {value}) else b"\\0"'

    def read(name: str) -> str:
        each, count = [f"{name}_{number}" for number in range(len(parts))], f"{name}_count"
        read_count = _by_first_byte(count, "COUNTS", "read_count(data, at)")
        item = each[0] if len(each) == 1 else f"({', '.join(each)})"
        return f"""\
{name} = {empty}
{read_count}if {count}:
    {name} = []
    while {count}:
{_within("".join(map(_read, parts, each)), 2)}        {name}.append({item})
        {count} -= 1
        if {count} == 0:
{_within(read_count, 3)}    {name} = {build}({name})
"""

    return Converter(write, read)


def _by_first_byte(name: str, table: str, otherwise: str) -> str:
    """Return statements that look up a value by its first byte, and call a function if it takes more bytes."""
    return f"""\
if ({name} := {table}[data[at]]) is not None:
    at += 1
else:
    {name}, at = {otherwise}
"""


def _read(part: Converter, name: str) -> str:
    return part.read(name)


def _within(statements: str, levels: int = 1) -> str:
    return indent(statements, "    " * levels)


_STRING = Converter(
    lambda value, name: f"LENGTHS[len({name} := {value}.encode())], {name}",
    lambda name: (
        f"""\
if (size := SIZES[data[at]]) is not None:
    {name} = data[at + 1 : (at := at + size)].decode()
else:
    {name}, at = read_string(data, at)
"""
    ),
)
_BYTES = Converter(
    lambda value, name: f"LENGTHS[len({name} := {value})], {name}",
    lambda name: f"{name}, at = read_bytes(data, at)\n",
)
_LONG = Converter(
    lambda value, _name: f"NUMBERS[{value} | 0]",  # | is for integers alone
    lambda name: (
        f"""\
if ({name} := SHORT[data[at]]) is not None:
    at += 1
elif ({name} := INSTANTS[data[at : at + 6]]) is not None:
    at += 6
else:
    {name}, at = read_long(data, at)
"""
    ),
)
_BOOLEAN = Converter(
    lambda value, _name: f"FLAGS[{value}]",
    lambda name: (
        f"""\
if ({name} := BOOLEANS[data[at]]) is None:
    raise ValueError("a boolean is 0 or 1")
at += 1
"""
    ),
)
_PRIMITIVES: dict[str, tuple[type, Converter]] = {
    "string": (str, _STRING),
    "bytes": (bytes, _BYTES),
    "boolean": (bool, _BOOLEAN),
    "long": (int, _LONG),
}
