"""The dead letters of a topology, including failures that a fold can't reproduce, such as what a broker refused."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from common import clock
from schemas import records as r
from schemas.codec import Serde, Undecodable
from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import partition_readers
from schemas.topics import DAYS, DEAD_LETTERS
from streams.runtime import Topology
from streams.runtime.record import NOWHERE, Raw
from streams.runtime.record import Handed as InMemory

_MARGIN = DAYS  # for a replay that takes long, and clocks that differ

Location = tuple[str, int, int]
"""Topic, partition and offset of a record."""


def location(record: Raw | r.DeadLetter | r.Retry) -> Location:
    """Return the place of a record on the log, or of a dead letter's record."""
    return record.topic, record.partition, record.offset


Handed = tuple[str, bytes | None, bytes | None]
"""Topic, id and source of a record that was handed on in memory, whose offset was not known then."""


def handed(record: Raw | r.DeadLetter) -> Handed:
    """Return the identity of a record that was handed on, or of its dead letter."""
    headers = dict(record.headers)
    return record.topic, headers.get("ce_id"), headers.get("rondo_source")


@dataclass
class DeadLetters:
    """The dead letters of a topology's stages. Those before ``since`` may have expired."""

    since: int
    reasons: dict[tuple[str, Location], list[str]] = field(default_factory=dict)
    """By stage and place."""
    timers: set[tuple[int, str]] = field(default_factory=set)
    """Partition and id of the timers that have a dead letter."""
    newest: dict[tuple[str, Location], int] = field(default_factory=dict)
    """The offset of each record's last dead letter."""
    places: dict[tuple[str, Handed], Location] = field(default_factory=dict)
    """The places of records that may have been handed on, by stage."""

    @classmethod
    async def read(cls, kafka: str, codec: Serde, topology: Topology) -> Self:
        """Read the dead letters of a topology, once the currently open transactions have ended."""
        at = TopicPartition(DEAD_LETTERS.name, 0)
        found = cls(since=clock.now() - DEAD_LETTERS.retention + _MARGIN)
        async with partition_readers(kafka, await settled_ends(kafka, [at])) as readers:
            async for raw in readers[at]:
                await codec.learn([raw.value])
                dead_letter = codec.decode(raw.value)
                if isinstance(dead_letter, r.DeadLetter) and topology.stage(dead_letter.stage):
                    found._add(raw.offset, dead_letter)
        return found

    def _add(self, offset: int, dead_letter: r.DeadLetter) -> None:
        if dead_letter.offset == NOWHERE:
            self.timers.add((dead_letter.partition, (dead_letter.key or b"").decode()))
        else:
            key = dead_letter.stage, location(dead_letter)
            self.reasons.setdefault(key, []).append(dead_letter.reason)
            self.newest[key] = offset
            self.places[dead_letter.stage, handed(dead_letter)] = location(dead_letter)

    async def drop_put_back(
        self, kafka: str, codec: Serde, topology: Topology, until: Iterable[tuple[TopicPartition, int]]
    ) -> None:
        """Drop dead letters that were sent again before these offsets of retries and have no newer one.

        For views they count as if they had never existed: views rewound, and folded the records in their place.
        """
        async with partition_readers(kafka, dict(until)) as readers:
            for reader in readers.values():
                async for raw in reader:
                    await codec.learn([raw.value])
                    with suppress(Undecodable):
                        retry = codec.decode(raw.value)
                        if isinstance(retry, r.Retry) and topology.stage(retry.stage):
                            self._drop(retry)

    def _drop(self, retry: r.Retry) -> None:
        key = retry.stage, location(retry)
        if self.newest.get(key, -1) <= retry.letter:
            self.reasons.pop(key, None)
            self.__dict__.pop("_located", None)  # it is computed again

    def reason(self, stage: str, raw: Raw) -> str | None:
        """Return the reason of a record's last dead letter of a stage, None without one."""
        reasons = self.reasons.get((stage, self.place(stage, raw)))
        return reasons[-1] if reasons else None

    def place(self, stage: str, raw: Raw) -> Location:
        """Return a record's place: of one that was handed on, by its dead letter."""
        return self.places.get((stage, handed(raw)), location(raw)) if isinstance(raw, InMemory) else location(raw)

    def has(self, raw: ConsumerRecord) -> bool:
        """Return whether a record of the log has a dead letter."""
        return location(raw) in self._located

    @cached_property
    def _located(self) -> frozenset[Location]:
        """The places of the records that a stage has a dead letter of: looked up for each command of the log."""
        return frozenset(place for _, place in self.reasons)

    def may_have(self, raw: ConsumerRecord) -> bool:
        """Return whether a record has a dead letter, or may have had one that has expired."""
        return raw.timestamp < self.since or self.has(raw)

    def covers(self, retry: r.Retry) -> bool:
        """Return whether a retry has a dead letter, or had one that has expired."""
        if retry.died_at < self.since:
            return True
        if retry.offset == NOWHERE:
            return (retry.partition, (retry.key or b"").decode()) in self.timers
        return (retry.stage, location(retry)) in self.reasons
