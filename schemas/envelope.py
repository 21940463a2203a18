"""Envelopes: a record's key, time and CloudEvents headers; and the batches in which they are sent.

CloudEvents 1.0.2, Kafka protocol binding 3.2 (binary mode): ``ce_id`` is the record's id, ``ce_type`` its type,
``ce_source`` a ``Source``. ``rondo_source`` is the position of the input record that caused it, if any.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cache

from aiokafka.producer.message_accumulator import BatchBuilder
from msgspec import Struct

from schemas.names import event_type


class Envelope(Struct, frozen=True):
    """One encoded record to produce; a tombstone has no value. ``at`` is in milliseconds since 1970."""

    key: bytes | None
    value: bytes | None
    at: int
    headers: list[tuple[str, bytes]] = []


class Source(StrEnum):
    """The part of Rondo that wrote a record: its CloudEvents source."""

    API = "/v1/commands"
    BLOCK = "/rondo"
    """A block of a stage: what its inputs and its timers led to."""
    EFFECT = "/rondo/effects"
    """A stage, outside of its blocks: the outcome of an effect, such as a delivery."""
    RESENT = "/rondo/dead-letters"
    """An operator, who sends dead letters again."""


def seal(record: Struct, value: bytes, source: Source, led_by: str | None = None) -> Envelope:
    """Return the envelope of a record whose encoding is ``value``: key and time are its ``user`` and ``at``.

    ``led_by`` is the position of the input record that caused it.
    """
    identity = getattr(record, "id", None) or record.command  # type: ignore[attr-defined]  # an outcome has no id
    headers = [*_constant(type(record), source), ("ce_id", identity.encode())]
    if led_by is not None:
        headers.append(("rondo_source", led_by.encode()))
    return Envelope(record.user.encode(), value, record.at, headers)  # type: ignore[attr-defined]  # each has both


def batches(
    create: Callable[[], BatchBuilder], envelopes: Iterable[Envelope], stamp: Callable[[int], int] | None = None
) -> Iterator[BatchBuilder]:
    """Yield the batches to send, in order, each filled with as many records as it holds.

    A batch is filled when the iterator reaches it; with ``stamp`` its records get their times only then.
    """
    batch = None
    for one in envelopes:
        batch = batch or create()
        if not _append(batch, one, stamp):
            yield batch
            batch = create()
            _append(batch, one, stamp)  # an empty batch takes any record
    if batch:
        yield batch


def _append(batch: BatchBuilder, one: Envelope, stamp: Callable[[int], int] | None) -> bool:
    at = stamp(one.at) if stamp else one.at
    return batch.append(timestamp=at, key=one.key, value=one.value, headers=one.headers) is not None


@cache
def _constant(record: type[Struct], source: Source) -> tuple[tuple[str, bytes], ...]:
    """Return the headers that all records of a type from a source share."""
    kind = event_type(record).encode()
    return (("ce_specversion", b"1.0"), ("ce_source", source.encode()), ("ce_type", kind))
