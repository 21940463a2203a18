"""Dead letters: the records, their stages and reasons, and the results of resending them.

A record that fails again is dead-lettered again, so several dead letters may be about one record. They are shown as
one, by the number of the newest, which is its offset on dead-letters.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from rondo.location import Place, UnknownAddress
from rondo.operator import grouping
from schemas import records as r
from schemas.codec import Codec, Undecodable
from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import Bounds, LogReader
from schemas.registry.client import Registry
from schemas.topics import DEAD_LETTERS
from streams.progress.lag import NoViews, Positions, positions_of
from streams.runtime import Topology
from streams.runtime.record import NOWHERE


class Became(StrEnum):
    """The state of a dead letter."""

    DEAD = "dead"
    SENT = "sent"  # resent, but its stage has not processed it
    PUT_BACK = "put back"


@dataclass(frozen=True)
class Sent:
    """A record that was resent, and its place on retries."""

    partition: int
    offset: int
    retry: r.Retry


@dataclass
class DeadLetterRecord:
    """A dead-lettered record. ``number`` is that of its newest dead letter, ``numbers`` has all."""

    stage: str
    topic: str
    partition: int
    offset: int
    died: int
    """When it was first dead-lettered."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    numbers: list[int] = field(default_factory=list)
    at: int = 0
    """When it was last dead-lettered."""
    reason: str = ""
    sent: list[Sent] = field(default_factory=list)
    failed: set[tuple[int, int]] = field(default_factory=set)
    """Partition and offset on retries of those that were dead-lettered again."""
    became: Became = Became.DEAD

    @property
    def number(self) -> int:
        """The number of the newest dead letter."""
        return self.numbers[-1]

    @property
    def is_timer(self) -> bool:
        """Whether it is a timer, which is in state and on no topic."""
        return self.offset == NOWHERE

    @property
    def place(self) -> str:
        """The record's place."""
        return f"timer {text(self.key)}" if self.is_timer else f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def input(self) -> tuple[str, str, int]:
        """The stage, topic and partition of the record."""
        return self.stage, self.topic, self.partition


def in_order(dead_letters: Iterable["DeadLetterRecord"]) -> list["DeadLetterRecord"]:
    """Return dead letters in the order of the log, whatever the clocks.

    That is the order in which they were dead-lettered, with those of one input in the order of their offsets: a later
    record's dead letter may be older if a stage read its input again, or if the first dead letter has expired.
    """
    arrived = sorted(dead_letters, key=lambda one: one.numbers[0])
    following = {each: iter(sorted(group, key=lambda one: one.offset)) for each, group in _by_input(arrived).items()}
    return [next(following[one.input]) for one in arrived]


def _by_input(dead_letters: Iterable["DeadLetterRecord"]) -> dict[tuple[str, str, int], list["DeadLetterRecord"]]:
    found: dict[tuple[str, str, int], list[DeadLetterRecord]] = {}
    for one in dead_letters:
        found.setdefault(one.input, []).append(one)
    return found


def text(raw: bytes | None) -> str:
    """Return a key as text."""
    return (raw or b"").decode(errors="replace")


class Log:
    """The topics of dead letters and of resent records; ``topologies`` have the stages that can fold them."""

    def __init__(
        self, kafka: str, reader: LogReader, codec: Codec, topologies: Sequence[Topology], postgres: str
    ) -> None:
        self._kafka = kafka
        self.reader = reader
        self.codec = codec
        self.topologies = {stage.name: one for one in topologies for stage in one.stages}
        self.stages = {stage.name: stage for one in topologies for stage in one.stages}
        self._postgres = postgres
        self._found: dict[tuple[object, ...], DeadLetterRecord] = {}
        self._sent: list[Sent] = []
        # How far both were read: the rest is read on the next call.
        self._read: dict[TopicPartition, int] = {}

    @classmethod
    @asynccontextmanager
    async def of(cls, place: Place, topologies: Sequence[Topology] | None = None) -> AsyncIterator[Self]:
        """Connect; ``topologies`` are the place's by default.

        Raises ``KafkaConnectionError``, ``RegistryUnavailable``, ``WrongTopology``.
        """
        found = grouping.of(place) if topologies is None else topologies
        registry, postgres = Registry(place.registry), ""
        with suppress(UnknownAddress):
            postgres = place.postgres
        try:
            async with LogReader.of(place.kafka) as reader:
                yield cls(place.kafka, reader, Codec(registry), found, postgres)
        finally:
            await registry.aclose()

    async def dead_letters(self) -> list[DeadLetterRecord]:
        """Return all dead letters in the order of the log, with their states."""
        positions = await self._positions()  # first: so every failed record before them has its dead letter by now
        async for raw, record in self._records(await self._ends_of_sent()):
            if isinstance(record, r.Retry):
                self._sent.append(Sent(raw.partition, raw.offset, record))
        async for raw, record in self._records(await self._settled()):
            if isinstance(record, r.DeadLetter):
                await self._add(raw.offset, record)
        dead_letters = {
            same: replace(one, numbers=[*one.numbers], sent=[], failed={*one.failed})
            for same, one in self._found.items()
        }
        for each in self._sent:
            if dead_letter := dead_letters.get(_same(each.retry, each.retry.died_at)):
                dead_letter.sent.append(each)
        for dead_letter in dead_letters.values():
            dead_letter.became = self._became(dead_letter, positions)
        return in_order(dead_letters.values())

    async def _add(self, number: int, dead: r.DeadLetter) -> None:
        was = await self._sent_before(dead)
        first: r.DeadLetter | r.Retry = was or dead
        died = was.died_at if was else dead.at
        dead_letter = self._found.setdefault(
            _same(first, died),
            DeadLetterRecord(
                first.stage, first.topic, first.partition, first.offset, died, first.key, first.value, first.headers
            ),
        )
        dead_letter.numbers.append(number)
        if was:
            dead_letter.failed.add((dead.partition, dead.offset))
        dead_letter.at, dead_letter.reason = dead.at, dead.reason

    async def _sent_before(self, dead: r.DeadLetter) -> r.Retry | None:
        """Return the resent record that was dead-lettered; None if it was another record."""
        stage = self.stages.get(dead.stage)
        if stage is None or stage.retries is None or dead.topic != stage.retries.name:
            return None
        record = await self.decoded(dead.value)
        return record if isinstance(record, r.Retry) else None

    async def decoded(self, message: bytes | None) -> Struct | None:
        """Return a message's record; None if it can't be decoded."""
        await self.codec.learn([message])
        with suppress(Undecodable):
            return self.codec.decode(message)
        return None

    async def _settled(self) -> Bounds:
        """Return the bounds of the dead letters, once transactions that are open now have ended."""
        bounds = await self.reader.bounds(await self.reader.partitions(DEAD_LETTERS.name))
        ends = await settled_ends(self._kafka, bounds)
        return {tp: (begin, ends[tp]) for tp, (begin, _) in bounds.items()}

    async def _ends_of_sent(self) -> Bounds:
        topics = sorted({stage.retries.name for stage in self.stages.values() if stage.retries})
        return await self.reader.bounds(await self.reader.partitions(*topics))

    async def _records(self, bounds: Bounds) -> AsyncIterator[tuple[ConsumerRecord, Struct | None]]:
        """Yield the records that were not read yet."""
        fresh = {tp: (max(begin, self._read.get(tp, begin)), end) for tp, (begin, end) in bounds.items()}
        async for raw in self.reader.between(fresh):
            record = await self.decoded(raw.value)
            self._read[TopicPartition(raw.topic, raw.partition)] = raw.offset + 1
            yield raw, record
        self._read |= {tp: end for tp, (_, end) in bounds.items()}  # the last offsets may be markers

    async def _positions(self) -> Positions:
        """Return the topologies' positions, without the views' if Postgres is not available."""
        topologies = list(dict.fromkeys(self.topologies.values()))
        with suppress(NoViews):
            return await positions_of(self.reader, self.codec, self._postgres, topologies)
        kept = [one for one in topologies if one.keeps_state]
        return await positions_of(self.reader, self.codec, self._postgres, kept)

    def _became(self, dead_letter: DeadLetterRecord, positions: Positions) -> Became:
        topology, stage = self.topologies.get(dead_letter.stage), self.stages.get(dead_letter.stage)
        if topology is None or stage is None or stage.retries is None:
            return Became.DEAD

        def taken(topic: str, partition: int, offset: int) -> bool:
            return offset < positions.get((topology.name, TopicPartition(topic, partition)), 0)

        tried = [sent for sent in dead_letter.sent if (sent.partition, sent.offset) not in dead_letter.failed]
        if not topology.keeps_state:  # it reads from the record again; if that fails, there is a newer dead letter
            tried = [sent for sent in tried if sent.retry.letter >= dead_letter.number]
        done = any(taken(stage.retries.name, sent.partition, sent.offset) for sent in tried) and (
            topology.keeps_state or taken(dead_letter.topic, dead_letter.partition, dead_letter.offset)
        )
        return Became.PUT_BACK if done else Became.SENT if tried else Became.DEAD


def _same(record: r.DeadLetter | r.Retry, died: int) -> tuple[object, ...]:
    """Return a key that all dead letters about a record share; a timer may die more than once."""
    where = (record.stage, record.topic, record.partition, record.offset)
    return (*where, record.key, died) if record.offset == NOWHERE else where
