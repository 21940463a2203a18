"""Which parts may run on the room that there is: a small disk is filled and cleared beneath them."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.room import MIB
from local.disk_pressure import DiskPressure
from local.process import Command, Process
from local.stack import API, BROKER, POSTGRES, Part
from local.watch import Watch
from tests.acceptance.stack import until
from tests.small_disk import SmallDisk, small_disk
from tests.unit.test_local_watch import Parts

ENOUGH = 8 * MIB
PARTS = (BROKER, POSTGRES, API, "tasks", "views")


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(16 * MIB) as disk:
        for name in ("kafka", "postgres", "state"):
            (disk.path / name).mkdir()
        yield disk


class Told:
    """A room on such a disk, and what it says."""

    def __init__(self, disk: SmallDisk) -> None:
        self.lines: list[str] = []
        self.room = DiskPressure(disk.path, ENOUGH, PARTS, self.lines.append)

    def short(self) -> set[str]:
        """Return the parts that may not be started now."""
        self.room.look()
        return {part for part in PARTS if self.room.is_short(part)}


def test_whatever_keeps_data_there_is_not_started_below_half_of_what_is_wanted(disk: SmallDisk):
    told = Told(disk)
    disk.fill(leaving=ENOUGH // 2)
    assert told.short() == set()
    disk.fill(leaving=ENOUGH // 2 - MIB)
    assert told.short() == {BROKER, POSTGRES, "tasks", "views"}


def test_it_goes_on_from_three_quarters_on(disk: SmallDisk):
    told = Told(disk)
    for leaving, short in ((3, True), (5, True), (6, False), (5, False)):
        disk.clear()
        disk.fill(leaving=leaving * MIB)
        assert bool(told.short()) is short


def test_a_disk_that_is_short_is_reported_once_and_its_recovery_once(disk: SmallDisk):
    told = Told(disk)
    disk.fill()
    for _ in range(5):
        told.short()
    disk.clear()
    for _ in range(5):
        told.short()
    first, second = told.lines
    assert first.startswith(f"The disk of {disk.path} has 0 MiB free, and 4 are needed: parts that keep data there are")
    assert second == f"The disk of {disk.path} has room again: the parts that waited for it continue."


def test_the_broker_is_stopped_at_once_stages_after_a_minute_and_postgres_never(disk: SmallDisk):
    told = Told(disk)
    disk.fill()
    told.short()
    since = told.room._disks[disk.path.stat().st_dev].short_since
    assert since is not None
    assert told.room.to_stop(PARTS, since) == [BROKER]
    assert told.room.to_stop(PARTS, since + 60) == [BROKER, "tasks", "views"]


def test_only_what_needs_a_disk_waits_for_it(disk: SmallDisk, tmp_path: Path):
    (tmp_path / "kafka").mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "postgres").symlink_to(disk.path)
    lines: list[str] = []
    room = DiskPressure(tmp_path, ENOUGH, PARTS, lines.append)
    disk.fill()
    room.look()
    assert {part for part in PARTS if room.is_short(part)} == {POSTGRES, "views"}
    assert lines[0].startswith(f"The disk of {tmp_path / 'postgres'} has ")


def test_a_disk_that_takes_nothing_though_it_seems_to_have_room_is_waited_for(disk: SmallDisk):
    told = Told(disk)
    assert told.room.takes(BROKER)
    remount(disk, "ro")
    assert not told.room.takes(BROKER)
    assert told.short() == {BROKER, POSTGRES, "tasks", "views"}
    assert "no room (Read-only file system)" in told.lines[0]
    assert told.room.takes(API)
    remount(disk, "rw")


def remount(disk: SmallDisk, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk.path)], check=True)


class Watched:
    """A broker and a stage, of which processes stand in, watched on a small disk."""

    def __init__(self, disk: SmallDisk, logs: Path) -> None:
        self.lines: list[str] = []
        self.begun: list[str] = []
        self._stopping = threading.Event()
        self._logs = logs
        self.parts = Parts(*(Part(name, self.sleeping(name), self._again(name)) for name in (BROKER, "tasks")))
        room = DiskPressure(disk.path, ENOUGH, self.parts.parts, self.lines.append)
        watch = Watch(self.parts, self.lines.append, verbose=False, room=room)  # type: ignore[arg-type]
        self._watching = threading.Thread(target=watch.until, args=(self._stopping,))

    def sleeping(self, name: str) -> Process:
        return Process(Command(name, [sys.executable, "-c", "import time; time.sleep(600)"], self._logs / name))

    def _again(self, name: str) -> Callable[[], Process]:
        def begin() -> Process:
            self.begun.append(name)
            return self.sleeping(name)

        return begin

    def ended(self, name: str) -> bool:
        return self.parts.parts[name].process.ended is not None

    def __enter__(self) -> "Watched":
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._watching.join()
        for part in self.parts.parts.values():
            part.process.stop()


def test_a_broker_is_stopped_on_a_disk_that_falls_short_and_started_once_there_is_room(disk: SmallDisk, tmp_path: Path):
    with Watched(disk, tmp_path) as watched:
        disk.fill(leaving=ENOUGH // 4)
        until(lambda: watched.ended(BROKER), 10, "The broker was not stopped.")
        assert watched.begun == []
        disk.clear()
        until(lambda: watched.begun == [BROKER], 10, "The broker was not started.")
        assert not watched.ended("tasks")
        until(lambda: watched.lines[-1] == "broker is ready again.", 10, "It was not told.")
    assert [line.partition(" has ")[2].partition(":")[0] for line in watched.lines[:2]] == [
        "2 MiB free, and 4 are needed",
        "room again",
    ]


def test_what_ends_on_a_full_disk_waits_whatever_it_ended_by_and_says_so_once(disk: SmallDisk, tmp_path: Path):
    with Watched(disk, tmp_path) as watched:
        disk.fill()
        for name in ("tasks", BROKER):
            os.kill(watched.parts.parts[name].process.pid, signal.SIGKILL)
        until(lambda: any("waits for room" in line for line in watched.lines), 10, "It was not told that one waits.")
        disk.clear()
        until(lambda: sorted(watched.begun) == [BROKER, "tasks"], 10, "They were not started.")
        assert watched.begun == [BROKER, "tasks"]  # a stage needs the broker
    assert len([line for line in watched.lines if line.startswith("tasks") and "waits" in line]) == 1
