"""The eras of a partition: from one regrouping of stages to the next, a topology's blocks are those of the same stages.

A topology whose stages ran in others before begins with their state. So its partition is folded as the log was: the
former topologies' blocks first, each to its end, then its own. Each era is folded once, for all that begin with it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas import records as r
from schemas import topics
from schemas.codec import Serde
from schemas.kafka.log_reader import LogReader
from streams.replay.difference import Differs
from streams.replay.recorded_blocks import OtherVersion
from streams.runtime import Stage, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.tables import stage_of

Stages = Mapping[str, Stage]
"""Every stage that may have run in a topology, by name."""
_CHUNK = 1000


@dataclass(frozen=True, eq=False)
class Era:
    """The blocks of one topology in one partition from one regrouping to the next, or to now.

    ``begin`` and ``end`` bound its recorded blocks. ``offsets`` are the positions that it begins with, and ``outputs``
    where its output begins, by topic. Of an era that is over, ``positions`` are its last ones, and ``ends`` is where
    its output ends.
    """

    topology: Topology
    number: int
    begin: int
    end: int
    offsets: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, int] = field(default_factory=dict)
    former: tuple["Era", ...] = ()
    positions: Mapping[str, int] = field(default_factory=dict)
    ends: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int, int]:
        """What identifies it: no two eras of a topology begin at the same block."""
        return self.topology.name, self.number, self.begin

    @property
    def all(self) -> tuple["Era", ...]:
        """It and all that it goes back to, the latest first."""
        return (self, *(earlier for era in self.former for earlier in era.all))

    def at(self, topic: str) -> TopicPartition:
        """Return this partition of a topic."""
        return TopicPartition(topic, self.number)


@dataclass(frozen=True)
class Eras:
    """Reads the eras of topologies from their recorded blocks."""

    kafka: str
    codec: Serde
    stages: Stages

    async def current(self, topology: Topology, number: int, end: int) -> Era:
        """Return the era in which a topology's recorded blocks end at ``end``, with all that it goes back to.

        Raises ``OtherVersion`` if a stage of an earlier one is none of ``stages``.
        """
        begin, found = await self._regrouping(topology, number, end)
        if found is None:
            return Era(topology, number, 0, end)
        former = [await self._former(each, number) for each in found.former]
        outputs = {topic: at for era in former for topic, at in era.ends.items()}
        return Era(topology, number, begin, end, found.offsets, outputs, tuple(former))

    async def _former(self, found: r.Former, number: int) -> Era:
        blocks = topics.blocks(found.topology).name
        if unknown := {*found.stages} - self.stages.keys():
            version = f"of a Rondo with the stages {', '.join(sorted(unknown))}"
            raise OtherVersion(f"{blocks}/{number}/{found.ends[blocks]}", version)
        topology = Topology(found.topology, tuple(self.stages[name] for name in found.stages))
        era = await self.current(topology, number, found.ends[blocks])
        return replace(era, positions=found.offsets, ends=found.ends)

    async def _regrouping(self, topology: Topology, number: int, end: int) -> tuple[int, r.Regrouping | None]:
        """Return the last regrouping among the recorded blocks before ``end``, and the offset behind it.

        It is searched from the end backwards, so that each block is read once, however often stages were regrouped:
        those of the era, which are folded afterwards anyway. Nothing but a regrouping itself says that there was one,
        so where there was none all are read: 1,000,000 blocks take 3 s of CPU.
        """
        assert topology.blocks
        at, found = TopicPartition(topology.blocks.name, number), dict[TopicPartition, ConsumerRecord]()
        async with LogReader.of(self.kafka) as reader:
            begin, _ = (await reader.bounds([at]))[at]
            async with aclosing(reader.last({at: (begin, end)}, found)) as raws:
                async for raw in raws:
                    await self.codec.learn([raw.value])
                    if self.codec.kind(raw.value) is r.Regrouping:
                        found[at] = raw
        if (last := found.get(at)) is None:
            return 0, None
        return last.offset + 1, cast("r.Regrouping", self.codec.decode(last.value))


@dataclass(frozen=True)
class _Folded:
    """What an era that is over led to: its state, and the timers whose records had led to nothing yet."""

    state: StateStore
    fired: set[str]


Fold = Callable[[Era, StateStore, "Past"], Awaitable[set[str]]]
"""Folds an era that is over into a new state, and returns the timers whose records had led to nothing yet."""


class Past:
    """The states that eras led to, in databases under a directory, each folded once by a function.

    So is one that can't be folded: its error is that of all that begin with it.
    """

    def __init__(self, fold: Fold, at: Path) -> None:
        self._fold, self._at = fold, at
        self._folded: dict[tuple[str, int, int], _Folded] = {}
        self._failed: dict[tuple[str, int, int], Differs | OtherVersion] = {}

    async def begin(self, era: Era, state: StateStore) -> set[str]:
        """Write the state that an era begins with; return the timers whose records had led to nothing by then.

        Raises ``Differs``, ``OtherVersion``.
        """
        fired: set[str] = set()
        for former in era.former:
            folded = await self._of(former)
            fired |= folded.fired
            for changes in _of_stages(folded.state, {stage.name for stage in era.topology.stages}):
                state.write(changes, 0, 0)
        return fired

    async def _of(self, era: Era) -> _Folded:
        if failed := self._failed.get(era.key):
            raise failed
        if (folded := self._folded.get(era.key)) is None:
            folded = self._folded[era.key] = await self._fold_new(era)
        return folded

    async def _fold_new(self, era: Era) -> _Folded:
        state = StateStore(self._at / f"{era.topology.name}-{era.number}-{era.begin}")
        try:
            return _Folded(state, await self._fold(era, state, self))
        except BaseException as error:
            state.close()
            if isinstance(error, Differs | OtherVersion):  # what it has folded until there stays on the disk
                self._failed[era.key] = error
            raise

    def close(self) -> None:
        """Close the databases."""
        for folded in self._folded.values():
            folded.state.close()


def _of_stages(state: StateStore, stages: set[str]) -> Iterator[dict[bytes, bytes | None]]:
    """Yield a state's entries of these stages, in chunks."""
    chunk: dict[bytes, bytes | None] = {}
    for key, value in state.items():
        if stage_of(key) in stages:
            chunk[key] = value
            if len(chunk) == _CHUNK:
                yield chunk
                chunk = {}
    yield chunk


@asynccontextmanager
async def past(fold: Fold, at: Path) -> AsyncIterator[Past]:
    """Keep the states of earlier eras for the duration of the context."""
    found = Past(fold, at)
    try:
        yield found
    finally:
        found.close()
