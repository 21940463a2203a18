"""Decides which parts may run, given the free space of their disks.

A broker that runs out of disk space crashes, and one that is started on a full disk may lose data: its recovery
truncates what it can't read to the end. So the broker is shut down in order while there is still space for that, and
nothing is started until there is some again. Without the broker, other parts fill the disk only by their logs. Postgres
is never stopped: it survives a full disk, and reads go on.
"""

import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from common import room
from local.stack import API, BROKER, POSTGRES, REGISTRY

_TRIAL = 16 * room.MIB  # at most, written and removed before a start: only this detects a quota
_AGAIN = 5.0  # seconds between two trials
_STAGES = 60.0  # seconds that a stage waits for the broker before it is stopped, as its log grows


class Disk:
    """The disk of ``place``, and whether it is short of space.

    It is short below half of ``enough`` bytes, until three quarters are free: starting parts takes some.
    """

    def __init__(self, place: Path, enough: int) -> None:
        self.place = place
        self.short_since: float | None = None
        self.lack = ""
        self._enough = enough
        self._next_trial = 0.0

    @property
    def is_short(self) -> bool:
        """Whether nothing may be started there."""
        return self.short_since is not None

    def look(self) -> None:
        """Check the free space; where that fails, leave the error to the parts that write there."""
        try:
            found = room.of(self.place)
        except OSError:
            return
        if found.is_below(self._enough // 2):
            self._fall_short(found.describe(self._enough // 2))
        elif self.is_short and not found.is_below(self._enough * 3 // 4) and time.monotonic() >= self._next_trial:
            self.short_since = None
            self.takes()

    def takes(self) -> bool:
        """Try to write there, whatever seems to be free; if that fails, the disk is short."""
        self._next_trial = time.monotonic() + _AGAIN
        try:
            _put(self.place, min(_TRIAL, self._enough // 4))
        except OSError as error:
            self._fall_short(f"no room ({error.strerror})")
        return not self.is_short

    def _fall_short(self, lack: str) -> None:
        self.lack = lack
        self.short_since = self.short_since or time.monotonic()


def _put(place: Path, size: int) -> None:
    with tempfile.TemporaryFile(dir=place, buffering=0) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:  # macOS
            file.write(bytes(size))


@dataclass(frozen=True)
class Need:
    """The disks that a part writes to, and the seconds after which it is stopped if one stays short."""

    disks: tuple[Disk, ...]
    patience: float

    @property
    def is_short(self) -> bool:
        """Whether one of them is short of space."""
        return any(disk.is_short for disk in self.disks)

    def is_over(self, now: float) -> bool:
        """Return whether the part's patience is over at ``now``, monotonic and in seconds."""
        return any(disk.short_since is not None and now - disk.short_since >= self.patience for disk in self.disks)


class DiskPressure:
    """The disk space that the running ``parts`` need in the data directory ``data``, where they keep data there.

    ``say`` is called when a disk becomes short of space, and when it has space again.
    """

    def __init__(self, data: Path, enough: int, parts: Collection[str], say: Callable[[str], None]) -> None:
        self._data = data
        self._enough = enough
        self._say = say
        self._disks: dict[int, Disk] = {}
        self._needs = {name: self._need(name, parts) for name in parts if name not in {API, REGISTRY}}

    def _need(self, name: str, parts: Collection[str]) -> Need:
        views = ("postgres", "postgres/pg_wal") if POSTGRES in parts else ()
        log = ("kafka", "kafka/data") if BROKER in parts else ()
        if name == POSTGRES:
            return Need(self._of(*views), patience=float("inf"))
        if name == BROKER:
            return Need(self._of(*log), patience=0)
        return Need(self._of("state", *log, *(views if name == "views" else ())), patience=_STAGES)

    def _of(self, *names: str) -> tuple[Disk, ...]:
        """Return the disks of these entries of the data directory, each once."""
        found = {}
        for place in (place for name in names if (place := self._data / name).exists()):
            device = place.stat().st_dev
            named = self._data if self._data.stat().st_dev == device else place
            found[device] = self._disks.setdefault(device, Disk(named, self._enough))
        return tuple(found.values())

    def look(self) -> None:
        """Check each disk, and report changes."""
        for disk in self._disks.values():
            before = disk.is_short
            disk.look()
            if disk.is_short != before:
                self._say(self._describe(disk))

    def is_short(self, part: str) -> bool:
        """Return whether a part must not be started now."""
        return part in self._needs and self._needs[part].is_short

    def takes(self, part: str) -> bool:
        """Try to write to the disks of a part; report those where that fails."""
        need = self._needs.get(part)
        for disk in need.disks if need else ():
            if not disk.is_short and not disk.takes():
                self._say(self._describe(disk))
        return need is None or not need.is_short

    def to_stop(self, running: Iterable[str], now: float) -> list[str]:
        """Return which of these parts must be stopped."""
        return [name for name in running if name in self._needs and self._needs[name].is_over(now)]

    def _describe(self, disk: Disk) -> str:
        if not disk.is_short:
            return f"The disk of {disk.place} has room again: the parts that waited for it continue."
        return (
            f"The disk of {disk.place} has {disk.lack}: parts that keep data there are stopped or wait, and continue"
            f" once {self._enough * 3 // 4 // room.MIB} MiB are free. Commands are refused meanwhile; accepted ones are"
            " not lost. Free some space."
        )


def nothing() -> DiskPressure:
    """Return a ``DiskPressure`` for parts that need no space."""
    return DiskPressure(Path(), room.ENOUGH, (), lambda _: None)
