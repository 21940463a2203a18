"""Replays a stage to its state, or rows, as plain data in a deterministic order."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import TopicPartition
from msgspec import to_builtins

from domain import reasons
from postgres.scratch import TABLES, scratch
from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import Ends, ends
from schemas.names import partition_of
from streams.replay import verify_views
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import describe_key
from streams.replay.eras import Era, Eras, Past, Stages, past
from streams.replay.fold import Folding, folding, recordable
from streams.replay.ranges import LogPosition, NotAPosition, Since, Until
from streams.replay.verify import context_of
from streams.runtime import Context, Stage, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings

Entry = dict[str, Any]


@dataclass(frozen=True)
class Scope:
    """The part of the log to fold, and the part of the result to yield.

    State at ``until`` is always folded from the beginning; ``since`` selects only what changed from there on.
    """

    user: str | None = None
    since: LogPosition | None = None
    until: LogPosition | None = None

    def partitions(self, count: int) -> list[int]:
        """Return the partitions to fold. A user's is folded whole; other users' states are not yielded."""
        named = {
            position.partition for position in (self.since, self.until) if position and position.partition is not None
        }
        if self.user:
            named.add(partition_of(self.user, count))
        if len(named) > 1:
            raise NotAPosition(f"User and places are in different partitions: {sorted(named)}.")
        return sorted(named) or list(range(count))


async def replay(
    settings: Settings, topology: Topology, stage: str, scope: Scope, stages: Iterable[Stage] = ()
) -> AsyncIterator[Entry]:
    """Yield the state of a topology's stage: ``table``, ``key`` and ``value``, or a ``row``, by partition and key.

    ``stages`` are others that its stages may have been grouped with before. Neither state nor views are read. Raises
    as ``verify`` does, ``Differs`` if a block can't be folded as it was, ``OtherVersion`` if it was decided by another
    decision version, and ``NotAPosition`` for a position that is never reached.
    """
    async with context_of(settings, topology) as context:
        known = {each.name: each for each in (*stages, *topology.stages)}
        topics = {topic.name for each in known.values() for topic in each.reads}
        for position in (scope.since, scope.until):
            if position and position.topic:
                await _check(context, topology, topics, position)
        state = _state(context, topology, known, stage, scope)
        async for entry in state if topology.keeps_state else _rows(context, topology, scope):
            yield entry


async def _check(context: Context, topology: Topology, known: Collection[str], position: LogPosition) -> None:
    """Raise ``NotAPosition`` for a record of others' topics, or one that determines no moment of all of views' inputs.

    ``known`` are the topics that the topology's stages, or others that they were grouped with, read.
    """
    inputs = [topic.name for topic in topology.reads]
    if not topology.blocks and len(inputs) > 1:
        raise NotAPosition(
            f"{topology.name} folds each of {', '.join(inputs)} by itself, and nothing says how far the others were at "
            f"a record of one: name an instant, as 2026-11-23T12:00:00Z."
        )
    if position.topic not in (known if topology.blocks else inputs):
        raise _unread(topology, position)
    count = context.settings.partitions
    if position.partition is None or position.partition >= count:
        raise NotAPosition(f"{position.topic} has the partitions 0 to {count - 1}, and no {position.partition}.")


async def _check_there(context: Context, position: LogPosition) -> None:
    """Raise ``NotAPosition`` for a record that is not there yet."""
    at = TopicPartition(position.topic, position.partition or 0)
    end = (await ends(context.settings.kafka, [at]))[at]
    if position.offset >= end:
        raise NotAPosition(
            f"{position.topic}/{position.partition} ends before {end}: there is no record {position.offset} yet."
        )


def _unread(topology: Topology, position: LogPosition) -> NotAPosition:
    inputs = " or ".join(topic.name for topic in topology.reads)
    return NotAPosition(f"{topology.name} does not read {position.topic}: name a record of {inputs}.")


def _check_read(era: Era, stage: str, position: LogPosition) -> None:
    """Raise ``NotAPosition`` for a record that the stage's topology did not read, as one that it handed on."""
    earlier = next((former for former in era.former if former.topology.stage(stage)), None)
    known = {**earlier.positions, **earlier.ends} if earlier else {}
    if earlier and position.offset < known.get(position.topic, 0):
        _check_read(earlier, stage, position)
    elif position.topic not in {topic.name for topic in era.topology.reads}:
        raise _unread(era.topology, position)


async def _state(
    context: Context, topology: Topology, stages: Stages, stage: str, scope: Scope
) -> AsyncIterator[Entry]:
    numbers = scope.partitions(context.settings.partitions)
    until: Ends = {}
    for topics in (
        (topology.blocks,) if topology.blocks else (),
        recordable(topology),
    ):  # a block's inputs are written before its record
        until |= await settled_ends(
            context.settings.kafka, [TopicPartition(topic.name, number) for topic in topics for number in numbers]
        )
    dead_letters = await DeadLetters.read(context.settings.kafka, context.codec, topology)
    for number in numbers:
        era = await _era(context, topology, number, until, stages)
        for position in (scope.since, scope.until):
            if position and position.topic:
                _check_read(era, stage, position)
                await _check_there(context, position)
        replayed = _Replayed(context.settings, stage, scope)
        with TemporaryDirectory(prefix="rondo-replay-") as at, closing(StateStore(Path(at, "state"))) as state:
            async with (
                past(replayed.fold_over, Path(at)) as earlier,
                folding(context, era, dead_letters, None, until, earlier, state) as fold,
            ):
                await replayed.fold(fold)
                for entry in _entries(replayed.reached or fold, stage, scope, replayed.changed):
                    yield entry


async def _era(context: Context, topology: Topology, number: int, ends: Ends, stages: Stages) -> Era:
    assert topology.blocks
    end = ends[TopicPartition(topology.blocks.name, number)]
    return await Eras(context.settings.kafka, context.codec, stages).current(topology, number, end)


class _Replayed:
    """Folds the eras of a partition for a scope: those before the one that its end is in whole, later ones not."""

    def __init__(self, settings: Settings, stage: str, scope: Scope) -> None:
        self._settings, self._stage, self._scope = settings, stage, scope
        self._begun = False
        self.changed: set[bytes] = set()
        """The keys that changed since the scope's beginning."""
        self.reached: Folding | None = None
        """The fold in which the scope's end was reached."""

    async def fold_over(self, era: Era, state: StateStore, earlier: Past) -> set[str]:
        """Fold an era that is over."""
        async with context_of(self._settings, era.topology) as context:
            dead_letters = await DeadLetters.read(context.settings.kafka, context.codec, era.topology)
            async with folding(context, era, dead_letters, era.positions, {}, earlier, state) as fold:
                if era.topology.stage(self._stage):
                    await self.fold(fold)
                else:
                    async for _ in fold.blocks():
                        pass
                return fold.fired

    async def fold(self, fold: Folding) -> None:
        """Fold up to the scope's end, unless it was reached before."""
        if self.reached:
            return
        since = Since(None if self._begun else self._scope.since)
        wanted = Until(self._scope.until)
        async for block in replace(fold, recorded=wanted.blocks(fold.recorded)).blocks():
            first = since.first(block.raws)
            if first is not None and self._scope.since:
                self.changed |= {key for key, raw in block.changed_by.items() if raw.offset >= first}
        self._begun = since.begun
        self.reached = fold if wanted.reached else None


def _entries(fold: Folding, stage: str, scope: Scope, changed: set[bytes]) -> Iterator[Entry]:
    assert fold.state is not None
    for key, raw in fold.state.items():
        table, _, name = describe_key(key).partition(" ")
        of, _, table = table.rpartition("/")
        if of != stage:
            continue
        record = fold.context.codec.decode(raw)
        whose = getattr(record, "user", None) or name.partition("/")[0]
        if (scope.user in {None, whose}) and (scope.since is None or key in changed):
            yield {
                "partition": fold.partition,
                "table": table,
                "key": name,
                "value": to_builtins(reasons.cleaned(record)),
            }


async def _rows(context: Context, topology: Topology, scope: Scope) -> AsyncIterator[Entry]:
    if scope.since:
        raise NotAPosition("Rows are those at a place, not since one: leave --since away.")
    if scope.until and scope.until.topic:
        await _check_there(context, scope.until)
    numbers = scope.partitions(context.settings.partitions)
    kafka = context.settings.kafka
    inputs = [TopicPartition(topic.name, number) for topic in topology.reads for number in numbers]
    until = await ends(kafka, inputs)
    dead_letters = await verify_views.current_dead_letters(context, topology, until)
    async with scratch(context.settings.postgres) as tables:
        async for block in verify_views.blocks(context, topology, dead_letters, until, scope.until):
            await verify_views.write(tables, block)
        for table in TABLES:
            async for row in tables.rows(table):
                if scope.user in {None, row["user_id"]}:
                    yield {"table": table, "row": row}
