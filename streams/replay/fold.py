"""Folds one partition of a topology again from the beginning of the log, by the stages' own functions.

State is a RocksDB in a temporary directory, so memory is bounded for any log.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from domain.times import tzdata_version
from schemas import records as r
from schemas.codec import Serde
from schemas.kafka.log_reader import Ends, partition_readers
from schemas.topics import Topic
from streams.replay.dead_letters import DeadLetters, Location, location
from streams.replay.difference import Difference, Differs
from streams.replay.eras import Era, Past
from streams.replay.recorded_blocks import RecordedBlock, RecordedBlocks
from streams.runtime import Block, Context, Record, Stage, Topology, poison
from streams.runtime.put_back import Subject
from streams.runtime.record import Raw, place
from streams.runtime.rocksdb import StateStore
from streams.runtime.verdicts import FoldError, StageError


@asynccontextmanager
async def folding(  # noqa: PLR0917 - called in this order
    context: Context,
    era: Era,
    dead_letters: DeadLetters,
    until: Mapping[str, int] | None,
    ends: Ends,
    past: Past,
    at: StateStore,
) -> AsyncIterator["Folding"]:
    """Prepare to fold an era into a new state ``at``: up to the positions ``until``, or up to ``ends``.

    The state begins with what the eras before led to.
    """
    assert era.topology.blocks
    fired = await past.begin(era, at)
    inputs = [topic.name for topic in recordable(era.topology)]
    begins = {name: era.offsets.get(name, 0) for name in inputs}
    if until is not None:
        until = {name: offset for name, offset in until.items() if offset}
        reads = {era.at(name): until.get(name, 0) for name in inputs}
    else:
        reads = {era.at(name): ends[era.at(name)] for name in inputs}
    blocks = era.topology.blocks.name
    starts = {era.at(name): begin for name, begin in {**begins, blocks: era.begin}.items()}
    async with partition_readers(context.settings.kafka, {**reads, era.at(blocks): era.end}, starts) as readers:
        by_name = {reader.at.topic: reader for reader in readers.values()}
        recorded = RecordedBlocks(era.topology, by_name[blocks], by_name, context.codec, until, begins)
        yield Folding(context, era.topology, era.number, dead_letters, at, recorded.blocks(), fired=fired)


def recordable(topology: Topology) -> tuple[Topic, ...]:
    """Return the topics that recorded blocks name: the inputs, and those of notices that were handed on."""
    notices = (topic for stage in topology.timed for topic in stage.timer_outputs if topic.name in topology.handed)
    return (*topology.reads, *notices)


@dataclass
class Folding:
    """A fold in progress: iterate over ``blocks``; each is in ``state`` when it is yielded."""

    context: Context
    topology: Topology
    partition: int
    dead_letters: DeadLetters
    state: StateStore | None
    recorded: AsyncIterator[RecordedBlock]
    records: int = 0
    fired: set[str] = field(default_factory=set)
    """The timers of earlier eras whose records had led to nothing yet."""
    tzdata: set[str] = field(default_factory=set)
    """Versions of the time zone data that the log was decided with, if other than this Rondo's."""
    foldable: set[tuple[str, Location]] = field(default_factory=set)
    """Records that were dead-lettered by a stage, fold now, and were not put back."""

    async def blocks(self) -> AsyncIterator["ReplayedBlock"]:
        """Fold and yield each block. Raises ``Differs`` if it can't be folded as it was."""
        async for recorded in self.recorded:
            await self.context.codec.learn(raw.value for raw in recorded.raws)
            if recorded.tzdata not in {None, tzdata_version()}:
                self.tzdata.add(str(recorded.tzdata))
            block = self._folded(recorded)
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

    def _folded(self, recorded: RecordedBlock) -> "ReplayedBlock":
        block = ReplayedBlock(self.topology, self.context, self.partition, self.state, recorded, self.dead_letters)
        try:
            fold(block)
        except (FoldError, StageError) as error:
            reason = f"its block could be folded, but not again ({error})."
            raise self._differs(recorded.raws[0], reason) from error
        self.foldable |= block.foldable
        return block

    def _check_dead_lettered(self, block: "ReplayedBlock") -> None:
        """Check that each record that fails has a dead letter."""
        for stage, raw, reason in block.failed:
            if block.now >= self.dead_letters.since:
                said = f"{stage} dead-letters it ({reason}), and it is not among the dead letters."
                raise self._differs(raw, said)

    def _check_put_back(self, block: "ReplayedBlock") -> None:
        """Check that only dead-lettered records are put back."""
        for record in block.put_back:
            retry = record.value
            if not self.dead_letters.covers(retry):
                said = f"{retry.stage} puts back by it what is not among the dead letters."
                raise self._differs(record.raw, said)
            self.foldable.discard((retry.stage, location(retry)))

    def _differs(self, raw: Raw, reason: str) -> Differs:
        return Differs(Difference(self.topology.name, self.partition, place(raw), reason))


class _Noted(poison.DeadLetters):
    """The dead letters of a replayed block: only noted, by stage."""

    def __init__(self, partition: int, now: int) -> None:
        super().__init__(partition, now)
        self.noted: list[tuple[str, Raw | None, str]] = []
        """Stage, record and reason; None for a timer, which is no record."""

    def __len__(self) -> int:
        return len(self.noted)

    def add(self, stage: str, raw: Raw, reason: str) -> None:
        """Note that a stage can't fold a record."""
        self.noted.append((stage, raw, reason))

    def add_timer(self, stage: str, changelog: str, timer: r.Timer, codec: Serde, reason: str) -> None:  # noqa: ARG002
        """Note that a stage can't answer a timer."""
        self.noted.append((stage, None, reason))

    def truncate(self, number: int) -> None:
        """Keep only the first ones."""
        del self.noted[number:]


class ReplayedBlock(Block):
    """A block with the records of a recorded one. It has no effects, and leaves out what was dead-lettered then."""

    logged = False

    def __init__(  # noqa: PLR0917 - called in this order
        self,
        topology: Topology,
        context: Context,
        partition: int,
        state: StateStore | None,
        recorded: RecordedBlock,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(topology, context, partition, recorded.raws, state=state, now=recorded.now)
        self.recorded_settings = {**self.recorded_settings, **recorded.settings}
        self.decision_version = recorded.version
        self.tzdata = recorded.tzdata or self.tzdata
        self.foldable: set[tuple[str, Location]] = set()
        """Records that were dead-lettered by a stage, and fold now."""
        self.sources: list[str] = []
        """The record that each row came from."""
        self.changed_by: dict[bytes, Raw] = {}
        """The record of the log that changed each key last."""
        self._dead_letters = dead_letters
        self.dead: _Noted = _Noted(partition, recorded.now)

    @property
    def failed(self) -> list[tuple[str, Raw, str]]:
        """Records that a stage could not fold, and has no dead letter of, with the reason."""
        records = ((stage, raw, reason) for stage, raw, reason in self.dead.noted if raw)
        return [one for one in records if self._dead_letters.reason(one[0], one[1]) is None]

    def accepts(self, stage: Stage, record: Record) -> bool:
        """Return whether a fold counts: not if the record was dead-lettered, even if that can't be reproduced."""
        reason = self._dead_letters.reason(stage.name, record.raw)
        if reason is None or self.dead_lettered:
            return True
        self.take_back()
        self.foldable.add((stage.name, self._dead_letters.place(stage.name, record.raw)))
        self.dead.add(stage.name, record.raw, reason)
        self.keep()  # else it counts as a dead letter of the next stage's fold, too
        return False

    def has_led_to(self, subject: Subject) -> bool:  # noqa: ARG002
        """Return False: which retries had been overtaken is recorded with the block."""
        return False

    def _save(self) -> None:
        """Note which record changed the state and wrote rows, once that stays."""
        if self.root:
            self.changed_by |= dict.fromkeys((key for key, _ in self._before), self.root)
        if new := len(self.rows) - len(self.sources):
            self.sources += [place(self.record.raw)] * new
        super()._save()

    def after_commit(self, act: object, key: str | None = None, hand_over: object = None) -> None:
        """Do nothing: a replay has no effects."""


def fold(block: Block) -> None:
    """Fold a block as an agent does. Raises ``FoldError``, ``StageError``."""
    with block:
        block.fold()
    block.folded.result()
