"""Reads Kafka's files of record batches (format 2): the segments of a partition, and the metadata's snapshots."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka.record.util import calc_crc32c, decode_varint

_HEADER = struct.Struct(">qiibIhiqqqhii")
SIZE = _HEADER.size
CRC_AT, CRC_OF = 17, 21
"""Where a batch has its checksum, and from where on that is computed."""
_COMPRESSION, _TRANSACTIONAL, _CONTROL = 0x07, 0x10, 0x20
_PREFIX = 12  # bytes before those that a batch's own length counts


@dataclass(frozen=True, slots=True)
class Batch:
    """A whole batch: its first offset, who produced it, its latest time (ms), and where in its file it is."""

    offset: int
    last: int
    attributes: int
    producer: int
    epoch: int
    count: int
    time: int
    at: int
    end: int

    @property
    def compressed(self) -> bool:
        """Whether its records are compressed."""
        return bool(self.attributes & _COMPRESSION)

    @property
    def transactional(self) -> bool:
        """Whether a transaction's end decides about it, or it is such an end itself."""
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def control(self) -> bool:
        """Whether it is the broker's own, as the marker of a transaction's end."""
        return bool(self.attributes & _CONTROL)


@dataclass(frozen=True, slots=True)
class Span:
    """A record within its file: its offset, its key, and where its value begins; its value is None for a tombstone."""

    offset: int
    key: bytes | None
    value: bytes | None
    at: int


def batches(data: bytes | bytearray) -> Iterator[Batch]:
    """Yield the batches of a file up to the first that is torn or does not have its checksum."""
    at = 0
    while at + SIZE <= len(data):
        (offset, length, _, magic, crc, attributes, delta, _, time, producer, epoch, _, count) = _HEADER.unpack_from(
            data, at
        )
        end = at + _PREFIX + length
        if magic != 2 or length < SIZE - _PREFIX or end > len(data) or calc_crc32c(data[at + CRC_OF : end]) != crc:
            return
        yield Batch(offset, offset + delta, attributes, producer, epoch, count, time, at, end)
        at = end


def spans(data: bytes | bytearray, batch: Batch) -> Iterator[Span]:
    """Yield the records of a batch that is not compressed."""
    at = batch.at + SIZE
    for _ in range(batch.count):
        length, at = decode_varint(data, at)
        end = at + length
        _, at = decode_varint(data, at + 1)  # behind the attributes: the time, from the batch's
        delta, at = decode_varint(data, at)
        key, _, at = _bytes(data, at)
        value, begin, at = _bytes(data, at)
        yield Span(batch.offset + delta, key, value, begin)
        at = end


def _bytes(data: bytes | bytearray, at: int) -> tuple[bytes | None, int, int]:
    """Return bytes with their length before them, where they begin, and what follows them."""
    length, at = decode_varint(data, at)
    if length < 0:
        return None, at, at
    return bytes(data[at : at + length]), at, at + length
