"""Compares RocksDB with its changelog."""

from collections.abc import Iterator
from pathlib import Path

from streams.runtime.rocksdb import StateStore
from tests.chaos.log import Log


def anomalies(disks: list[Path], log: Log) -> Iterator[str]:
    """Tell where a disk does not hold its changelog up to the offset that it names, or none holds all of it.

    No worker may run on these disks meanwhile.
    """
    for (topic, partition), raws in log.changelogs.items():
        complete = False
        for path in (path for disk in disks for path in _states(disk, topic.removesuffix("-changelog"), partition)):
            state = StateStore(path)
            held = {raw.key: raw.value for raw in raws if raw.offset < state.changelog}
            differ = [key for key, value in held.items() if state.get(key) != value]
            complete = complete or state.changelog > raws[-1].offset
            state.close()
            if differ:
                yield f"{path} differs from its changelog in {len(differ)} keys, as {differ[0]!r}."
        if not complete:
            yield f"No disk holds the whole of {topic}/{partition}."


def _states(disk: Path, topology: str, partition: int) -> Iterator[Path]:
    return disk.glob(f"state/*/{topology}/{partition}")
