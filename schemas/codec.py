"""Records to bytes and back in Confluent's wire format: a zero byte, the schema's id (4 bytes, big-endian), Avro.

Subjects follow TopicRecordNameStrategy, so that a topic can carry several record types. Messages written under another
version of a schema are resolved to the current one (Avro specification, "Schema Resolution").
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from io import BytesIO
from typing import NoReturn, Protocol

from fastavro import schemaless_reader, schemaless_writer
from fastavro.schema import SchemaParseException, UnknownType
from msgspec import Struct

from schemas import contract
from schemas.binary import Binary, compiled
from schemas.contract import Schema
from schemas.registry.client import Registry, RegistryUnavailable, UnknownSchema
from schemas.topics import Topic

_PREFIX = 5  # bytes before Avro's: the zero byte and the schema's id

Writer = Callable[[Struct], bytes]
"""Returns the message of a record."""
Reader = Callable[[bytes], Struct]
"""Returns the record of a message written under one schema. Raises Undecodable."""


class Undecodable(ValueError):
    """The bytes can't be decoded; the message says why."""


class Unlearned(LookupError):
    """The message's schema is unknown so far: ``await learn([error.message])``, then decode again."""

    def __init__(self, message: bytes) -> None:
        super().__init__(f"Schema {int.from_bytes(message[1:_PREFIX])} was not learned: await learn() first.")
        self.message = message


class Serde(Protocol):
    """Encodes and decodes a stage's records: ``Codec``, or another implementation for another format."""

    async def publish(self, topics: Iterable[Topic]) -> None:
        """Register the record types of these topics, before anything is encoded."""

    async def learn(self, values: Iterable[bytes | None], *, refresh: bool = False) -> None:
        """Fetch what decoding these messages needs; ``refresh`` also asks again for what was missing before."""

    def encode(self, topic: str, record: Struct) -> bytes:
        """Return the message of a record for a topic."""

    def decode(self, data: bytes | None) -> Struct:
        """Return the record of a message. Raises ``Undecodable``, or ``Unlearned`` if ``learn`` must come first."""

    def kind(self, data: bytes | None) -> type[Struct] | None:
        """Return the type of a message's record without decoding it, None if unknown."""


class Codec:
    """Encodes and decodes the records of Rondo's topics: ``publish`` before ``encode``, ``learn`` before ``decode``."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._writers: dict[str, dict[type[Struct], Writer]] = {}
        self._readers: dict[bytes, Reader] = {}
        self._kinds: dict[bytes, type[Struct]] = {}
        self._published: tuple[int, type[Struct]] | None = None

    async def publish(self, topics: Iterable[Topic]) -> None:
        """Register the schemas of every record of these topics and keep their ids. Idempotent.

        Raises RegistryUnavailable, or Incompatible if the registry refuses a schema.
        """
        for topic in topics:
            writers = self._writers.setdefault(topic.name, {})
            for record in topic.records:
                number = await self._registry.register(subject(topic.name, record), contract.schema(record))
                prefix = _prefix(number)
                writers[record] = partial(binary(record).write, prefix)
                self._readers[prefix] = current_reader(record)
                self._kinds[prefix] = record
                self._published = number, record

    def encode(self, topic: str, record: Struct) -> bytes:
        """Return the message of a record for a topic.

        Raises LookupError if the topic was not published with the record's type; ValueError, TypeError or
        AttributeError if the value of a field is not of its type.
        """
        try:
            write = self._writers[topic][type(record)]
        except KeyError:
            kind = type(record).__name__
            raise LookupError(f"{kind} was not published on {topic}: publish() it first.") from None
        return write(record)

    async def learn(self, values: Iterable[bytes | None], *, refresh: bool = False) -> None:
        """Fetch the writer schemas that these messages need and that are not known yet.

        ``refresh`` also fetches those that the registry did not have, or that were invalid, when last asked.
        Raises RegistryUnavailable, so that a registry that is down never makes a valid record look undecodable.
        """
        known = self._kinds.keys() if refresh else self._readers.keys()
        for prefix in {value[:_PREFIX] for value in values if value} - known:
            if len(prefix) == _PREFIX and prefix[0] == 0:
                await self._learn(prefix)

    def decode(self, data: bytes | None) -> Struct:
        """Return the record of a message, resolved to its current schema.

        Raises Undecodable for bytes that are no record of Rondo's, Unlearned if ``learn`` never saw the schema.
        """
        reader = self._readers.get(data[:_PREFIX]) if data else None
        return reader(data) if reader and data else _refuse(data)

    def kind(self, data: bytes | None) -> type[Struct] | None:
        """Return the type of a message's record by its schema id, None if that is unknown.

        The body is not looked at: ``decode`` may still refuse it.
        """
        return self._kinds.get(data[:_PREFIX]) if data else None

    async def _learn(self, prefix: bytes) -> None:
        try:
            writer = await self._registry.schema(int.from_bytes(prefix[1:]))
            self._readers[prefix], self._kinds[prefix] = reader(writer), kind(writer)
        except (UnknownSchema, Undecodable) as error:
            await self._check_registry()
            self._readers[prefix] = _refusing(str(error))

    async def _check_registry(self) -> None:
        """Raise RegistryUnavailable if the registry has lost the published schemas: then no message is at fault."""
        if self._published is None:
            return
        number, record = self._published
        with suppress(UnknownSchema, Undecodable):
            if kind(await self._registry.schema(number)) is record:
                return
        raise RegistryUnavailable(
            f"The schema registry at {self._registry.url} does not have the schemas that were registered with it: it "
            "was emptied, or replaced by another. Restore it, or set RONDO_REGISTRY."
        )


def subject(topic: str, record: type[Struct]) -> str:
    """Return the registry's subject of a record type on a topic (TopicRecordNameStrategy)."""
    return f"{topic}-rondo.{record.__name__}"


@cache
def binary(record: type[Struct]) -> Binary:
    """Return the functions that write and read a record type under its current schema."""
    return compiled(contract.plain(contract.schema(record)), record)


def kind(writer: Schema) -> type[Struct]:
    """Return the record type of messages under this schema. Raises Undecodable if Rondo has none."""
    written = _plain(writer)
    name = written.get("name") if isinstance(written, dict) else written
    if not isinstance(name, str) or name not in contract.RECORDS:
        raise Undecodable(f"{name} is not a record that Rondo knows")
    return contract.RECORDS[name]


def reader(writer: Schema) -> Reader:
    """Return the reader of messages written under this schema. Raises Undecodable if there can be none."""
    record = kind(writer)
    same = contract.layout(writer) == contract.layout(contract.schema(record))
    return current_reader(record) if same else _resolving_reader(_plain(writer), record)


def _plain(writer: Schema) -> Schema:
    try:
        return contract.plain(writer)
    except (SchemaParseException, UnknownType, TypeError, KeyError) as error:
        raise Undecodable(f"the schema it was written under is not valid Avro: {error}") from error


def current_reader(record: type[Struct]) -> Reader:
    """Return the reader of messages written under the record's current schema."""
    name, read = record.__name__, binary(record).read

    def decode(data: bytes) -> Struct:
        try:
            found, end = read(data, _PREFIX)
            if end == len(data):
                return found  # type: ignore[no-any-return]
        except IndexError:
            end = len(data) + 1
        except ValueError as error:
            raise Undecodable(f"the bytes are no {name}: {error}") from error
        if end > len(data):
            raise Undecodable(f"the bytes end before the {name} does")
        raise Undecodable(f"{len(data) - end} bytes follow the {name}")

    return decode


def _resolving_reader(writer: Schema, record: type[Struct]) -> Reader:
    """Return the reader of messages of another version: it re-encodes them under the current schema (100 µs each)."""
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
    def decode(data: bytes) -> NoReturn:  # noqa: ARG001 (a Reader)
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
