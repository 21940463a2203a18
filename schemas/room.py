"""The room on a disk: the bytes and files that can still be put on it, and the marks that processes go by.

Of ``enough`` bytes each mark is a part: below all of them the API refuses commands, below half nothing is started and
what makes the disk fuller is stopped, and from three quarters on it goes on. A disk may run out of files (inodes) long
before it runs out of bytes, so a file that can still be made counts as room for 256 KiB.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
ENOUGH = 500 * MIB
"""A new stack takes 60 MiB at once; Postgres's write-ahead log takes up to a GiB in time."""
_FILE = 256 * 1024
_PLACES = ("kafka", "kafka/data", "postgres", "postgres/pg_wal", "state")  # each may lie on a disk of its own


@dataclass(frozen=True)
class Room:
    """What is free for people who are not root; ``files`` is None where the file system has no limit of its own."""

    bytes: int
    files: int | None

    def is_below(self, mark: int) -> bool:
        """Return whether bytes or files are fewer than a mark in bytes asks for."""
        return self.bytes < mark or (self.files is not None and self.files < mark // _FILE)

    def told(self, mark: int) -> str:
        """Return what is free of that which is scarcer, and what a mark asks for."""
        if self.files is not None and self.files < mark // _FILE and self.bytes >= mark:
            return f"room for {self.files} files, and {mark // _FILE} are needed"
        return f"{self.bytes // MIB} MiB free, and {mark // MIB} are needed"


def of(path: Path) -> Room:
    """Return the room for what would be put at ``path``, which need not exist. Raises OSError."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    return Room(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)


def places(data: Path) -> Iterator[Path]:
    """Yield the data directory and what there is in it that may lie on a disk of its own and grows."""
    yield data
    yield from (place for name in _PLACES if (place := data / name).exists())


def lack(data: Path, mark: int) -> str:
    """Return in a sentence which of a data directory's disks has less room than a mark in bytes; "" if none has."""
    for place in places(data):
        if (room := of(place)).is_below(mark):
            return f"The disk of {place} has {room.told(mark)}."
    return ""
