"""The records that each block of a partition took.

A topology with state records that, and a replay follows it exactly: state may depend on how the inputs were interleaved
and on where blocks ended. Views must not, so their blocks are cut arbitrarily.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from aiokafka.structs import ConsumerRecord

from domain.decision import DECIDABLE, VERSION
from schemas import records as r
from schemas.codec import Serde
from schemas.kafka.partition_reader import PartitionReader
from streams.replay.difference import Difference, Differs
from streams.runtime import Topology
from streams.runtime.record import place

_MOST = 1000

Readers = Mapping[str, PartitionReader]
"""A partition of each topic."""


class OtherVersion(RuntimeError):
    """From a block on, the log was decided by another decision version: deciding again would prove nothing."""

    def __init__(self, source: str, version: str) -> None:
        self.clause = f"{source} was decided by decision version {version}, and this Rondo has {VERSION}"
        """The place and the versions."""
        super().__init__(f"{self.clause}: replay it with a Rondo of that version, --until where the next one began.")


@dataclass(frozen=True)
class RecordedBlock:
    """The records of one block, and its recorded settings. ``source`` is the place of the recorded block."""

    raws: list[ConsumerRecord]
    now: int
    settings: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    tzdata: str | None = None
    version: str = VERSION


class RecordedBlocks:
    """Follows ``<topology>-blocks`` from the positions ``begins`` until ``until`` are reached, or to its end."""

    def __init__(  # noqa: PLR0917 - called once, in this order
        self,
        topology: Topology,
        recorded: PartitionReader,
        inputs: Readers,
        codec: Serde,
        until: Mapping[str, int] | None,
        begins: Mapping[str, int],
    ) -> None:
        self._topology = topology.name
        self._notices = topology.handed
        self._recorded = recorded
        self._inputs = inputs
        self._codec = codec
        self._until = until
        self._positions = {topic: offset for topic, offset in begins.items() if offset}

    async def blocks(self) -> AsyncIterator[RecordedBlock]:
        """Yield the blocks. Raises ``Differs``, ``OtherVersion``."""
        while self._positions != self._until and (found := await self._next()):
            raw, block = found
            source = place(raw)
            if block.rules not in DECIDABLE:
                raise OtherVersion(source, block.rules)
            raws = await self._inputs_of(raw, block)
            self._positions[block.topic] = block.last + 1
            if self._until is not None and block.last >= self._until.get(block.topic, 0):
                break
            yield RecordedBlock(raws, raw.timestamp, block.given, source, block.tzdata, block.rules)
        if self._until is not None and self._positions != self._until:
            said = "the recorded blocks don't lead to the position:"
            values = {"current": repr(dict(self._until)), "replayed": repr(self._positions)}
            at = self._recorded.at
            raise Differs(Difference(self._topology, at.partition, at.topic, said, **values))

    async def _next(self) -> tuple[ConsumerRecord, r.Block] | None:
        raw = await self._recorded.peek()
        return None if raw is None else await self._read(raw)

    async def _read(self, raw: ConsumerRecord) -> tuple[ConsumerRecord, r.Block]:
        await anext(self._recorded)
        await self._codec.learn([raw.value])
        block = self._codec.decode(raw.value)
        assert isinstance(block, r.Block)
        return raw, block

    async def _inputs_of(self, raw: ConsumerRecord, block: r.Block) -> list[ConsumerRecord]:
        """Return the records that a block took. Raises ``Differs`` if its input has others."""
        raws = await self._inputs[block.topic].through(block.last)
        if block.topic in self._notices:  # those of timers that were sent again are outputs of another block
            raws = [raw for raw in raws if raw.offset >= block.first]
        found = (raws[0].offset, raws[-1].offset, len(raws)) if raws else (None, None, 0)
        if found != (block.first, block.last, block.records):
            said = f"{block.topic} {block.first} to {block.last}, {block.records} records"
            holds = f"{found[0]} to {found[1]}, {found[2]} records"
            reason = "the block is not what its input holds:"
            raise Differs(Difference(self._topology, raw.partition, place(raw), reason, current=said, replayed=holds))
        return raws


async def cut_into_blocks(source: PartitionReader) -> AsyncIterator[RecordedBlock]:
    """Cut an input into blocks, for a topology whose result does not depend on how they are cut: views."""
    raws: list[ConsumerRecord] = []
    async for raw in source:
        if len(raws) == _MOST:
            yield RecordedBlock(raws, raws[-1].timestamp)
            raws = []
        raws.append(raw)
    if raws:
        yield RecordedBlock(raws, raws[-1].timestamp)
