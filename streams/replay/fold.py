"""Folds one partition of a stage again from the beginning of the log, by the stages' own functions.

State is a RocksDB in a temporary directory, so memory is bounded for any log.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from domain.times import tzdata_version
from schemas.kafka.log_reader import Ends, partition_readers
from streams.replay.dead_letters import DeadLetters, Location, location
from streams.replay.difference import Difference, Differs
from streams.replay.recorded_blocks import Readers, RecordedBlock, RecordedBlocks, cut_into_blocks
from streams.runtime import Block, Context, Stage
from streams.runtime.block import FoldError, Record, place
from streams.runtime.retries import fold_of
from streams.runtime.rocksdb import StateStore


@asynccontextmanager
async def folding(  # noqa: PLR0917 - called by two, in this order
    context: Context,
    stage: Stage,
    partition: int,
    dead_letters: DeadLetters,
    until: Mapping[str, int] | None,
    ends: Ends,
    at: Path,
) -> AsyncIterator["Folding"]:
    """Prepare to fold a partition into a new database ``at``: up to the positions ``until``, or up to ``ends``."""
    names = [topic.name for topic in (*stage.reads, *((stage.blocks,) if stage.blocks else ()))]
    until = None if until is None else {topic: offset for topic, offset in until.items() if offset}
    reads = {TopicPartition(name, partition): ends[TopicPartition(name, partition)] for name in names}
    if until is not None:
        reads |= {TopicPartition(topic.name, partition): until.get(topic.name, 0) for topic in stage.reads}
    state = StateStore(at)
    try:
        async with partition_readers(context.settings.kafka, reads) as readers:
            by_name = {reader.at.topic: reader for reader in readers.values()}
            blocks = _blocks(context, stage, by_name, dead_letters, until)
            yield Folding(context, stage, partition, dead_letters, state, blocks)
    finally:
        state.close()


def _blocks(
    context: Context, stage: Stage, readers: Readers, dead_letters: DeadLetters, until: Mapping[str, int] | None
) -> AsyncIterator[RecordedBlock]:
    if stage.blocks:
        inputs = [topic for topic in stage.reads if topic != stage.retries]
        recorded = RecordedBlocks(stage.name, readers[stage.blocks.name], readers, context.codec, until)
        return recorded.blocks() if len(inputs) > 1 else recorded.blocks_of(inputs[0].name, dead_letters.has)
    [source] = stage.reads
    return cut_into_blocks(readers[source.name], dead_letters.has)


@dataclass
class Folding:
    """A fold in progress: iterate over ``blocks``; each is in ``state`` when it is yielded."""

    context: Context
    stage: Stage
    partition: int
    dead_letters: DeadLetters
    state: StateStore | None
    recorded: AsyncIterator[RecordedBlock]
    records: int = 0
    tzdata: set[str] = field(default_factory=set)
    """Versions of the time zone data that the log was decided with, if other than this Rondo's."""
    foldable: set[Location] = field(default_factory=set)
    """Records that were dead-lettered, fold now, and were not put back."""

    async def blocks(self) -> AsyncIterator["ReplayedBlock"]:
        """Fold and yield each block. Raises ``Differs`` if it can't be folded as it was."""
        async for recorded in self.recorded:
            await self.context.codec.learn(raw.value for raw in recorded.raws)
            if recorded.tzdata not in {None, tzdata_version()}:
                self.tzdata.add(str(recorded.tzdata))
            for block in self._folded(recorded):
                self._check_dead_lettered(block)
                self._check_put_back(block)
                if self.state:
                    self.state.write(block.changes, 0, block.now)
                self.records += len(block.raws)
                yield block

    def notes(self) -> list[str]:
        """Return notes for the report, each as a clause."""
        dead = [f"{len(self.foldable)} dead-lettered records that fold today"] if self.foldable else []
        return dead + [f"decided with tzdata {version}, which this Rondo has not" for version in sorted(self.tzdata)]

    def _folded(self, recorded: RecordedBlock) -> Iterator["ReplayedBlock"]:
        try:
            yield self._fold(recorded, recorded.raws)
        except FoldError as error:
            if len(recorded.raws) > 1 and recorded.source:
                raise self._differs(recorded.raws[0], f"its block could be folded, but not again ({error}).") from error
            yield from (self._fold_alone(recorded, raw) for raw in recorded.raws)

    def _fold(self, recorded: RecordedBlock, raws: list[ConsumerRecord]) -> "ReplayedBlock":
        """Fold records except those with a dead letter, also if this fold can't reproduce the reason."""
        block = self._new(recorded, raws)
        fold(block)
        folds = [raw for raw in raws if self.dead_letters.has(raw) and raw.offset not in block.dead_lettered]
        if not folds:
            return block
        self.foldable |= {location(raw) for raw in folds}
        again = self._new(recorded, raws)
        again.passed_over = frozenset(raw.offset for raw in folds)
        if len(folds) < len(raws):
            fold(again)
        for raw in folds:
            again.dead_letter(raw, self.dead_letters.reason(raw))
        return again

    def _fold_alone(self, recorded: RecordedBlock, raw: ConsumerRecord) -> "ReplayedBlock":
        """Fold one record; dead-letter it if that fails, as the runtime does."""
        try:
            return self._fold(recorded, [raw])
        except FoldError as error:
            block = self._new(recorded, [raw])
            block.dead_letter(raw, str(error))
            return block

    def _new(self, recorded: RecordedBlock, raws: list[ConsumerRecord]) -> "ReplayedBlock":
        return ReplayedBlock(self.stage, self.context, self.partition, raws, self.state, recorded)

    def _check_dead_lettered(self, block: "ReplayedBlock") -> None:
        """Check that each record that fails has a dead letter."""
        for raw in block.raws:
            reason = block.dead_lettered.get(raw.offset)
            if reason is not None and not self.dead_letters.has(raw) and block.now >= self.dead_letters.since:
                raise self._differs(raw, f"it is dead-lettered ({reason}), but not among the dead letters.")

    def _check_put_back(self, block: "ReplayedBlock") -> None:
        """Check that only dead-lettered records are put back."""
        for record in block.put_back:
            if not self.dead_letters.covers(record.value):
                raise self._differs(record.raw, "it puts back what is not among the dead letters.")
            self.foldable.discard(location(record.value))

    def _differs(self, raw: ConsumerRecord, reason: str) -> Differs:
        return Differs(Difference(self.stage.name, self.partition, place(raw), reason))


class ReplayedBlock(Block):
    """A block with the records of a recorded one: it has no effects, and only notes which records it dead-letters."""

    logged = False

    def __init__(  # noqa: PLR0917 - called in this order
        self,
        stage: Stage,
        context: Context,
        partition: int,
        raws: list[ConsumerRecord],
        state: StateStore | None,
        recorded: RecordedBlock,
    ) -> None:
        super().__init__(stage, context, partition, raws, state=state, now=recorded.now)
        self.recorded_settings = {**self.recorded_settings, **recorded.settings}
        self.decision_version = recorded.version
        self.dead_lettered: dict[int, str] = {}
        """The reasons of dead-lettered records, by offset."""
        self.passed_over: frozenset[int] = frozenset()
        """The offsets of records that are not folded."""
        self.sources: list[str] = []
        """The record that each row came from."""
        self.changed_by: dict[bytes, ConsumerRecord] = {}
        """The record that changed each key last."""

    def __iter__(self) -> Iterator[Record]:
        return (record for record in super().__iter__() if record.raw.offset not in self.passed_over)

    def change(self, key: bytes, value: bytes | None) -> None:
        """Change the state, and note the record that did."""
        super().change(key, value)
        if self._folding:
            self.changed_by[key] = self._folding

    def row(self, query: str, values: tuple[object, ...]) -> None:
        """Write a row, and note the record that did."""
        super().row(query, values)
        if self._folding:
            self.sources.append(place(self._folding))

    def dead_letter(self, raw: ConsumerRecord, reason: str) -> None:
        """Note that a record is dead-lettered."""
        self.dead_lettered[raw.offset] = reason

    def after_commit(self, act: object, key: str | None = None, hand_over: object = None) -> None:
        """Do nothing: a replay has no effects."""


def fold(block: Block) -> None:
    """Fold a block as the stage's agent does. Raises ``FoldError``."""
    assert block.topic
    with block:
        fold_of(block.stage, block.topic)(block)
    block.folded.result()
