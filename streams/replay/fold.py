"""Folds one partition of a stage from the beginning of the log, with the code that folded it first.

State is a RocksDB in a temporary directory, so memory stays bounded whatever the log holds.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from domain.times import tzdata_version
from streams.kafka.log_reader import Ends, partition_readers
from streams.kafka.partition_reader import PartitionReader
from streams.replay import recorded_blocks
from streams.replay.dead_letters import DeadLetters, Where
from streams.replay.difference import Difference, Differs
from streams.replay.recorded_blocks import Taken
from streams.replay.replayed import Replayed, fold
from streams.runtime import Context, Stage
from streams.runtime.block import FoldError, place
from streams.runtime.rocksdb import StateStore


@dataclass
class Folding:
    """A fold on its way: iterate over ``blocks``; each is in ``state`` already when it is yielded."""

    context: Context
    stage: Stage
    partition: int
    letters: DeadLetters
    state: StateStore | None
    taken: AsyncIterator[Taken]
    records: int = 0
    tzdata: set[str] = field(default_factory=set)
    """Versions of the time zone data that the log was decided with, where they differ from this Rondo's."""
    foldable: set[Where] = field(default_factory=set)
    """Records that were set aside, though they fold now, and were not put back."""

    async def blocks(self) -> AsyncIterator[Replayed]:
        """Yield each block after it was folded. Raises ``Differs`` where it can't be folded as it was."""
        async for taken in self.taken:
            await self.context.codec.learn(raw.value for raw in taken.raws)
            if taken.tzdata not in {None, tzdata_version()}:
                self.tzdata.add(str(taken.tzdata))
            for block in self._folded(taken):
                self._check_aside(block)
                self._check_put_back(block)
                if self.state:
                    self.state.write(block.changes, 0, block.now)
                self.records += len(block.raws)
                yield block

    def notes(self) -> list[str]:
        """Return what whoever reads the report should know besides, each as a clause."""
        aside = [f"{len(self.foldable)} records set aside that fold today"] if self.foldable else []
        return aside + [f"decided with tzdata {version}, which this Rondo has not" for version in sorted(self.tzdata)]

    def _folded(self, taken: Taken) -> Iterator[Replayed]:
        try:
            yield self._fold(taken, taken.raws)
        except FoldError as error:
            if len(taken.raws) > 1 and taken.source:
                raise self._differs(taken.raws[0], f"its block could be folded, but not again ({error}).") from error
            yield from (self._alone(taken, raw) for raw in taken.raws)

    def _fold(self, taken: Taken, raws: list[ConsumerRecord]) -> Replayed:
        """Fold records; what was set aside is again, also where the fold can't know why, or it could be read by now."""
        block = self._refold(self._new(taken, raws))
        folds = {raw.offset: raw for raw in raws if raw.offset not in block.aside and self._letter(raw)}
        if not folds:
            return block
        self.foldable |= {(raw.topic, raw.partition, raw.offset) for raw in folds.values()}
        if len(raws) == 1:
            return self._set_aside(taken, raws[0], str(self._letter(raws[0])))
        again = self._new(taken, raws)
        again.passed_over = frozenset(folds)
        self._refold(again)
        for raw in folds.values():
            again.dead_letter(raw, str(self._letter(raw)))
        return again

    def _refold(self, block: Replayed) -> Replayed:
        fold(block)
        return block

    def _alone(self, taken: Taken, raw: ConsumerRecord) -> Replayed:
        """Fold one record; one that can't be folded is set aside, as the runtime does."""
        try:
            return self._fold(taken, [raw])
        except FoldError as error:
            return self._set_aside(taken, raw, str(error))

    def _set_aside(self, taken: Taken, raw: ConsumerRecord, reason: str) -> Replayed:
        block = self._new(taken, [raw])
        block.dead_letter(raw, reason)
        return block

    def _new(self, taken: Taken, raws: list[ConsumerRecord]) -> Replayed:
        return Replayed(self.stage, self.context, self.partition, raws, self.state, taken.now, taken.given, taken.rules)

    def _letter(self, raw: ConsumerRecord) -> str | None:
        reasons = self.letters.reasons.get((raw.topic, raw.partition, raw.offset))
        return reasons[-1] if reasons else None

    def _check_aside(self, block: Replayed) -> None:
        """See that what is set aside is among the dead letters."""
        for raw in block.raws:
            lettered = self._letter(raw) is not None
            if raw.offset in block.aside and not lettered and block.now >= self.letters.since:
                raise self._differs(
                    raw, f"it is set aside ({block.aside[raw.offset]}), but not among the dead letters."
                )

    def _check_put_back(self, block: Replayed) -> None:
        """See that only what was set aside is put back."""
        for record in block.put_back:
            if not self.letters.hold(record.value):
                raise self._differs(record.raw, "it puts back what is not among the dead letters.")
            self.foldable.discard((record.value.topic, record.value.partition, record.value.offset))

    def _differs(self, raw: ConsumerRecord, reason: str) -> Differs:
        return Differs(Difference(self.stage.name, self.partition, place(raw), reason))


@asynccontextmanager
async def folding(  # noqa: PLR0917 - called by two, in this order
    context: Context,
    stage: Stage,
    partition: int,
    letters: DeadLetters,
    until: Mapping[str, int] | None,
    ends: Ends,
    at: Path,
) -> AsyncIterator[Folding]:
    """Begin to fold a partition into a new database ``at``: up to the positions ``until``, or up to ``ends``."""
    names = [topic.name for topic in (*stage.reads, *((stage.blocks,) if stage.blocks else ()))]
    until = None if until is None else {topic: offset for topic, offset in until.items() if offset}
    reads = {TopicPartition(name, partition): ends[TopicPartition(name, partition)] for name in names}
    if until is not None:
        reads |= {TopicPartition(topic.name, partition): until.get(topic.name, 0) for topic in stage.reads}
    state = StateStore(at)
    try:
        async with partition_readers(context.settings.kafka, reads) as opened:
            by_name = {tape.at.topic: tape for tape in opened.values()}
            yield Folding(context, stage, partition, letters, state, _course(context, stage, by_name, letters, until))
    finally:
        state.close()


def _course(
    context: Context,
    stage: Stage,
    opened: Mapping[str, PartitionReader],
    letters: DeadLetters,
    until: Mapping[str, int] | None,
) -> AsyncIterator[Taken]:
    if stage.blocks:
        inputs = [topic for topic in stage.reads if topic != stage.retries]
        recorded = recorded_blocks.Recorded(stage.name, opened[stage.blocks.name], opened, context.codec, until)
        if len(inputs) > 1:
            return recorded.blocks()
        return recorded.blocks_behind(inputs[0].name, letters.has)
    [source] = stage.reads
    return recorded_blocks.formed(opened[source.name], letters.has)
