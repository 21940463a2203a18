"""Reads Kafka's files of record batches (format 2): segments of a partition, and snapshots of the metadata."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka.record.util import calc_crc32c, decode_varint

_HEADER = struct.Struct(">qiibIhiqqqhii")
SIZE = _HEADER.size
CRC_AT, CRC_OF = 17, 21
"""Offsets in a batch: of its checksum, and of the first byte that the checksum covers."""
_COMPRESSION, _TRANSACTIONAL, _CONTROL = 0x07, 0x10, 0x20
_PREFIX = 12  # bytes of a batch that its length field does not count


@dataclass(frozen=True, slots=True)
class Batch:
    """A complete batch: its first offset, its producer, its latest time (ms), and its place in the file."""

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
        """Whether it is part of a transaction, or the marker of a transaction's end."""
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def control(self) -> bool:
        """Whether it was written by the broker, such as the marker of a transaction's end."""
        return bool(self.attributes & _CONTROL)


@dataclass(frozen=True, slots=True)
class Span:
    """A record within its file: its offset, key and value, and the place of its value; a tombstone's value is None."""

    offset: int
    key: bytes | None
    value: bytes | None
    at: int


def batches(data: bytes | bytearray) -> Iterator[Batch]:
    """Yield the batches of a file up to the first that is torn or has a wrong checksum."""
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
        _, at = decode_varint(data, at + 1)  # after the attributes: the time, relative to the batch's
        delta, at = decode_varint(data, at)
        key, _, at = _bytes(data, at)
        value, begin, at = _bytes(data, at)
        yield Span(batch.offset + delta, key, value, begin)
        at = end


def _bytes(data: bytes | bytearray, at: int) -> tuple[bytes | None, int, int]:
    """Return length-prefixed bytes, where they begin, and where they end."""
    length, at = decode_varint(data, at)
    if length < 0:
        return None, at, at
    return bytes(data[at : at + length]), at, at + length
