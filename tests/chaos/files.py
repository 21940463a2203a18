"""Writes files as a broker does, by hand: segments with what a test plants in them."""

import struct
from collections.abc import Sequence
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.protocol.types import CompactArray, CompactString, Int8, Int16, Int32, Int64, String, TaggedFields
from aiokafka.record.util import calc_crc32c, encode_varint

from streams.transactions.history import State

_TRANSACTIONAL, _CONTROL = 0x10, 0x20


def varint(value: int) -> bytes:
    out = bytearray()
    encode_varint(value, out.append)
    return bytes(out)


def batch(
    offset: int,
    records: Sequence[tuple[bytes | None, bytes | None]],
    *,
    at: int = 0,
    producer: int = -1,
    epoch: int = -1,
    attributes: int = 0,
) -> bytes:
    """A batch whose checksum is right."""
    body = b"".join(_record(delta, key, value) for delta, (key, value) in enumerate(records))
    count = len(records)
    checked = struct.pack(">hiqqqhii", attributes, count - 1, at, at, producer, epoch, -1, count) + body
    return struct.pack(">qiibI", offset, len(checked) + 9, 0, 2, calc_crc32c(checked)) + checked


def _record(delta: int, key: bytes | None, value: bytes | None) -> bytes:
    parts = (b"\0", varint(0), varint(delta), _sized(key), _sized(value), varint(0))
    content = b"".join(parts)
    return varint(len(content)) + content


def _sized(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


class Disk:
    """A broker's data directory, with the records of producers and the ends of their transactions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offsets: dict[TopicPartition, int] = {}
        self.at = 1_000
        """The broker's clock (ms): each entry and each marker takes one of it."""

    def records(self, tp: TopicPartition, producer: int, epoch: int, count: int = 1) -> None:
        """Append records of a transaction."""
        self._append(tp, [(b"k", b"v")] * count, producer, epoch, _TRANSACTIONAL)

    def marker(self, tp: TopicPartition, producer: int, epoch: int, *, commit: bool) -> None:
        """Append what ends a transaction in a partition."""
        content = (struct.pack(">hh", 0, int(commit)), struct.pack(">hi", 0, 0))
        self._append(tp, [content], producer, epoch, _TRANSACTIONAL | _CONTROL)

    def entry(self, identity: str, producer: int, epoch: int, state: State, *partitions: TopicPartition) -> None:
        """Append the state of a transactional id to the coordinators' log."""
        key = Int16.encode(0) + String("utf-8").encode(identity)
        topics = CompactArray(
            ("topic", CompactString("utf-8")), ("partitions", CompactArray(Int32)), ("tags", TaggedFields)
        )
        value = b"".join(
            (
                Int16.encode(1),
                Int64.encode(producer),
                Int16.encode(epoch),
                Int32.encode(10_000),
                Int8.encode(state),
                topics.encode([(tp.topic, [tp.partition], {}) for tp in partitions]),
                Int64.encode(self.at),
                Int64.encode(self.at),
                TaggedFields.encode({}),
            )
        )
        self._append(TopicPartition("__transaction_state", 0), [(key, value)])

    def _append(self, tp: TopicPartition, records, producer: int = -1, epoch: int = -1, attributes: int = 0) -> None:
        offset = self._offsets.get(tp, 0)
        home = self.path / f"{tp.topic}-{tp.partition}"
        home.mkdir(parents=True, exist_ok=True)
        with (home / "00000000000000000000.log").open("ab") as file:
            file.write(batch(offset, records, at=self.at, producer=producer, epoch=epoch, attributes=attributes))
        self._offsets[tp] = offset + len(records)
        self.at += 1
