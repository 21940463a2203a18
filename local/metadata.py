"""Makes what Kafka 4.3 wrote readable for the Kafka 4.2 that Rondo runs.

All that differs on the disk is in the broker's own metadata: two types of record have a version more, whose one new
field is tagged, so that an earlier version passes over it, and the feature level ``metadata.version`` says so. Kafka's
tools refuse that way back, since the field could be in use (log directories closed to new partitions; an embedded
broker has one, and it is open). So the numbers are set back in place. No file changes its length, no offset moves, and
every byte of the topics stays as it is. A copy of the metadata is made first.

Each file is replaced as a whole, so a broker finds each in one of two forms, and what was cut off is gone on with.
"""

import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

from aiokafka.record.util import calc_crc32c

from local.problem import Problem
from streams.transactions.batches import CRC_AT, CRC_OF, Batch, Span, batches, spans

FROM, TO = (4, 3), (4, 2)
"""Whose metadata is converted, and for whom."""
_METADATA = "__cluster_metadata-0"
_FEATURE_LEVEL = 12
_LEVEL_OF_4_2, _LEVEL_OF_4_3 = 29, 30  # of the feature metadata.version: 4.2-IV1, 4.3-IV0
_EARLIER = {0: 3, 17: 2}
"""The latest version of a broker's registration, and of its change, by type, that Kafka 4.2 knows."""
_KNOWN = dict.fromkeys(range(29), 0) | {0: 4, 3: 2, 5: 2, 17: 3}
"""The latest version of each type of record that Kafka 4.3 writes; what is not named here is the same in 4.2."""


def convert(data: Path) -> bool:
    """Set the metadata in Kafka's directory ``data`` back to 4.2; return whether there was anything to do.

    Raises ``Problem``, and changes nothing, where the metadata is later than 4.3's.
    """
    files = [file for file in _files(data) if file.read_bytes() != _converted(file)]
    if files:
        _keep(data)
    for file in files:
        _replace(file, _converted(file), data.with_name("converted.part"))
    return bool(files)


def _files(data: Path) -> Iterator[Path]:
    yield from data.glob("bootstrap.checkpoint")
    yield from sorted((data / _METADATA).glob("*.checkpoint"))
    yield from sorted((data / _METADATA).glob("*.log"))


def _keep(data: Path) -> None:
    """Copy the metadata as it is beside ``data``, whole or not at all, where that was not done yet."""
    kept = data.with_name("metadata-of-4.3")
    if kept.exists():
        return
    part = data.with_name(f"{kept.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(data / _METADATA, part / _METADATA)
    for file in data.glob("bootstrap.checkpoint"):
        shutil.copy2(file, part)
    os.sync()
    part.rename(kept)


def _replace(file: Path, content: bytes, part: Path) -> None:
    with part.open("wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
    shutil.copystat(file, part)  # by its times Kafka tells how old a segment is
    part.replace(file)


def _converted(file: Path) -> bytes:
    """Return a file as Kafka 4.2 reads it; what is torn at its end is the broker's to judge and stays as it is."""
    data = bytearray(file.read_bytes())
    for batch in batches(data):
        if batch.control:
            continue
        if batch.compressed:
            raise _unknown(file, batch)
        for record in spans(data, batch):
            _set_back(file, data, record, batch)
        struct.pack_into(">I", data, batch.at + CRC_AT, calc_crc32c(bytes(data[batch.at + CRC_OF : batch.end])))
    return bytes(data)


def _set_back(file: Path, data: bytearray, record: Span, batch: Batch) -> None:
    """Set back one record: the version of the frame (1), its type and its type's version are a byte each."""
    frame, kind, version = (record.value or b"\0\0\0")[:3]
    if frame != 1 or version > _KNOWN.get(kind, -1):
        raise _unknown(file, batch)
    if version > (earlier := _EARLIER.get(kind, version)):
        data[record.at + 2] = earlier
    if kind == _FEATURE_LEVEL and (level := _level(record)):
        at, value = level
        if value > _LEVEL_OF_4_3:
            raise _unknown(file, batch)
        struct.pack_into(">h", data, record.at + at, min(value, _LEVEL_OF_4_2))


def _level(record: Span) -> tuple[int, int] | None:
    """Return where in a record the level of ``metadata.version`` is, and which; None for another feature's."""
    assert record.value
    length = record.value[3] - 1
    at = 4 + length
    if record.value[4:at] != b"metadata.version":
        return None
    (level,) = struct.unpack_from(">h", record.value, at)
    return at, level


def _unknown(file: Path, batch: Batch) -> Problem:
    return Problem(
        f"The broker's metadata is of a Kafka that this Rondo does not know ({file}, offset {batch.offset}): go back to"
        " the Rondo that wrote it, or set RONDO_DATA to a new directory."
    )
