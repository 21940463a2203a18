"""The dead letters of a stage: they also tell what a fold can't know, such as what a broker refused."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas import clock
from schemas import records as r
from schemas.codec import Serde, Undecodable
from schemas.topics import DAYS, DEAD_LETTERS
from streams.kafka.hidden import settled_ends
from streams.kafka.log_reader import partition_readers
from streams.runtime.block import NOWHERE

_MARGIN = DAYS  # for a replay that takes long, and clocks that differ

Location = tuple[str, int, int]
"""Topic, partition and offset of a record."""


def location(record: ConsumerRecord | r.DeadLetter | r.Retry) -> Location:
    """Return where a record is on the log, or was that a dead letter is about."""
    return record.topic, record.partition, record.offset


@dataclass
class DeadLetters:
    """A stage's dead letters. Those of before ``since`` may have been deleted by their age."""

    since: int
    reasons: dict[Location, list[str]] = field(default_factory=dict)
    timers: set[tuple[int, str]] = field(default_factory=set)
    """Partition and id of the timers that have a dead letter."""
    newest: dict[Location, int] = field(default_factory=dict)
    """The offset of each record's last dead letter."""

    @classmethod
    async def read(cls, kafka: str, codec: Serde, stage: str) -> Self:
        """Read the dead letters of a stage, once the transactions that are open have ended."""
        at = TopicPartition(DEAD_LETTERS.name, 0)
        found = cls(since=clock.now() - DEAD_LETTERS.retention + _MARGIN)
        async with partition_readers(kafka, await settled_ends(kafka, [at])) as readers:
            async for raw in readers[at]:
                await codec.learn([raw.value])
                letter = codec.decode(raw.value)
                if isinstance(letter, r.DeadLetter) and letter.stage == stage:
                    found._add(raw.offset, letter)
        return found

    def _add(self, offset: int, letter: r.DeadLetter) -> None:
        if letter.offset == NOWHERE:
            self.timers.add((letter.partition, (letter.key or b"").decode()))
        else:
            self.reasons.setdefault(location(letter), []).append(letter.reason)
            self.newest[location(letter)] = offset

    async def drop_put_back(
        self, kafka: str, codec: Serde, stage: str, until: Iterable[tuple[TopicPartition, int]]
    ) -> None:
        """Drop what was sent again before these offsets of a stage's retries, and has no newer dead letter.

        For views it counts as if it had never been: they went back, and folded it in its place.
        """
        async with partition_readers(kafka, dict(until)) as readers:
            for reader in readers.values():
                async for raw in reader:
                    await codec.learn([raw.value])
                    with suppress(Undecodable):
                        retry = codec.decode(raw.value)
                        if isinstance(retry, r.Retry) and retry.stage == stage:
                            self._drop(retry)

    def _drop(self, retry: r.Retry) -> None:
        if self.newest.get(location(retry), -1) <= retry.letter:
            self.reasons.pop(location(retry), None)

    def has(self, raw: ConsumerRecord) -> bool:
        """Tell whether a record has a dead letter."""
        return location(raw) in self.reasons

    def reason(self, raw: ConsumerRecord) -> str:
        """Return why a record that has a dead letter was dead-lettered last."""
        return self.reasons[location(raw)][-1]

    def may_have(self, raw: ConsumerRecord) -> bool:
        """Tell whether a record has a dead letter, or could have had one that was deleted since."""
        return raw.timestamp < self.since or self.has(raw)

    def covers(self, retry: r.Retry) -> bool:
        """Tell whether what is sent again has a dead letter, or had one that is too old to exist still."""
        if retry.died_at < self.since:
            return True
        if retry.offset == NOWHERE:
            return (retry.partition, (retry.key or b"").decode()) in self.timers
        return location(retry) in self.reasons
