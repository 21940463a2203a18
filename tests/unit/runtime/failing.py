"""Stages whose folds and timers fail where they were drawn to, and an operator who sends their dead letters again."""

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Collection
from copy import copy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, cast
from zlib import crc32

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from rondo.operator import resending
from rondo.operator.dead_letters import DeadLetterRecord
from schemas import ids
from schemas import records as r
from schemas.envelope import Source, seal
from schemas.kafka.log_reader import Bounds, Ends
from schemas.topics import RETRIES
from streams.runtime import Block, Stage, Topology, retries
from tests.unit.runtime.test_grouping import BEGIN, CORE, Grouping, Machine


class Failure(Exception):
    """What a fold raises that has been chosen to fail."""


@dataclass
class Faults:
    """Which folds of some stages fail, and how often: by stage and record, however stages are grouped."""

    seed: int
    stages: frozenset[str]
    folded: Counter[tuple[str, str]] = field(default_factory=Counter)

    def draw(self, *what: object) -> int:
        return crc32(repr((self.seed, what)).encode()) >> 4

    def failing(self, stage: Stage) -> Stage:
        """Return a copy of a stage that fails where it was drawn to: before it does anything, or after it did all."""
        if stage.name not in self.stages:
            return stage
        folds = {topic: self._failing(stage.name, fold, _record) for topic, fold in stage.folds.items()}
        fires = self._failing(stage.name, stage.punctuate, _timer) if stage.punctuate else None
        found = copy(stage)  # its tables are those of the other, which is frozen
        vars(found).update(folds=folds, punctuate=fires)
        return found

    def _failing(self, stage: str, fold: Any, name: Any) -> Any:
        def folds(block: Block, value: Any) -> None:
            one = name(block, value)
            drawn = self.draw(stage, one)
            fails = self.folded[stage, one] < (0, 0, 0, 0, 1, 1, 2)[drawn % 7]
            self.folded[stage, one] += 1
            if fails and drawn & 1024:
                raise Failure(f"before: {one}")
            fold(block, value)
            if fails:
                raise Failure(f"after: {one}")

        return folds


def _record(block: Block, _: Any) -> str:
    raw = block.record.raw
    return f"{raw.topic} {dict(raw.headers)['ce_id'].decode()}"


def _timer(_: Block, timer: r.Timer) -> str:
    return f"timer {timer.id} {timer.due}"


class Letter(NamedTuple):
    """A dead letter, by what is the same in every grouping."""

    died: int
    stage: int
    topic: str
    offset: int
    key: bytes


class Searched:
    """The topics of a machine, as a broker's."""

    def __init__(self, topics: dict[str, list[ConsumerRecord]]) -> None:
        self._topics = topics

    async def ends(self, partitions: Collection[TopicPartition]) -> Ends:
        return {tp: len(self._topics.get(tp.topic, ())) for tp in partitions}

    async def bounds(self, partitions: Collection[TopicPartition]) -> Bounds:
        return {tp: (0, end) for tp, end in (await self.ends(partitions)).items()}

    async def between(self, bounds: Bounds) -> AsyncGenerator[ConsumerRecord, None]:
        for tp, (start, end) in bounds.items():
            for record in self._topics.get(tp.topic, [])[start:end]:
                yield record


class Failing(Machine):
    """A machine whose stages fail, and an operator who sends their dead letters again."""

    def __init__(self, grouping: Grouping, at: Path, seed: int, faults: Faults) -> None:
        super().__init__(grouping, at, seed)
        self.faults, self.log = faults, Searched(self.topics)
        self.topologies = [Topology(one.name, tuple(map(faults.failing, one.stages))) for one in self.topologies]
        self.dead: dict[Letter, DeadLetterRecord] = {}
        self.died: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        """The dead letters of each stage's inputs, in order: offset and reason."""
        self.numbers = count()
        self.now = BEGIN
        """The time of blocks: it moves when dead letters are sent again, and when timers fire."""

    async def work(self) -> None:
        """Fold until there is nothing left."""
        while [topology for topology in self._drawn() if await self._folds(topology)]:
            pass

    async def timers_fire(self) -> None:
        """Take all timers that are due, of one stage after the other: several at the same time have no order."""
        for name in CORE:
            while [one for one in self._drawn() if (stage := one.stage(name)) and self._takes(one, stage)]:
                await self.work()

    def _drawn(self) -> list[Topology]:
        return self.chance.sample(self.topologies, len(self.topologies))

    def _takes(self, topology: Topology, stage: Stage) -> bool:
        return bool(stage.timers) and self._punctuate(topology, stage, self.now)

    async def _folds(self, topology: Topology) -> bool:
        folded = False
        for topic in topology.reads:
            at, most = self.positions.get((topology.name, topic.name), 0), self.chance.randint(1, 5)
            if raws := self.topics.get(topic.name, [])[at : at + most]:
                await self._fold(topology, self.block(topology, raws, self.now))
                folded = True
        return folded

    async def _fold(self, topology: Topology, block: Block) -> None:
        positions = {topic.name: self.positions.get((topology.name, topic.name), 0) for topic in topology.reads}
        if block.topic == RETRIES.name:
            await retries.prepare(block, positions, self.log)
        with block:
            block.fold()
        self.commit(block)
        block.rest()
        self.positions |= {(topology.name, topic): offset for topic, offset in block.after(positions).items()}

    def commit(self, block: Block) -> None:
        block.folded.result()
        before = {topic: len(self.topics.get(topic, ())) for topic in block.outputs}
        for out in block.dead.envelopes(self.codec, lambda topic, index: before[topic] + index):
            self._dies(cast("r.DeadLetter", self.codec.decode(out.value)))
        block.dead.truncate(0)
        super().commit(block)

    def _dies(self, dead: r.DeadLetter) -> None:
        self.died[dead.stage, unnamed(dead.topic)].append((dead.offset, dead.reason))
        first = cast("r.Retry", self.codec.decode(dead.value)) if dead.topic == RETRIES.name else dead
        died = first.died_at if isinstance(first, r.Retry) else dead.at
        letter = Letter(died, CORE.index(first.stage), unnamed(first.topic), first.offset, first.key or b"")
        place = (first.stage, first.topic, first.partition, first.offset)
        self.dead[letter] = DeadLetterRecord(*place, died, first.key, first.value, first.headers, [next(self.numbers)])

    async def send_again(self, drawn: Collection[Letter], *, at_once: bool) -> None:
        """Send dead letters again, in the order of the log: one after the other, or ``at_once``."""
        ordered = sorted(drawn)
        self.now += 1
        for chosen in [ordered] if at_once else [[one] for one in ordered]:
            dead = [self.dead.pop(one) for one in chosen]
            found = await resending.look(cast("resending.Log", self), dead)
            for one in dead:
                self._sends(one, found[one.number])
            await self.work()

    def _sends(self, one: DeadLetterRecord, later: resending.Later) -> None:
        retry = r.Retry(
            id=ids.derive("retry", len(self.topics.get(RETRIES.name, ()))),
            user="ann",
            at=self.now,
            stage=one.stage,
            letter=one.number,
            died_at=one.died,
            topic=one.topic,
            partition=0,
            offset=one.offset,
            reason="",
            key=one.key,
            value=one.value,
            headers=one.headers,
            seen=later.seen,
            later=later.found,
        )
        self.append(RETRIES.name, seal(retry, self.codec.encode(RETRIES.name, retry), Source.RESENT))

    # What ``resending.look`` reads.

    @property
    def reader(self) -> Searched:
        return self.log

    @property
    def stages(self) -> dict[str, Stage]:
        return {stage.name: stage for topology in self.topologies for stage in topology.stages}

    def seen(self) -> tuple[Any, ...]:
        """What must be the same in every grouping."""
        written = {topic: raws for topic, raws in self.written().items() if topic != RETRIES.name}
        kept = {key: value for key, value in self.kept().items() if b"/retried\x00" not in key}
        put_back = sorted(unnamed(key.decode(errors="replace")) for key in self.kept() if b"/retried\x00" in key)
        return written, kept, put_back, dict(self.died)


def unnamed(place: str) -> str:
    """Return a place, or a topic, without the name of the topology whose changelog it is."""
    for name in CORE:
        place = place.replace(f"{name}-changelog", "changelog")
    return place
