"""Converts the metadata of Kafka 4.3 for the Kafka 4.2 that Rondo runs.

On the disk, 4.3 differs only in the broker's own metadata: two record types have a new version with one more tagged
field, which earlier versions skip, and the feature level ``metadata.version`` is higher. Kafka's tools refuse that
downgrade, since the field could be in use (log directories closed to new partitions; an embedded broker has one, and it
is open). So the version numbers are lowered in place. No file changes its length, no offset moves, and the topics stay
byte for byte as they are. The metadata is copied first.

Files are replaced atomically, so each is in one of two forms, and an interrupted conversion is completed by the next.
"""

import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

from aiokafka.record.util import calc_crc32c

from local.errors import Problem
from streams.transactions.batches import CRC_AT, CRC_OF, Batch, Span, batches, spans

FROM, TO = (4, 3), (4, 2)
"""The versions that metadata is converted from and to."""
_METADATA = "__cluster_metadata-0"
_FEATURE_LEVEL = 12
_LEVEL_OF_4_2, _LEVEL_OF_4_3 = 29, 30  # of the feature metadata.version: 4.2-IV1, 4.3-IV0
_EARLIER = {0: 3, 17: 2}
"""By record type, the latest versions of a broker's registration and of its change in Kafka 4.2."""
_KNOWN = dict.fromkeys(range(29), 0) | {0: 4, 3: 2, 5: 2, 17: 3}
"""The latest version of each record type in Kafka 4.3; the same in 4.2, except for ``_EARLIER``."""


def convert(data: Path) -> bool:
    """Convert the metadata in Kafka's directory ``data`` to 4.2; return whether anything was changed.

    Raises ``Problem``, and changes nothing, if the metadata is later than 4.3's.
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
    """Copy the original metadata beside ``data``, atomically, unless that is done already."""
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
    shutil.copystat(file, part)  # Kafka takes a segment's age from the file's times
    part.replace(file)


def _converted(file: Path) -> bytes:
    """Return a file as Kafka 4.2 reads it; an incomplete end stays as it is, for the broker to handle."""
    data = bytearray(file.read_bytes())
    for batch in batches(data):
        if batch.control:
            continue
        if batch.compressed:
            raise _unknown(file, batch)
        for record in spans(data, batch):
            _lower(file, data, record, batch)
        struct.pack_into(">I", data, batch.at + CRC_AT, calc_crc32c(bytes(data[batch.at + CRC_OF : batch.end])))
    return bytes(data)


def _lower(file: Path, data: bytearray, record: Span, batch: Batch) -> None:
    """Convert one record: the frame's version (1), its type and its type's version are a byte each."""
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
    """Return the position in a record of the level of ``metadata.version``, and the level; None for other features."""
    assert record.value
    length = record.value[3] - 1
    at = 4 + length
    if record.value[4:at] != b"metadata.version":
        return None
    (level,) = struct.unpack_from(">h", record.value, at)
    return at, level


def _unknown(file: Path, batch: Batch) -> Problem:
    return Problem(
        f"The broker's metadata is of an unknown version of Kafka ({file}, offset {batch.offset}): go back to the Rondo"
        " that wrote it, or set RONDO_DATA to a new directory."
    )
