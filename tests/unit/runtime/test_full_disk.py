"""A state on a disk that is full waits for room: it is neither damaged nor ahead of itself."""

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import structlog

from common.room import MIB
from streams.runtime import disk as states
from streams.runtime.rocksdb import DiskError
from tests.small_disk import small_disk

CHANCE = Random(7)
VALUE = CHANCE.randbytes(20_000)


def written(path: Path, records: int) -> int:
    """Write ``records`` records, one a block, to the state at a path; return how many of them it has then."""
    state = states.open(path)
    try:
        for number in range(state.changelog, state.changelog + records):
            state.write({f"key {number}".encode(): VALUE}, number + 1, 1)
    finally:
        states.close(state)
    return state.changelog


@pytest.mark.parametrize("leaving", [0, 4096, MIB])
def test_a_full_disk_sets_no_state_and_no_record_aside(leaving: int):
    with small_disk(64 * MIB) as disk, structlog.testing.capture_logs() as lines:
        path = disk.path / "state" / "0"
        written(path, 100)
        disk.fill(leaving)
        for _ in range(3):
            with suppress(DiskError):
                written(path, 100)
        disk.clear()
        after = written(path, 100)
        state = states.open(path)
        assert [number for number in range(after) if state.get(f"key {number}".encode()) is None] == []
        states.close(state)
    assert (after, [found.name for found in path.parent.glob("*.damaged")]) == (200, [])
    assert [line["event"] for line in lines if line["log_level"] == "error"] == []
