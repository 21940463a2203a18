"""What a stage does about a disk that is lost, behind, damaged, too old or another broker's."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest
import structlog

from schemas.topics import DEAD_LETTERS
from streams.runtime import Context, Stage, disk
from streams.runtime.failpoints import Point
from streams.runtime.kafka_store import KafkaStore
from streams.runtime.ownership import POSITION
from streams.runtime.rocksdb import DiskError, StateStore
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, prepared, running, until
from tests.integration.runtime.faults import passing
from tests.integration.runtime.test_blocks import numbers
from tests.integration.runtime.test_metrics import of

USERS = [f"user-{n}" for n in range(2000)]


async def counted(worker_settings: Settings, log: Log) -> str:
    """Count each user's first command, stop, and return the stage's name."""
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    await log.put(counting.commands, [command(user, 0) for user in USERS])
    async with running(counting.app):
        await log.wait_for(counting.counts, len(USERS))
    return name


async def counted_on(worker_settings: Settings, log: Log, name: str) -> set[tuple[int, ...]]:
    """Count each user's second command on the state that is there; return the users' numbers."""
    counting = Counting(worker_settings, name)
    await log.put(counting.commands, [command(user, 1) for user in USERS])
    async with running(counting.app):
        return set(map(tuple, numbers(await log.wait_for(counting.counts, 2 * len(USERS))).values()))


def state_of(settings: Settings, name: str) -> Path:
    (found,) = (settings.data / "state").glob(f"*/counting-{name}/0")
    return found


def flushed(path: Path) -> None:
    """Make RocksDB keep what it has in a sorted file."""
    state = StateStore(path)
    state._db.flush()
    state.close()


def overwritten(path: Path) -> None:
    os.truncate(path, 10)


def flipped(path: Path) -> None:
    """Change bytes in the middle of a file: found only when they are read."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 4
    content[middle : middle + 2000] = bytes(byte ^ 0xFF for byte in content[middle : middle + 2000])
    path.write_bytes(content)


DAMAGES = [
    ("MANIFEST-*", Path.unlink),
    ("MANIFEST-*", flipped),
    ("CURRENT", overwritten),
    ("*.sst", Path.unlink),
    ("*.sst", overwritten),
    ("*.sst", flipped),
]


@pytest.mark.parametrize(("files", "damage"), DAMAGES, ids=[f"{d.__name__} {f}" for f, d in DAMAGES])
async def test_a_damaged_state_is_moved_aside_reported_and_restored(worker_settings, log: Log, files: str, damage):
    name = await counted(worker_settings, log)
    flushed(path := state_of(worker_settings, name))
    damage(next(path.glob(files)))
    with structlog.testing.capture_logs() as lines:
        assert await counted_on(worker_settings, log, name) == {(1, 2)}
    assert [line["state"] for line in lines if line["log_level"] == "error"] == [str(path) + ".damaged"]
    assert path.with_name("0.damaged").is_dir()


async def test_a_state_that_is_damaged_while_it_runs_is_moved_aside_reported_and_restored(worker_settings, log: Log):
    name = await counted(worker_settings, log)
    flushed(path := state_of(worker_settings, name))
    counting = Counting(worker_settings, name)
    with structlog.testing.capture_logs() as lines:
        async with running(counting.app):
            flipped(next(path.glob("*.sst")))
            await log.put(counting.commands, [command(user, 1) for user in USERS])
            counts = await log.wait_for(counting.counts, 2 * len(USERS))
            assert set(map(tuple, numbers(counts).values())) == {(1, 2)}
            assert await of(counting.app, "rondo_states_set_aside_total")() == 1
            assert not counting.app.crashed
    assert [line["state"] for line in lines if line["log_level"] == "error"] == [str(path) + ".damaged"]


async def test_a_state_without_its_positions_is_moved_aside_and_restored(worker_settings, log: Log):
    name = await counted(worker_settings, log)
    state = StateStore(path := state_of(worker_settings, name))
    state.write({POSITION: None}, state.changelog, state.at)
    state.close()
    assert await counted_on(worker_settings, log, name) == {(1, 2)}
    assert path.with_name("0.damaged").is_dir()


async def test_a_disk_that_is_behind_takes_only_what_it_lacks(worker_settings, log: Log):
    name = await counted(worker_settings, log)
    path = state_of(worker_settings, name)
    old = shutil.copytree(path, path.with_name("old"))
    assert await counted_on(worker_settings, log, name) == {(1, 2)}
    shutil.rmtree(path)
    old.rename(path)
    counting = Counting(worker_settings, name)
    with structlog.testing.capture_logs() as lines:
        await log.put(counting.commands, [command(user, 2) for user in USERS])
        async with running(counting.app):
            counts = await log.wait_for(counting.counts, 3 * len(USERS))
    assert set(map(tuple, numbers(counts).values())) == {(1, 2, 3)}
    restored = {line["partition"]: line["records"] for line in lines if line["event"] == "restored"}
    assert len(USERS) <= restored[0] < 2 * len(USERS)


async def test_a_state_older_than_deletions_are_kept_is_restored_whole(worker_settings, log: Log):
    name = await counted(worker_settings, log)
    path = state_of(worker_settings, name)
    state = StateStore(path)
    state.write({b"heads\0a deleted key": b"that would live again"}, state.changelog, state.at - disk.OLDEST - 1)
    state.close()
    assert await counted_on(worker_settings, log, name) == {(1, 2)}
    state = StateStore(path)
    assert state.get(b"heads\0a deleted key") is None
    state.close()


async def test_the_state_of_another_broker_is_left_alone(worker_settings, log: Log):
    name = await counted(worker_settings, log)
    path = state_of(worker_settings, name)
    (worker_settings.data / "state" / path.parent.parent.name).rename(worker_settings.data / "state" / "another")
    assert await counted_on(worker_settings, log, name) == {(1, 2)}
    assert {found.name for found in (worker_settings.data / "state").iterdir()} == {"another", path.parent.parent.name}


def test_a_state_in_use_is_not_taken_for_a_damaged_one(tmp_path: Path):
    state = StateStore(tmp_path / "0")
    with pytest.raises(Exception, match="lock"):
        disk.open(tmp_path / "0")
    state.close()
    assert [found.name for found in tmp_path.iterdir()] == ["0"]


class Unreadable(StateStore):
    """A state of which nothing can be read."""

    def get(self, key: bytes) -> NoReturn:
        raise DiskError(f"{key!r}: Too many open files")


def test_a_state_that_can_not_be_read_when_it_is_opened_is_let_go(tmp_path: Path):
    with pytest.raises(DiskError) as failed:
        Unreadable(tmp_path)
    StateStore(tmp_path).close()  # nobody has its lock, though the error is still at hand
    assert "Too many open files" in str(failed.value)


class Disk:
    """A disk that can't be read while it is ``ill``, and else not at the keys in which ``spot`` is."""

    ill = False
    spot: bytes | None = None

    async def fall_ill(self) -> None:
        self.ill = True


class Ailing(KafkaStore):
    """A store on such a disk."""

    def __init__(self, disk: Disk, stage: Stage, context: Context, partition: int) -> None:
        super().__init__(stage, context, partition)
        self.disk = disk

    async def open(self) -> dict[str, int]:
        positions = await super().open()
        self.state._db = Failing(self.disk, self.state._db)
        return positions


class Failing:
    """A database that says what RocksDB does while its process can open no file."""

    def __init__(self, disk: Disk, database: Any) -> None:
        self._disk, self._database = disk, database

    def __getattr__(self, name: str) -> Any:
        return fail if self._disk.ill and name in {"get", "iter"} else getattr(self._database, name)

    def get(self, key: bytes) -> Any:
        if not self._disk.ill and not (self._disk.spot and self._disk.spot in key):
            return self._database.get(key)
        del self  # else the error's frames keep the database, and with it its lock
        return fail()


def fail(*_: Any, **__: Any) -> NoReturn:
    raise Exception("IO error: While open a file for random read: 000012.sst: Too many open files")  # noqa: TRY002


async def on(ill: Disk, settings: Settings) -> Counting:
    counting = await prepared(Counting(settings))
    counting.stage.store = partial(Ailing, ill)
    return counting


def closed(counting: Counting) -> Callable[[], Awaitable[str]]:
    """Return a look at why a worker is not ready, as it says."""

    async def look() -> str:
        return " ".join(counting.app.closed())

    return look


async def dead_letters(counting: Counting, log: Log) -> list[str]:
    return [
        dead_letter.reason for dead_letter in await log.read(DEAD_LETTERS) if dead_letter.stage == counting.stage.name
    ]


async def test_records_wait_while_the_disk_can_not_be_read(worker_settings, log: Log):
    unhurried = worker_settings.model_copy(update={"tick": 60.0})  # no look at the timers fails before a record does
    counting = await on(ill := Disk(), unhurried)
    async with running(counting.app):
        ill.ill = True
        await log.put(counting.commands, [command("ann", n) for n in range(20)])
        await until(of(counting.app, "rondo_retries_total"), lambda retries: retries >= 3)
        await until(closed(counting), lambda found: "partition 0: DiskError" in found and "Too many open" in found)
        ill.ill = False
        counts = await log.wait_for(counting.counts, 20)
    assert numbers(counts) == {"ann": list(range(1, 21))}
    assert await dead_letters(counting, log) == []


async def test_timers_wait_while_the_disk_can_not_be_read(worker_settings, log: Log):
    counting = await on(ill := Disk(), worker_settings)
    now = [1_000]
    counting.app.now = lambda: now[0]
    await log.put(counting.commands, [command("ann", n, task="500") for n in range(20)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 20)
        with passing(counting.stage.name, Point.FETCHED, ill.fall_ill):
            now[0] = 1_500
            await until(of(counting.app, "rondo_retries_total"), lambda retries: retries >= 3)
        ill.ill = False
        counts = await log.wait_for(counting.counts, 40)
    assert sorted(count.command for count in counts[20:]) == sorted(command("ann", n).id for n in range(20))
    assert await dead_letters(counting, log) == []


async def test_an_input_that_an_error_holds_up_is_reported_though_the_other_one_works(worker_settings, log: Log):
    counting = await on(ill := Disk(), worker_settings)
    seconds, looks = of(counting.app, "rondo_partition_closed_seconds", "0"), [0.0]
    async with running(counting.app), asyncio.timeout(30):
        ill.spot = b"bob"
        await log.put(counting.followups, [command("bob", 0)])
        while looks[-1] < 2:  # each new command of ann's may be done between two errors of bob's
            await log.put(counting.commands, [command("ann", len(looks))])
            await log.wait_for(counting.counts, len(looks))
            looks.append(await seconds())
        ill.spot = None
        await log.wait_for(counting.counts, len(looks))
        await until(seconds, lambda found: found == 0)
    assert looks == sorted(looks)
