"""What a stage does about a disk that is lost, behind, damaged, too old or another broker's."""

import os
import shutil
from pathlib import Path
from uuid import uuid4

import pytest
import structlog

from streams.runtime import disk
from streams.runtime.state import State
from streams.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, prepared, running
from tests.integration.runtime.test_blocks import numbers

USERS = [f"user-{n}" for n in range(2000)]


async def counted(worker_settings: Settings, log: Log) -> str:
    """Count each user's first command, stop, and return the stage's name."""
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    await log.put(counting.commands, [command(user, 0) for user in USERS])
    async with running(counting.stage):
        await log.wait_for(counting.counts, len(USERS))
    return name


async def counted_on(worker_settings: Settings, log: Log, name: str) -> set[tuple[int, ...]]:
    """Count each user's second command on the state that is there; return the users' numbers."""
    counting = Counting(worker_settings, name)
    await log.put(counting.commands, [command(user, 1) for user in USERS])
    async with running(counting.stage):
        return set(map(tuple, numbers(await log.wait_for(counting.counts, 2 * len(USERS))).values()))


def state_of(settings: Settings, name: str) -> Path:
    (found,) = (settings.data / "state").glob(f"*/counting-{name}/0")
    return found


def flushed(path: Path) -> None:
    """Make RocksDB keep what it has in a sorted file."""
    state = State(path)
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
async def test_a_damaged_state_is_set_aside_reported_and_restored(worker_settings, log: Log, files: str, damage):
    name = await counted(worker_settings, log)
    flushed(path := state_of(worker_settings, name))
    damage(next(path.glob(files)))
    with structlog.testing.capture_logs() as lines:
        assert await counted_on(worker_settings, log, name) == {(1, 2)}
    assert [line["state"] for line in lines if line["log_level"] == "error"] == [str(path) + ".damaged"]
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
        async with running(counting.stage):
            counts = await log.wait_for(counting.counts, 3 * len(USERS))
    assert set(map(tuple, numbers(counts).values())) == {(1, 2, 3)}
    restored = {line["partition"]: line["records"] for line in lines if line["event"] == "restored"}
    assert len(USERS) <= restored[0] < 2 * len(USERS)


async def test_a_state_older_than_deletions_are_kept_is_restored_whole(worker_settings, log: Log):
    name = await counted(worker_settings, log)
    path = state_of(worker_settings, name)
    state = State(path)
    state.write({b"heads\0a deleted key": b"that would live again"}, state.changelog, state.at - disk.OLDEST - 1)
    state.close()
    assert await counted_on(worker_settings, log, name) == {(1, 2)}
    state = State(path)
    assert state.get(b"heads\0a deleted key") is None
    state.close()


async def test_the_state_of_another_broker_is_left_alone(worker_settings, log: Log):
    name = await counted(worker_settings, log)
    path = state_of(worker_settings, name)
    (worker_settings.data / "state" / path.parent.parent.name).rename(worker_settings.data / "state" / "another")
    assert await counted_on(worker_settings, log, name) == {(1, 2)}
    assert {found.name for found in (worker_settings.data / "state").iterdir()} == {"another", path.parent.parent.name}


def test_a_state_in_use_is_not_taken_for_a_damaged_one(tmp_path: Path):
    state = State(tmp_path / "0")
    with pytest.raises(Exception, match="lock"):
        disk.open(tmp_path / "0")
    state.close()
    assert [found.name for found in tmp_path.iterdir()] == ["0"]
