"""Verifies one partition of a stage that keeps its own state: its output, its changelog, its disk; and the laws."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from aiokafka.structs import ConsumerRecord

from schemas import records as r
from streams.kafka.log_reader import partition_readers
from streams.replay import invariants
from streams.replay.compare import Found, differences, restore, shown, unwritten
from streams.replay.difference import Differs, between, fields
from streams.replay.fold import folding
from streams.replay.outputs import Outputs
from streams.replay.recorded_blocks import OtherRules
from streams.replay.replayed import Replayed
from streams.replay.target import Target, Verified
from streams.runtime import kafka_store
from streams.runtime.block import place
from streams.runtime.disk import directory
from streams.runtime.rocksdb import Damaged, DiskError, StateStore
from streams.runtime.tables import decoded


async def verify(part: Target) -> Verified:
    """Verify one partition, up to its first difference.

    Of what was decided under other rules only the laws are checked, and whether the disk is what the changelog holds.
    """
    found = Verified(part.stage.name, part.number)
    with (
        TemporaryDirectory(prefix="rondo-replay-") as scratch,
        closing(StateStore(Path(scratch, "stands"))) as stands,
    ):
        try:
            positions = await _restored(part, stands)
            try:
                await _verify_fold(part, found, stands, positions, Path(scratch, "again"))
            except OtherRules as other:  # the laws and the disk know no rules
                found.undecided = other.told
            await invariants.check(part, positions, Path(scratch, "laws"))
            await _verify_disk(part, found, stands)
        except Differs as differs:
            found.difference = differs.difference
    return found


async def _restored(part: Target, stands: StateStore) -> Mapping[str, int]:
    """Restore what the changelog holds; return how far the inputs are folded in it."""
    at = part.at(part.stage.changelog.name)
    async with partition_readers(part.context.settings.kafka, {at: part.cut.changelogs[at]}) as opened:
        await restore(opened[at], stands, part.context.codec)
    return kafka_store.positions(stands, part.context.codec)


async def _verify_fold(
    part: Target, found: Verified, stands: StateStore, positions: Mapping[str, int], scratch: Path
) -> None:
    names = [topic.name for topic in part.stage.writes]
    written = {part.at(name): part.cut.all[part.at(name)] for name in names}
    passed = _passed(part, stands)
    async with (
        folding(part.context, part.stage, part.number, part.letters, positions, part.cut.all, scratch) as fold,
        partition_readers(part.context.settings.kafka, written) as opened,
    ):
        by_name = {at.topic: tape for at, tape in opened.items()}
        seen = {name: part.cut.seen[part.at(name)] for name in names}
        outputs = Outputs(part.stage, part.context.codec, by_name, seen, positions, passed, part.letters.reasons)
        async for block in fold.blocks():
            await outputs.expect(block)
            found.records, found.outputs = fold.records, outputs.compared
        left = await outputs.finish()
        found.notes += fold.notes()
        assert fold.state
        found.kept = sum(1 for _ in stands.items())
        for different in differences(stands, fold.state, unwritten(part.stage)):
            await _tell(part, different, positions)
    _check_passed(part, left.values(), stands)


async def _tell(part: Target, found: Found, positions: Mapping[str, int]) -> None:
    """Raise a key's difference with where on the log it came from; return where both values say the same."""
    key, stands, replayed = found
    if not (values := between(part.context.codec, stands, replayed)):
        return
    written = await _last_written(part, key)
    reason = f"the state is not what the log leads to (stands at {written})." if written else "the state lacks it."
    raise part.differs(f"key {shown(key)}", reason, source=await _changed_by(part, key, positions), **fields(values))


async def _last_written(part: Target, key: bytes) -> str | None:
    """Return where on the changelog a key was written last."""
    at, last = part.at(part.stage.changelog.name), None
    async with partition_readers(part.context.settings.kafka, {at: part.cut.changelogs[at]}) as opened:
        async for raw in opened[at]:
            if raw.key == key:
                last = place(raw)
    return last


async def _changed_by(part: Target, key: bytes, positions: Mapping[str, int]) -> str | None:
    """Fold once more, to see which record changed a key last."""
    last: ConsumerRecord | None = None
    with TemporaryDirectory(prefix="rondo-replay-") as scratch:
        async with folding(
            part.context, part.stage, part.number, part.letters, positions, part.cut.all, Path(scratch)
        ) as fold:
            async for block in fold.blocks():
                last = block.changed_by.get(key, last)
    return place(last) if last else None


# Timers that were taken: each must have led to its record, or have been set aside.


def _passed(part: Target, stands: StateStore) -> dict[str, r.Timer]:
    decode = partial(decoded, part.stage.name, part.context.codec)
    return {timer.id: timer for taken in part.stage.taken_by_ticks for timer in taken.passed(stands, decode)}


def _check_passed(part: Target, left: Iterable[r.Timer], stands: StateStore) -> None:
    for timer in left:
        if (part.number, timer.id) not in part.letters.timers and _leads_to_something(part, timer, stands):
            reason = "it stands and was taken, but no record of it is on the log: it would never come."
            raise part.differs(f"timer {timer.id} of {timer.subject}, due {timer.due}", reason)


def _leads_to_something(part: Target, timer: r.Timer, stands: StateStore) -> bool:
    assert part.stage.on_timer
    block = Replayed(part.stage, part.context, part.number, [], stands, timer.due, {})
    with block:
        part.stage.on_timer(block, timer)
    return bool(block.outputs)


# The disk.


async def _verify_disk(part: Target, found: Verified, stands: StateStore) -> None:
    """Compare the worker's own database, where none holds it; it may be behind the changelog, never ahead."""
    path = directory(part.context.settings.data, part.context.cluster, part.stage.name, part.number)
    try:
        disk = StateStore(path) if path.exists() else None
    except OSError as error:
        _unread(part, found, path, error)
        return
    if disk:
        with closing(disk):
            try:
                await _compare(part, disk, stands)
            except DiskError:
                if not disk.fault:  # it is the other one that can't be read
                    raise
                _unread(part, found, path, disk.fault)


def _unread(part: Target, found: Verified, path: Path, error: OSError) -> None:
    """Raise damage of a database as a difference; note what else kept it from being read: that lies in the machine."""
    if isinstance(error, Damaged):
        raise part.differs(str(path), f"the disk is damaged ({error}): its next worker restores it.") from error
    in_use = "lock" in str(error).removeprefix(str(path))
    reason = "is in use by a worker" if in_use else f"can't be read ({error})"
    found.notes.append(f"its disk {reason} and was not compared")


async def _compare(part: Target, disk: StateStore, stands: StateStore) -> None:
    """Compare a database with the changelog. Raises ``DiskError`` where either can't be read."""
    since = await _changed_since(part, disk.changelog)
    for key, on_disk, replayed in differences(disk, stands, since):
        if values := between(part.context.codec, on_disk, replayed):
            reason = f"{disk.path} is not what the changelog holds."
            raise part.differs(f"key {shown(key)}", reason, source=await _last_written(part, key), **fields(values))


async def _changed_since(part: Target, offset: int) -> set[bytes]:
    """Return the keys that were written to the changelog from an offset on."""
    at = part.at(part.stage.changelog.name)
    end = part.cut.changelogs[at]
    if offset > end:
        raise part.differs(str(at.topic), f"the disk has applied it up to {offset}, but it ends at {end}.")
    async with partition_readers(part.context.settings.kafka, {at: end}, {at: offset}) as opened:
        return {raw.key async for raw in opened[at]}
