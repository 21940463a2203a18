"""Compares RocksDB with its changelog, and the changelog with the fold of what the stage wrote."""

from collections.abc import Iterator
from pathlib import Path

from schemas.topics import AUDIT_LOG, TASK_EVENTS
from streams.runtime.state import State
from tests.chaos.log import Log
from tests.chaos.oracle import Seen


def anomalies(disks: list[Path], log: Log, seen: Seen) -> list[str]:
    """Return every anomaly as a sentence. No worker may run on these disks meanwhile."""
    return [*_behind(disks, log), *_fold(log, seen)]


def _behind(disks: list[Path], log: Log) -> Iterator[str]:
    """A disk holds its changelog up to the offset that it names, and one disk holds all of it."""
    for (topic, partition), raws in log.changelogs.items():
        complete = False
        for path in (path for disk in disks for path in _states(disk, topic.removesuffix("-changelog"), partition)):
            state = State(path)
            held = {raw.key: raw.value for raw in raws if raw.offset < state.changelog}
            differ = [key for key, value in held.items() if state.get(key) != value]
            complete = complete or state.changelog > raws[-1].offset
            state.close()
            if differ:
                yield f"{path} differs from its changelog in {len(differ)} keys, as {differ[0]!r}."
        if not complete:
            yield f"No disk holds the whole of {topic}/{partition}."


def _states(disk: Path, stage: str, partition: int) -> Iterator[Path]:
    return disk.glob(f"state/*/{stage}/{partition}")


def _fold(log: Log, seen: Seen) -> Iterator[str]:
    """Tasks and the ends of chains are what the last events and entries say."""
    events = [event for event in seen.of(TASK_EVENTS.name) if hasattr(event, "task") and hasattr(event, "id")]
    tasks = {f"{event.user}/{event.task.id}": event.task for event in events}
    heads = {entry.user: entry.hash for entry in seen.of(AUDIT_LOG.name)}
    if _table(log, "tasks", "tasks") != tasks:
        yield "The tasks in the stage's state are not the fold of its events."
    if {user: head.hash for user, head in _table(log, "audit", "heads").items() if user in seen.users} != heads:
        yield "The heads in the audit's state are not the ends of its chains."


def _table(log: Log, stage: str, name: str) -> dict[str, object]:
    prefix, found = name.encode() + b"\0", {}
    for (topic, _), raws in log.changelogs.items():
        if topic == f"{stage}-changelog":
            found.update({raw.key: raw.value for raw in raws if raw.key.startswith(prefix)})
    return {key[len(prefix) :].decode(): log.codec.decode(value) for key, value in found.items() if value}
