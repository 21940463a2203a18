"""Free space on a disk in bytes and files, and the thresholds that processes act on.

Thresholds are fractions of ``enough`` bytes: below ``enough`` the API refuses commands; below half of it nothing is
started and what fills the disk is stopped; from three quarters on it resumes. A disk may run out of files (inodes) long
before it runs out of bytes, so each free inode counts as 256 KiB.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
ENOUGH = 500 * MIB
"""A new stack takes 60 MiB at once; Postgres's write-ahead log grows up to a GiB."""
_FILE = 256 * 1024
_PLACES = ("kafka", "kafka/data", "postgres", "postgres/pg_wal", "state")  # each may be on a disk of its own


@dataclass(frozen=True)
class Room:
    """Free space for users other than root; ``files`` is None if the file system has no limit on files."""

    bytes: int
    files: int | None

    def is_below(self, mark: int) -> bool:
        """Return whether there are fewer bytes or files than a threshold in bytes requires."""
        return self.bytes < mark or (self.files is not None and self.files < mark // _FILE)

    def describe(self, mark: int) -> str:
        """Return what is free of the scarcer of bytes and files, and what a threshold requires."""
        if self.files is not None and self.files < mark // _FILE and self.bytes >= mark:
            return f"room for {self.files} files, and {mark // _FILE} are needed"
        return f"{self.bytes // MIB} MiB free, and {mark // MIB} are needed"


def of(path: Path) -> Room:
    """Return the free space for a file at ``path``, which need not exist. Raises OSError."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    return Room(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)


def places(data: Path) -> Iterator[Path]:
    """Yield the data directory and those of its growing subdirectories that may be on a disk of their own."""
    yield data
    yield from (place for name in _PLACES if (place := data / name).exists())


def lack(data: Path, mark: int) -> str:
    """Return a sentence naming a data directory's disk with less room than a threshold in bytes; "" if none has."""
    for place in places(data):
        if (room := of(place)).is_below(mark):
            return f"The disk of {place} has {room.describe(mark)}."
    return ""
