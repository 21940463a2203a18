"""Replays a stage to its state, or rows, as plain data in a deterministic order."""

from collections.abc import AsyncIterator, Iterator
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
from streams.replay.fold import Folding, folding, recordable
from streams.replay.ranges import LogPosition, NotAPosition, Since, up_to
from streams.replay.verify import context_of
from streams.runtime import Context, Topology
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


async def replay(settings: Settings, topology: Topology, stage: str, scope: Scope) -> AsyncIterator[Entry]:
    """Yield the state of a topology's stage: ``table``, ``key`` and ``value``, or a ``row``, by partition and key.

    Neither state nor views are read. Raises as ``verify`` does, ``Differs`` if a block can't be folded as it was,
    ``OtherVersion`` if it was decided by another decision version, and ``NotAPosition`` for a position that is never
    reached.
    """
    async with context_of(settings, topology) as context:
        for position in (scope.since, scope.until):
            if position and position.topic:
                await _check(context, topology, position)
        entries = _state(context, topology, stage, scope) if topology.keeps_state else _rows(context, topology, scope)
        async for entry in entries:
            yield entry


async def _check(context: Context, topology: Topology, position: LogPosition) -> None:
    """Raise ``NotAPosition`` for a record that is not on the stage's inputs, or determines no moment of all of them."""
    inputs = [topic.name for topic in topology.reads]
    if not topology.blocks and len(inputs) > 1:
        raise NotAPosition(
            f"{topology.name} folds each of {', '.join(inputs)} by itself, and nothing says how far the others were at "
            f"a record of one: name an instant, as 2026-11-23T12:00:00Z."
        )
    if position.topic not in inputs:
        raise NotAPosition(f"{topology.name} does not read {position.topic}: name a record of {' or '.join(inputs)}.")
    count = context.settings.partitions
    if position.partition is None or position.partition >= count:
        raise NotAPosition(f"{position.topic} has the partitions 0 to {count - 1}, and no {position.partition}.")
    at = TopicPartition(position.topic, position.partition)
    end = (await ends(context.settings.kafka, [at]))[at]
    if position.offset >= end:
        raise NotAPosition(
            f"{position.topic}/{position.partition} ends before {end}: there is no record {position.offset} yet."
        )


async def _state(context: Context, topology: Topology, stage: str, scope: Scope) -> AsyncIterator[Entry]:
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
        with TemporaryDirectory(prefix="rondo-replay-") as at:
            async with folding(context, topology, number, dead_letters, None, until, Path(at)) as fold:
                changed = await _fold(fold, scope)
                for entry in _entries(fold, stage, scope, changed):
                    yield entry


async def _fold(fold: Folding, scope: Scope) -> set[bytes]:
    """Fold to the end, and return the keys that changed since the position."""
    since, changed = Since(scope.since), set()
    async for block in replace(fold, recorded=up_to(scope.until, fold.recorded)).blocks():
        first = since.first(block.raws)
        if first is not None and scope.since:
            changed |= {key for key, raw in block.changed_by.items() if raw.offset >= first}
    return changed


def _entries(fold: Folding, stage: str, scope: Scope, changed: set[bytes]) -> Iterator[Entry]:
    assert fold.state
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
