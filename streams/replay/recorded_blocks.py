"""Which records each block of a partition took.

A stage with several inputs has put that on record, and a replay follows it to the record: state may depend on how the
inputs interleaved and on where blocks ended. For a stage with one input it must not, so any cut will do; and so for the
part of the log that such a stage took before it read retries, too.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from aiokafka.structs import ConsumerRecord

from domain.decision import DECIDABLE, VERSION
from schemas import records as r
from schemas.codec import Serde
from streams.kafka.partition_reader import PartitionReader
from streams.replay.difference import Difference, Differs
from streams.runtime.block import place

_MOST = 1000


class OtherRules(RuntimeError):
    """The log was decided under other rules than this Rondo's from a block on: deciding again would say nothing."""

    def __init__(self, source: str, rules: str) -> None:
        self.told = f"{source} was decided under version {rules} of the rules, and this Rondo has {VERSION}"
        """Where and under which, as a clause."""
        super().__init__(f"{self.told}: replay it with a Rondo of that version, --until where the next one began.")


@dataclass(frozen=True)
class Taken:
    """The records of one block, and under what it was folded. ``source`` is where that is recorded."""

    raws: list[ConsumerRecord]
    now: int
    given: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    tzdata: str | None = None
    rules: str = VERSION


class Recorded:
    """Follows ``<stage>-blocks`` until the positions ``until`` are reached, or to its end."""

    def __init__(
        self,
        stage: str,
        tape: PartitionReader,
        inputs: Mapping[str, PartitionReader],
        codec: Serde,
        until: Mapping[str, int] | None,
    ) -> None:
        self._stage = stage
        self._tape = tape
        self._inputs = inputs
        self._codec = codec
        self._until = until
        self._ahead: deque[tuple[ConsumerRecord, r.Block]] = deque()
        self._positions: dict[str, int] = {}

    async def blocks(self, *, ruled: bool = True) -> AsyncIterator[Taken]:
        """Yield the blocks; ``ruled`` says whether those of other rules are refused."""
        while self._positions != self._until and (found := await self._next()):
            raw, block = found
            source = place(raw)
            if ruled:
                _same_rules(block, source)
            raws = await self._taken(raw, block)
            self._positions[block.topic] = block.last + 1
            if self._until is not None and block.last >= self._until.get(block.topic, 0):
                break
            yield Taken(raws, raw.timestamp, block.given, source, block.tzdata, block.rules)
        if self._until is not None and self._positions != self._until:
            said = "the recorded blocks don't lead to the position:"
            values = {"stands": repr(dict(self._until)), "replayed": repr(self._positions)}
            raise Differs(Difference(self._stage, self._tape.at.partition, self._tape.at.topic, said, **values))

    async def blocks_behind(self, source: str, alone: Callable[[ConsumerRecord], bool]) -> AsyncIterator[Taken]:
        """Yield the blocks of a stage whose only input was ``source`` before it read retries: any cut does until then.

        It decides by no rules that have a version.
        """
        if begin := await self._begin(source):
            async for taken in formed(self._inputs[source], alone, begin):
                yield taken
            self._positions[source] = begin
        async for taken in self.blocks(ruled=False):
            yield taken

    async def _begin(self, source: str) -> int:
        """Return the offset from which on it is on record how a topic was taken; where it never is, its end."""
        while (raw := await self._tape.peek()) is not None:
            self._ahead.append(read := await self._read(raw))
            if read[1].topic == source:
                return read[1].first
        return self._inputs[source].end

    async def _next(self) -> tuple[ConsumerRecord, r.Block] | None:
        if self._ahead:
            return self._ahead.popleft()
        raw = await self._tape.peek()
        return None if raw is None else await self._read(raw)

    async def _read(self, raw: ConsumerRecord) -> tuple[ConsumerRecord, r.Block]:
        await anext(self._tape)
        await self._codec.learn([raw.value])
        block = self._codec.decode(raw.value)
        assert isinstance(block, r.Block)
        return raw, block

    async def _taken(self, raw: ConsumerRecord, block: r.Block) -> list[ConsumerRecord]:
        """Return the records that a block took; raise ``Differs`` where its input holds others."""
        raws = await self._inputs[block.topic].through(block.last)
        found = (raws[0].offset, raws[-1].offset, len(raws)) if raws else (None, None, 0)
        if found != (block.first, block.last, block.records):
            said = f"{block.topic} {block.first} to {block.last}, {block.records} records"
            holds = f"{found[0]} to {found[1]}, {found[2]} records"
            reason = "the block is not what its input holds:"
            raise Differs(Difference(self._stage, raw.partition, place(raw), reason, stands=said, replayed=holds))
        return raws


async def formed(
    source: PartitionReader, alone: Callable[[ConsumerRecord], bool], end: int | None = None
) -> AsyncIterator[Taken]:
    """Cut a stage's only input into blocks, to its end or before the offset ``end``.

    A record that may have been set aside by the runtime gets a block of its own.
    """
    raws: list[ConsumerRecord] = []
    while (raw := await source.peek()) and (end is None or raw.offset < end):
        await anext(source)
        if raws and (alone(raw) or alone(raws[-1]) or len(raws) == _MOST):
            yield Taken(raws, raws[-1].timestamp)
            raws = []
        raws.append(raw)
    if raws:
        yield Taken(raws, raws[-1].timestamp)


def _same_rules(block: r.Block, source: str) -> None:
    if block.rules not in DECIDABLE:
        raise OtherRules(source, block.rules)
