"""Records to bytes and back in Confluent's wire format: a zero byte, the schema's id (4 bytes, big-endian), Avro.

Subjects follow TopicRecordNameStrategy, so that a topic can carry several types of record. What was written under
another version of a schema is resolved to the current one as Avro's specification says ("Schema Resolution").
"""

from collections.abc import Callable, Iterable
from functools import cache
from io import BytesIO
from typing import NoReturn, Protocol

from fastavro import schemaless_reader, schemaless_writer
from fastavro.schema import SchemaParseException, UnknownType
from msgspec import Struct

from schemas import contract
from schemas.binary import Binary, compiled
from schemas.contract import Schema
from schemas.registry.client import Registry, UnknownSchema
from schemas.topics import Topic

_PREFIX = 5  # bytes before Avro's: the zero byte and the schema's id

Reader = Callable[[bytes], Struct]
"""Returns the record of a message that was written under one schema, or raises Undecodable."""


class Undecodable(ValueError):
    """The bytes can't be read: says why."""


class Unlearned(LookupError):
    """The message's schema is not known yet: ``await learn([error.message])``, then decode it again."""

    def __init__(self, message: bytes) -> None:
        super().__init__(f"Schema {int.from_bytes(message[1:_PREFIX])} was not learned: await learn() first.")
        self.message = message


class Serde(Protocol):
    """What turns a stage's records to bytes and back: ``Codec``, or for another format what keeps to the same."""

    async def publish(self, topics: Iterable[Topic]) -> None:
        """Make what these topics carry known to others, before anything is encoded."""

    async def learn(self, values: Iterable[bytes | None]) -> None:
        """Learn what decoding these messages needs."""

    def encode(self, topic: str, record: Struct) -> bytes:
        """Return the message of a record for a topic."""

    def decode(self, data: bytes | None) -> Struct:
        """Return the record of a message; raise ``Undecodable``, or ``Unlearned`` where ``learn`` has to come first."""


class Codec:
    """Encodes and decodes the records of Rondo's topics: ``publish`` before ``encode``, ``learn`` before ``decode``."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._prefixes: dict[tuple[str, type[Struct]], bytes] = {}
        self._readers: dict[bytes, Reader] = {}

    async def publish(self, topics: Iterable[Topic]) -> None:
        """Register the schemas of every record of these topics and learn their ids; again changes nothing.

        Raises RegistryUnavailable, or Incompatible where the registry refuses a schema.
        """
        for topic in topics:
            for record in topic.records:
                number = await self._registry.register(subject(topic.name, record), contract.schema(record))
                prefix = _prefix(number)
                self._prefixes[topic.name, record] = prefix
                self._readers[prefix] = current_reader(record)

    def encode(self, topic: str, record: Struct) -> bytes:
        """Return the message of a record for a topic.

        Raises LookupError where the topic was not published with it, ValueError, TypeError or AttributeError where a
        field holds what its type does not allow.
        """
        kind = type(record)
        try:
            out = bytearray(self._prefixes[topic, kind])
        except KeyError:
            raise LookupError(f"{kind.__name__} was not published on {topic}: publish() it first.") from None
        binary(kind).write(out, record)
        return bytes(out)

    async def learn(self, values: Iterable[bytes | None]) -> None:
        """Fetch the writer schemas that these messages need and that are not known yet.

        Raises RegistryUnavailable, so that a registry that is down never makes a good record look undecodable.
        """
        for prefix in {value[:_PREFIX] for value in values if value} - self._readers.keys():
            if len(prefix) == _PREFIX and prefix[0] == 0:
                self._readers[prefix] = await self._reader(int.from_bytes(prefix[1:]))

    def decode(self, data: bytes | None) -> Struct:
        """Return the record of a message, as its current schema has it.

        Raises Undecodable for bytes that are no record of Rondo's, Unlearned where ``learn`` never saw the schema.
        """
        reader = self._readers.get(data[:_PREFIX]) if data else None
        return reader(data) if reader and data else _refuse(data)

    async def _reader(self, number: int) -> Reader:
        try:
            return reader(await self._registry.schema(number))
        except (UnknownSchema, Undecodable) as error:
            return _refusing(str(error))


def subject(topic: str, record: type[Struct]) -> str:
    """Return the registry's subject of a type of record on a topic (TopicRecordNameStrategy)."""
    return f"{topic}-rondo.{record.__name__}"


@cache
def binary(record: type[Struct]) -> Binary:
    """Return how a type of record is written and read under its current schema."""
    return compiled(contract.plain(contract.schema(record)), record)


def reader(writer: Schema) -> Reader:
    """Return what reads messages that were written under this schema; raises Undecodable where nothing can."""
    try:
        written = contract.plain(writer)
    except (SchemaParseException, UnknownType, TypeError, KeyError) as error:
        raise Undecodable(f"the schema it was written under is not valid Avro: {error}") from error
    name = written.get("name") if isinstance(written, dict) else written
    if not isinstance(name, str) or name not in contract.RECORDS:
        raise Undecodable(f"{name} is not a record that Rondo knows")
    record = contract.RECORDS[name]
    same = contract.layout(writer) == contract.layout(contract.schema(record))
    return current_reader(record) if same else _resolving_reader(written, record)


def current_reader(record: type[Struct]) -> Reader:
    """Return what reads messages that were written under the record's current schema."""
    name, read = record.__name__, binary(record).read

    def decode(data: bytes) -> Struct:
        try:
            found, end = read(data, _PREFIX)
        except IndexError:
            end = len(data) + 1
        except ValueError as error:
            raise Undecodable(f"the bytes are no {name}: {error}") from error
        if end > len(data):
            raise Undecodable(f"the bytes end before the {name} does")
        if end < len(data):
            raise Undecodable(f"{len(data) - end} bytes follow the {name}")
        return found  # type: ignore[no-any-return]

    return decode


def _resolving_reader(writer: Schema, record: type[Struct]) -> Reader:
    """Return what reads messages of another version: it writes them anew under the current schema (100 µs each)."""
    target, decode_current = contract.plain(contract.schema(record)), current_reader(record)

    def decode(data: bytes) -> Struct:
        body, out = BytesIO(data), BytesIO()
        body.seek(_PREFIX)
        out.write(data[:_PREFIX])
        try:
            schemaless_writer(out, target, schemaless_reader(body, writer, target))
        except Exception as error:  # fastavro raises nearly anything for bytes that don't fit
            reason = str(error) or type(error).__name__
            raise Undecodable(f"the bytes are no {record.__name__} of another version: {reason}") from error
        return decode_current(out.getvalue() + body.read())

    return decode


def _refusing(reason: str) -> Reader:
    def decode(data: bytes) -> NoReturn:  # noqa: ARG001 (it refuses whatever comes)
        raise Undecodable(reason)

    return decode


def _refuse(data: bytes | None) -> NoReturn:
    if not data:
        raise Undecodable("there are no bytes")
    if len(data) < _PREFIX:
        raise Undecodable(f"{len(data)} bytes are too few: Confluent's wire format begins with {_PREFIX}")
    if data[0] != 0:
        raise Undecodable(f"the first byte is {data[0]}, not 0, as in Confluent's wire format")
    raise Unlearned(data)


def _prefix(number: int) -> bytes:
    return b"\0" + number.to_bytes(_PREFIX - 1)
