"""The dead letters of a stage, including failures that a fold can't reproduce, such as what a broker refused."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from common import clock
from schemas import records as r
from schemas.codec import Serde, Undecodable
from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import partition_readers
from schemas.topics import DAYS, DEAD_LETTERS
from streams.runtime.block import NOWHERE

_MARGIN = DAYS  # for a replay that takes long, and clocks that differ

Location = tuple[str, int, int]
"""Topic, partition and offset of a record."""


def location(record: ConsumerRecord | r.DeadLetter | r.Retry) -> Location:
    """Return the place of a record on the log, or of a dead letter's record."""
    return record.topic, record.partition, record.offset


@dataclass
class DeadLetters:
    """A stage's dead letters. Those before ``since`` may have expired."""

    since: int
    reasons: dict[Location, list[str]] = field(default_factory=dict)
    timers: set[tuple[int, str]] = field(default_factory=set)
    """Partition and id of the timers that have a dead letter."""
    newest: dict[Location, int] = field(default_factory=dict)
    """The offset of each record's last dead letter."""

    @classmethod
    async def read(cls, kafka: str, codec: Serde, stage: str) -> Self:
        """Read the dead letters of a stage, once the currently open transactions have ended."""
        at = TopicPartition(DEAD_LETTERS.name, 0)
        found = cls(since=clock.now() - DEAD_LETTERS.retention + _MARGIN)
        async with partition_readers(kafka, await settled_ends(kafka, [at])) as readers:
            async for raw in readers[at]:
                await codec.learn([raw.value])
                dead_letter = codec.decode(raw.value)
                if isinstance(dead_letter, r.DeadLetter) and dead_letter.stage == stage:
                    found._add(raw.offset, dead_letter)
        return found

    def _add(self, offset: int, dead_letter: r.DeadLetter) -> None:
        if dead_letter.offset == NOWHERE:
            self.timers.add((dead_letter.partition, (dead_letter.key or b"").decode()))
        else:
            self.reasons.setdefault(location(dead_letter), []).append(dead_letter.reason)
            self.newest[location(dead_letter)] = offset

    async def drop_put_back(
        self, kafka: str, codec: Serde, stage: str, until: Iterable[tuple[TopicPartition, int]]
    ) -> None:
        """Drop dead letters that were sent again before these offsets of a stage's retries and have no newer one.

        For views they count as if they had never existed: views rewound, and folded the records in their place.
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
        """Return whether a record has a dead letter."""
        return location(raw) in self.reasons

    def reason(self, raw: ConsumerRecord) -> str:
        """Return the reason of a record's last dead letter."""
        return self.reasons[location(raw)][-1]

    def may_have(self, raw: ConsumerRecord) -> bool:
        """Return whether a record has a dead letter, or may have had one that has expired."""
        return raw.timestamp < self.since or self.has(raw)

    def covers(self, retry: r.Retry) -> bool:
        """Return whether a retry has a dead letter, or had one that has expired."""
        if retry.died_at < self.since:
            return True
        if retry.offset == NOWHERE:
            return (retry.partition, (retry.key or b"").decode()) in self.timers
        return location(retry) in self.reasons
