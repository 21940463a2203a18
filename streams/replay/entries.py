"""Replays a stage: the state, or the rows, that the log leads to, as plain data in an order that is always the same."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import TopicPartition
from msgspec import to_builtins

from domain import reasons
from postgres.scratch import TABLES, scratch
from schemas.names import partition_of
from streams.kafka.hidden import settled_ends
from streams.kafka.log_reader import Ends, ends
from streams.replay import dead_letters, verify_views
from streams.replay.compare import shown
from streams.replay.fold import Folding, folding
from streams.replay.ranges import Mark, NotAMark, Since, ending
from streams.replay.verify import context_of
from streams.runtime import Context, Stage
from streams.runtime.settings import Settings

Entry = dict[str, Any]


@dataclass(frozen=True)
class Scope:
    """Which part of the log is folded, and what of the outcome is wanted.

    State at ``until`` is always folded from the beginning; ``since`` leaves only what changed from there on.
    """

    user: str | None = None
    since: Mark | None = None
    until: Mark | None = None

    def partitions(self, count: int) -> list[int]:
        """Return the partitions that have to be folded. A user's is folded whole: states of others don't show."""
        named = {mark.partition for mark in (self.since, self.until) if mark and mark.partition is not None}
        if self.user:
            named.add(partition_of(self.user, count))
        if len(named) > 1:
            raise NotAMark(f"User and places are in different partitions: {sorted(named)}.")
        return sorted(named) or list(range(count))


async def replay(settings: Settings, stage: Stage, wanted: Scope) -> AsyncIterator[Entry]:
    """Yield what a stage keeps, in the order of partition and key: ``table``, ``key`` and ``value``, or a ``row``.

    What stands plays no part in it: neither state nor views are read. Raises as ``verify`` does, ``Differs`` where a
    block can't be folded as it was, ``OtherRules`` where it was decided under others, and ``NotAMark`` for a place that
    the stage never comes to.
    """
    async with context_of(settings, stage) as given:
        for mark in (wanted.since, wanted.until):
            if mark and mark.topic:
                await _check(given, stage, mark)
        entries = _state(given, stage, wanted) if stage.keeps_state else _rows(given, stage, wanted)
        async for entry in entries:
            yield entry


async def _check(given: Context, stage: Stage, mark: Mark) -> None:
    """Raise ``NotAMark`` for a record that is none of the stage's inputs, does not stand, or is no moment of all."""
    inputs = [topic.name for topic in stage.reads]
    if not stage.blocks and len(inputs) > 1:
        raise NotAMark(
            f"{stage.name} folds each of {', '.join(inputs)} by itself, and nothing says how far the others were at a "
            f"record of one: name an instant, as 2026-11-23T12:00:00Z."
        )
    if mark.topic not in inputs:
        raise NotAMark(f"{stage.name} does not read {mark.topic}: name a record of {' or '.join(inputs)}.")
    count = given.settings.partitions
    if mark.partition is None or mark.partition >= count:
        raise NotAMark(f"{mark.topic} has the partitions 0 to {count - 1}, and no {mark.partition}.")
    at = TopicPartition(mark.topic, mark.partition)
    end = (await ends(given.settings.kafka, [at]))[at]
    if mark.offset >= end:
        raise NotAMark(f"{mark.topic}/{mark.partition} ends before {end}: there is no record {mark.offset} yet.")


async def _state(given: Context, stage: Stage, wanted: Scope) -> AsyncIterator[Entry]:
    numbers = wanted.partitions(given.settings.partitions)
    until: Ends = {}
    for topics in ((stage.blocks,) if stage.blocks else (), stage.reads):  # what a block names stands before its record
        until |= await settled_ends(
            given.settings.kafka, [TopicPartition(topic.name, number) for topic in topics for number in numbers]
        )
    aside = await dead_letters.read(given.settings.kafka, given.codec, stage.name)
    for number in numbers:
        with TemporaryDirectory(prefix="rondo-replay-") as at:
            async with folding(given, stage, number, aside, None, until, Path(at)) as fold:
                changed = await _fold(fold, wanted)
                for entry in _entries(fold, given, wanted, changed):
                    yield entry


async def _fold(fold: Folding, wanted: Scope) -> set[bytes]:
    """Fold to the end, and return the keys that changed since the wanted place."""
    since, changed = Since(wanted.since), set()
    async for block in replace(fold, taken=ending(fold.taken, wanted.until)).blocks():
        first = since.first(block.raws)
        if first is not None and wanted.since:
            changed |= {key for key, raw in block.changed_by.items() if raw.offset >= first}
    return changed


def _entries(fold: Folding, given: Context, wanted: Scope, changed: set[bytes]) -> Iterator[Entry]:
    assert fold.state
    for key, raw in fold.state.items():
        record = given.codec.decode(raw)
        table, _, name = shown(key).partition(" ")
        whose = getattr(record, "user", None) or name.partition("/")[0]
        if (wanted.user in {None, whose}) and (wanted.since is None or key in changed):
            yield {
                "partition": fold.partition,
                "table": table,
                "key": name,
                "value": to_builtins(reasons.cleaned(record)),
            }


async def _rows(given: Context, stage: Stage, wanted: Scope) -> AsyncIterator[Entry]:
    if wanted.since:
        raise NotAMark("Rows are told as they are at a place, not since one: leave --since away.")
    numbers = wanted.partitions(given.settings.partitions)
    kafka = given.settings.kafka
    inputs = [TopicPartition(topic.name, number) for topic in stage.reads for number in numbers]
    until = await ends(kafka, inputs)
    aside = await verify_views.standing(given, stage, until)
    async with scratch(given.settings.postgres) as tables:
        async for block in verify_views.blocks(given, stage, aside, until, wanted.until):
            await verify_views.write(tables, block)
        for table in TABLES:
            async for row in tables.rows(table):
                if wanted.user in {None, row["user_id"]}:
                    yield {"table": table, "row": row}
