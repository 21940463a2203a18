"""Verifies one partition of a topology that keeps its own state: outputs, changelog, timers, invariants and disk."""

from collections.abc import Collection, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas import records as r
from schemas.codec import Serde
from schemas.kafka.log_reader import partition_readers
from schemas.kafka.partition_reader import PartitionReader
from streams.replay import invariants
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import (
    Differs,
    KeyDifference,
    compare_messages,
    compare_states,
    describe_key,
    fields,
    unfilled,
    unwritten,
)
from streams.replay.eras import Era, Eras, Past
from streams.replay.fold import ReplayedBlock, folding
from streams.replay.outputs import comparing
from streams.replay.recorded_blocks import OtherVersion, RecordedBlock
from streams.replay.target import Target, Verified
from streams.runtime import Context, Stage, kafka_store, ownership
from streams.runtime.disk import directory
from streams.runtime.record import Raw, place
from streams.runtime.rocksdb import Damaged, DiskError, StateStore
from streams.runtime.tables import decoded, stage_of

_CHUNK = 1000
_NEVER = 0  # the time of a temporary state's writes, which is not used


async def verify(target: Target) -> Verified:
    """Verify one partition, up to its first difference.

    For blocks decided by another decision version, only invariants are checked, and that the disk matches the
    changelog.
    """
    result = Verified(target.topology.name, target.number)
    with (
        TemporaryDirectory(prefix="rondo-replay-") as scratch,
        closing(StateStore(Path(scratch, "current"))) as current,
    ):
        try:
            positions = await _restore(target, current)
            try:
                with closing(StateStore(Path(scratch, "again"))) as again:
                    await _verify_fold(target, result, current, positions, again)
            except OtherVersion as other:
                result.undecided = other.clause
            await invariants.check(target, positions, Path(scratch, "invariants"))
            await _verify_disk(target, result, current)
        except Differs as differs:
            result.difference = differs.difference
    return result


async def _restore(target: Target, current: StateStore) -> Mapping[str, int]:
    """Restore the state from the changelog; return its positions. Raises ``OtherGrouping``."""
    at = target.at(target.topology.changelog_name)
    async with partition_readers(target.context.settings.kafka, {at: target.cut.changelogs[at]}) as readers:
        await _apply(readers[at], current, target.context.codec)
    held = kafka_store.held_positions(current, target.context.codec)
    if held and held.standing is not r.Standing.FROZEN:
        ownership.check_standing(target.topology, held)
    return held.offsets if held else {}


async def _apply(changelog: PartitionReader, state: StateStore, codec: Serde) -> None:
    """Apply a changelog to a state, as a worker that lost its disk does."""
    changes: dict[bytes, bytes | None] = {}
    async for raw in changelog:
        changes[raw.key] = raw.value
        if len(changes) == _CHUNK:
            await codec.learn(changes.values())
            state.write(changes, raw.offset + 1, _NEVER)
            changes = {}
    await codec.learn(changes.values())
    state.write(changes, changelog.end, _NEVER)


async def _verify_fold(
    target: Target, result: Verified, current: StateStore, positions: Mapping[str, int], again: StateStore
) -> None:
    """Fold the log again, and compare the outputs of each block, and the state at the end."""
    topology, era = target.topology, await _era(target)
    ends = {topic.name: target.cut.all[target.at(topic.name)] for topic in topology.writes}
    seen = {name: target.cut.seen[target.at(name)] for name in ends}
    async with (
        folding(target.context, era, target.dead_letters, positions, target.cut.all, target.past, again) as fold,
        comparing(target.context, era, ends, seen, positions, target.dead_letters) as outputs,
    ):
        async for block in fold.blocks():
            await outputs.expect(block)
            result.records, result.outputs = fold.records, outputs.compared
        await outputs.finish()
        result.notes += fold.notes()
    result.kept = sum(1 for key, _ in current.items() if topology.stage(stage_of(key)))
    pending = unfilled(topology, current, target.context.codec.decode)
    for different in compare_states(current, again, unwritten(topology)):
        key, _, _ = different
        if topology.stage(stage_of(key)) and not key.startswith(pending):  # of others there is what a regrouping left
            await _check_key(target, era, different, positions)
    _check_timers(target, current, outputs.fired | fold.fired)


async def verify_over(
    context: Context, era: Era, state: StateStore, past: Past, dead_letters: DeadLetters
) -> tuple[set[str], int, int]:
    """Fold an era that is over, and compare its outputs. Return the timers that have led to nothing yet, and counts."""
    ends = {topic.name: era.ends.get(topic.name, 0) for topic in era.topology.writes}
    async with (
        folding(context, era, dead_letters, era.positions, {}, past, state) as fold,
        comparing(context, era, ends, ends, era.positions, dead_letters) as outputs,
    ):
        async for block in fold.blocks():
            await outputs.expect(block)
        await outputs.finish()
    return outputs.fired | fold.fired, fold.records, outputs.compared


async def _era(target: Target) -> Era:
    """Return the era of the target's current stages. Raises ``OtherVersion``."""
    context, topology, number = target.context, target.topology, target.number
    assert topology.blocks
    end = target.cut.all[target.at(topology.blocks.name)]
    return await Eras(context.settings.kafka, context.codec, target.stages).current(topology, number, end)


async def _check_key(target: Target, era: Era, different: KeyDifference, positions: Mapping[str, int]) -> None:
    """Raise a key's difference, with its source on the log; return if both values decode to the same."""
    key, current, replayed = different
    if not (values := compare_messages(target.context.codec, current, replayed)):
        return
    written = await _last_written(target, key)
    reason = f"the state is not what the log leads to (written at {written})." if written else "the state lacks it."
    source = await _changed_by(target, era, key, positions)
    raise target.differs(f"key {describe_key(key)}", reason, source=source, **fields(values))


async def _last_written(target: Target, key: bytes) -> str | None:
    """Return the place on the changelog where a key was last written."""
    at, last = target.at(target.topology.changelog_name), None
    async with partition_readers(target.context.settings.kafka, {at: target.cut.changelogs[at]}) as readers:
        async for raw in readers[at]:
            if raw.key == key:
                last = place(raw)
    return last


async def _changed_by(target: Target, era: Era, key: bytes, positions: Mapping[str, int]) -> str | None:
    """Fold the era again, to find the record that last changed a key; None if it was changed before."""
    last: Raw | None = None
    with TemporaryDirectory(prefix="rondo-replay-") as at, closing(StateStore(Path(at))) as state:
        async with folding(
            target.context, era, target.dead_letters, positions, target.cut.all, target.past, state
        ) as fold:
            async for block in fold.blocks():
                last = block.changed_by.get(key, last)
    return place(last) if last else None


# Timers that were taken: each must have led to its record, or have a dead letter.


Taken = tuple[Stage, r.Timer]
"""A timer that a stage has taken."""


def _taken_timers(target: Target, current: StateStore) -> list[Taken]:
    decode = partial(decoded, target.topology.name, target.context.codec)
    stages = ((stage, taken) for stage in target.topology.timed for taken in stage.punctuated)
    return [(stage, timer) for stage, taken in stages for timer in taken.passed(current, decode)]


def _check_timers(target: Target, current: StateStore, fired: Collection[str]) -> None:
    for stage, timer in _taken_timers(target, current):
        known = timer.id in fired or (target.number, timer.id) in target.dead_letters.timers
        if not known and _emits(target, stage, timer, current):
            reason = "it is set and was taken, but has no record on the log: it would never fire."
            raise target.differs(f"timer {timer.id} of {timer.subject}, due {timer.due}", reason)


def _emits(target: Target, stage: Stage, timer: r.Timer, current: StateStore) -> bool:
    recorded = RecordedBlock([], timer.due)
    block = ReplayedBlock(target.topology, target.context, target.number, current, recorded, target.dead_letters)
    with block:
        block.fire(stage, timer)
    return bool(block.outputs)


# The disk.


async def _verify_disk(target: Target, result: Verified, current: StateStore) -> None:
    """Compare the worker's own database, unless it is in use; it may be behind the changelog, but never ahead."""
    path = directory(target.context.settings.data, target.context.cluster, target.topology.name, target.number)
    try:
        disk = StateStore(path) if path.exists() else None
    except OSError as error:
        _unread(target, result, path, error)
        return
    if disk:
        with closing(disk):
            try:
                await _compare_disk(target, disk, current)
            except DiskError:
                if not disk.fault:  # the other one can't be read
                    raise
                _unread(target, result, path, disk.fault)


def _unread(target: Target, result: Verified, path: Path, error: OSError) -> None:
    """Raise a database's damage as a difference; only note other errors, which are the machine's."""
    if isinstance(error, Damaged):
        raise target.differs(str(path), f"the disk is damaged ({error}): its next worker restores it.") from error
    in_use = "lock" in str(error).removeprefix(str(path))
    reason = "is in use by a worker" if in_use else f"can't be read ({error})"
    result.notes.append(f"its disk {reason} and was not compared")


async def _compare_disk(target: Target, disk: StateStore, current: StateStore) -> None:
    """Compare a database with the changelog. Raises ``DiskError`` if either can't be read."""
    since = await _changed_since(target, disk.changelog)
    for key, on_disk, replayed in compare_states(disk, current, since):
        await target.context.codec.learn([on_disk])
        if values := compare_messages(target.context.codec, on_disk, replayed):
            place, reason = f"key {describe_key(key)}", f"{disk.path} is not what the changelog holds."
            raise target.differs(place, reason, source=await _last_written(target, key), **fields(values))


async def _changed_since(target: Target, offset: int) -> set[bytes]:
    """Return the keys that were written to the changelog from an offset on."""
    at = target.at(target.topology.changelog_name)
    end = target.cut.changelogs[at]
    if offset > end:
        raise target.differs(str(at.topic), f"the disk has applied it up to {offset}, but it ends at {end}.")
    async with partition_readers(target.context.settings.kafka, {at: end}, {at: offset}) as readers:
        return {raw.key async for raw in readers[at]}
