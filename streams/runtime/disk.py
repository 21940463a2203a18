"""Opens and closes state on the disk, and decides whether it is usable.

State can be restored from its changelog, so a damaged directory is moved aside, never repaired, and an old one deleted.
"""

import shutil
from pathlib import Path

import structlog
from aiokafka import TopicPartition

from schemas.kafka import admin
from streams.runtime import metrics
from streams.runtime.rocksdb import MEMORY, Damaged, StateStore

_ASIDE = ".damaged"
OLDEST = admin.TOMBSTONES // 2  # an older state may hold keys whose deletion is no longer on the changelog

log = structlog.get_logger()


def directory(data: Path, cluster: str, stage: str, partition: int) -> Path:
    """Return the directory of one partition's state."""
    return data / "state" / cluster / stage / str(partition)


def open(path: Path, timed: tuple[bytes, ...] = (), memory: int = MEMORY) -> StateStore:  # noqa: A001 - disk.open
    """Open a state; replace a damaged one by an empty one, and move it aside.

    Raises ``DiskError`` if that can't be opened either.
    """
    try:
        return StateStore(path, timed, memory)
    except Damaged as error:
        _move_aside(path, error)
        return StateStore(path, timed, memory)


def close(state: StateStore) -> None:
    """Close a state; move it aside if it turned out to be damaged, at the latest now. Raises nothing."""
    state.close()
    if isinstance(state.fault, Damaged):
        try:
            _move_aside(state.path, state.fault)
        except OSError as error:
            log.critical("damaged state can't be moved aside", state=str(state.path), error=str(error))
    elif state.fault:
        log.warning("state not written to the end", state=str(state.path), error=str(state.fault))


def usable(state: StateStore, now: int, changelog: TopicPartition, end: int) -> StateStore:
    """Return the state if its changelog can bring it up to date, else replace it by an empty one.

    Raises RuntimeError if the state is ahead of its changelog, which ends at ``end``.
    """
    if state.changelog > end:
        raise RuntimeError(
            f"{changelog.topic}/{changelog.partition} ends at {end}, before the state that was written from it "
            f"({state.changelog}): the broker lost data. Delete {state.path} to restore from what the broker has."
        )
    if not state.changelog or now - state.at <= OLDEST:
        return state
    log.warning("state too old, restored whole", state=str(state.path), last_written_ms=state.at)
    state.close()
    shutil.rmtree(state.path)
    return StateStore(state.path, state.timed, state.memory)


def _move_aside(path: Path, error: Damaged) -> None:
    """Rename the directory, replacing one that was moved aside before. Raises OSError."""
    aside = path.with_name(path.name + _ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    aside.unlink(missing_ok=True)
    path.rename(aside)
    metrics.STATES_ASIDE.labels(path.parent.name).inc()
    log.error("state damaged, moved aside and restored whole", state=str(aside), error=str(error))
