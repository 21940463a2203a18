"""A stage's dead letters: which records it set aside, also for what a fold can't know, as what a broker refused.

Those that views have put back count as if they had never been: views went back, and folded them in their place.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas import clock
from schemas import records as r
from schemas.codec import Serde, Undecodable
from schemas.topics import DAYS, DEAD_LETTERS
from streams.kafka.hidden import settled_ends
from streams.kafka.log_reader import partition_readers

_NOWHERE = -1
_MARGIN = DAYS  # for a replay that takes long, and clocks that differ

Where = tuple[str, int, int]
"""Topic, partition, offset."""
Until = tuple[TopicPartition, int]


@dataclass
class DeadLetters:
    """A stage's dead letters. Those of before ``since`` may have been deleted by their age."""

    since: int
    reasons: dict[Where, list[str]] = field(default_factory=dict)
    timers: set[tuple[int, str]] = field(default_factory=set)
    """Partition and id of the timers that were set aside."""
    newest: dict[Where, int] = field(default_factory=dict)
    """The offset of each record's last letter."""

    def has(self, raw: ConsumerRecord) -> bool:
        """Tell whether a record is among the dead letters."""
        return (raw.topic, raw.partition, raw.offset) in self.reasons

    def hold(self, retry: r.Retry) -> bool:
        """Tell whether a letter stands for what is sent again, or is too old to stand still."""
        if retry.died_at < self.since:
            return True
        if retry.offset == _NOWHERE:
            return (retry.partition, (retry.key or b"").decode()) in self.timers
        return (retry.topic, retry.partition, retry.offset) in self.reasons


async def read(kafka: str, codec: Serde, stage: str) -> DeadLetters:
    """Read the dead letters of a stage, as they stand once the transactions that are open have ended."""
    at = TopicPartition(DEAD_LETTERS.name, 0)
    found = DeadLetters(since=clock.now() - DEAD_LETTERS.retention + _MARGIN)
    async with partition_readers(kafka, await settled_ends(kafka, [at])) as opened:
        async for raw in opened[at]:
            await codec.learn([raw.value])
            letter = codec.decode(raw.value)
            if isinstance(letter, r.DeadLetter) and letter.stage == stage:
                _add(found, raw.offset, letter)
    return found


async def without_put_back(
    letters: DeadLetters, kafka: str, codec: Serde, stage: str, until: Iterable[Until]
) -> DeadLetters:
    """Return a stage's letters but for those that are sent again before these places, and were not set aside since."""
    async with partition_readers(kafka, dict(until)) as opened:
        for tape in opened.values():
            async for raw in tape:
                await codec.learn([raw.value])
                with suppress(Undecodable):
                    retry = codec.decode(raw.value)
                    if isinstance(retry, r.Retry) and retry.stage == stage:
                        where = (retry.topic, retry.partition, retry.offset)
                        if letters.newest.get(where, -1) <= retry.letter:
                            letters.reasons.pop(where, None)
    return letters


def _add(found: DeadLetters, offset: int, letter: r.DeadLetter) -> None:
    where = (letter.topic, letter.partition, letter.offset)
    if letter.offset == _NOWHERE:
        found.timers.add((letter.partition, (letter.key or b"").decode()))
    else:
        found.reasons.setdefault(where, []).append(letter.reason)
        found.newest[where] = offset
