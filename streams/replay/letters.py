"""A stage's dead letters: which records it set aside, also for what a fold can't know, as what a broker refused."""

from dataclasses import dataclass, field

from aiokafka import TopicPartition

from schemas import clock
from schemas import records as r
from schemas.codec import Serde
from schemas.topics import DAYS, DEAD_LETTERS
from streams.reading import settled_ends, tapes

_NOWHERE = -1
_MARGIN = DAYS  # for a replay that takes long, and clocks that differ

Where = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass
class Letters:
    """A stage's dead letters. Those of before ``since`` may have been deleted by their age."""

    since: int
    reasons: dict[Where, list[str]] = field(default_factory=dict)
    timers: set[tuple[int, str]] = field(default_factory=set)
    """Partition and id of the timers that were set aside."""


async def read(kafka: str, codec: Serde, stage: str) -> Letters:
    """Read the dead letters of a stage, as they stand once the transactions that are open have ended."""
    at = TopicPartition(DEAD_LETTERS.name, 0)
    found = Letters(since=clock.now() - DEAD_LETTERS.retention + _MARGIN)
    async with tapes(kafka, await settled_ends(kafka, [at])) as opened:
        async for raw in opened[at]:
            await codec.learn([raw.value])
            letter = codec.decode(raw.value)
            if isinstance(letter, r.DeadLetter) and letter.stage == stage:
                _add(found, letter)
    return found


def _add(found: Letters, letter: r.DeadLetter) -> None:
    if letter.offset == _NOWHERE:
        found.timers.add((letter.partition, (letter.key or b"").decode()))
    else:
        found.reasons.setdefault((letter.topic, letter.partition, letter.offset), []).append(letter.reason)
