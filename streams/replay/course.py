"""Which records each block of a partition took.

A stage with several inputs has put that on record, and a replay follows it to the record: state may depend on how the
inputs interleaved and on where blocks ended. For a stage with one input it must not, so any cut will do.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from aiokafka.structs import ConsumerRecord

from schemas import records as r
from schemas.codec import Serde
from streams.reading import Tape
from streams.replay.difference import Difference, Differs
from streams.runtime.block import DECIDABLE, RULES, place

_MOST = 1000


class OtherRules(RuntimeError):
    """The log was decided under other rules than this Rondo's from a block on: deciding again would say nothing."""

    def __init__(self, source: str, rules: str) -> None:
        self.told = f"{source} was decided under version {rules} of the rules, and this Rondo has {RULES}"
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
    rules: str = RULES


async def recorded(
    stage: str, blocks: Tape, inputs: Mapping[str, Tape], codec: Serde, until: Mapping[str, int] | None
) -> AsyncIterator[Taken]:
    """Follow ``<stage>-blocks`` until the positions ``until`` are reached, or to its end."""
    positions: dict[str, int] = {}
    while positions != until and (raw := await blocks.peek()):
        await anext(blocks)
        await codec.learn([raw.value])
        block = codec.decode(raw.value)
        assert isinstance(block, r.Block)
        source = place(raw)
        _same_rules(block, source)
        raws = await inputs[block.topic].through(block.last)
        found = (raws[0].offset, raws[-1].offset, len(raws)) if raws else (None, None, 0)
        if found != (block.first, block.last, block.records):
            said = f"{block.topic} {block.first} to {block.last}, {block.records} records"
            holds = f"{found[0]} to {found[1]}, {found[2]} records"
            raise Differs(
                Difference(
                    stage, raw.partition, source, "the block is not what its input holds:", stands=said, replayed=holds
                )
            )
        positions[block.topic] = block.last + 1
        if until is not None and positions[block.topic] > until.get(block.topic, 0):
            break
        yield Taken(raws, raw.timestamp, block.given, source, block.tzdata, block.rules)
    if until is not None and positions != until:
        raise Differs(
            Difference(
                stage,
                blocks.at.partition,
                blocks.at.topic,
                "the recorded blocks don't lead to the position:",
                stands=repr(dict(until)),
                replayed=repr(positions),
            )
        )


async def formed(source: Tape, alone: Callable[[ConsumerRecord], bool]) -> AsyncIterator[Taken]:
    """Cut a stage's only input into blocks; a record that may have been set aside by the runtime gets one alone."""
    raws: list[ConsumerRecord] = []
    async for raw in source:
        if raws and (alone(raw) or alone(raws[-1]) or len(raws) == _MOST):
            yield Taken(raws, raws[-1].timestamp)
            raws = []
        raws.append(raw)
    if raws:
        yield Taken(raws, raws[-1].timestamp)


def _same_rules(block: r.Block, source: str) -> None:
    if block.rules not in DECIDABLE:
        raise OtherRules(source, block.rules)
