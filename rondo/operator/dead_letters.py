"""Dead letters: what was set aside, by which stage and why, and what became of what was sent again.

A record that fails again is set aside anew, so several letters may be about one record: they are told as one, by the
number of the newest, which is its offset on dead-letters.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from rondo.operator.location import Place, Unknown
from schemas import records as r
from schemas.codec import Codec, Undecodable
from schemas.registry.client import Registry
from schemas.topics import DEAD_LETTERS
from streams import worker
from streams.kafka.hidden import settled_ends
from streams.kafka.log_reader import Bounds, LogReader
from streams.progress.lag import NoViews, Positions, positions_of
from streams.runtime import Stage
from streams.runtime.block import NOWHERE

Where = tuple[str, int, int]
"""Topic, partition, offset."""


class Became(StrEnum):
    """What became of a dead letter."""

    DEAD = "dead"
    SENT = "sent"  # again; its stage has not come to it
    PUT_BACK = "put back"


@dataclass(frozen=True)
class Sent:
    """A record that was sent again, and where that stands on retries."""

    partition: int
    offset: int
    retry: r.Retry


@dataclass
class Letter:
    """One record that was set aside. ``number`` is that of its newest letter, ``numbers`` has all."""

    stage: str
    topic: str
    partition: int
    offset: int
    died: int
    """When it was set aside first."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    numbers: list[int] = field(default_factory=list)
    at: int = 0
    """When it was set aside last."""
    reason: str = ""
    sent: list[Sent] = field(default_factory=list)
    failed: set[tuple[int, int]] = field(default_factory=set)
    """Partition and offset of what was sent again and set aside again."""
    became: Became = Became.DEAD

    @property
    def number(self) -> int:
        """Return the number of the newest letter."""
        return self.numbers[-1]

    @property
    def is_timer(self) -> bool:
        """Tell whether it is a timer, which stands in state and on no topic."""
        return self.offset == NOWHERE

    @property
    def place(self) -> str:
        """Return where the record stands."""
        return f"timer {text(self.key)}" if self.is_timer else f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def input(self) -> tuple[str, str, int]:
        """Return which partition of which topic it is of, for which stage."""
        return self.stage, self.topic, self.partition


def in_order(letters: Iterable["Letter"]) -> list["Letter"]:
    """Return letters in the order of the log, whatever clocks said.

    They are in the order in which they were set aside, and those of one input besides in that of their offsets: of two
    it may be the later one's letter that is older, where a stage read again, or where the first letter is gone.
    """
    arrived = sorted(letters, key=lambda one: one.numbers[0])
    following = {each: iter(sorted(group, key=lambda one: one.offset)) for each, group in _by_input(arrived).items()}
    return [next(following[one.input]) for one in arrived]


def _by_input(letters: Iterable["Letter"]) -> dict[tuple[str, str, int], list["Letter"]]:
    found: dict[tuple[str, str, int], list[Letter]] = {}
    for one in letters:
        found.setdefault(one.input, []).append(one)
    return found


def text(raw: bytes | None) -> str:
    """Return a key as text."""
    return (raw or b"").decode(errors="replace")


class Log:
    """The topics that dead letters, and what is sent again, stand on; ``stages`` are those that can fold it."""

    def __init__(self, kafka: str, reader: LogReader, codec: Codec, stages: Mapping[str, Stage], postgres: str) -> None:
        self._kafka = kafka
        self.reader = reader
        self.codec = codec
        self.stages = stages
        self._postgres = postgres
        self._found: dict[tuple[object, ...], Letter] = {}
        self._sent: list[Sent] = []
        # Up to where both are known: what follows is read when it is asked for.
        self._read: dict[TopicPartition, int] = {}

    @classmethod
    @asynccontextmanager
    async def of(cls, place: Place, stages: Iterable[Stage] | None = None) -> AsyncIterator[Self]:
        """Connect; raises KafkaConnectionError, RegistryUnavailable."""
        found = [worker.find(name) for name in worker.STAGES] if stages is None else stages
        registry, postgres = Registry(place.registry), ""
        with suppress(Unknown):
            postgres = place.postgres
        try:
            async with LogReader.of(place.kafka) as reader:
                yield cls(place.kafka, reader, Codec(registry), {stage.name: stage for stage in found}, postgres)
        finally:
            await registry.aclose()

    async def letters(self) -> list[Letter]:
        """Return all that was set aside, in the order of the log, with what became of it."""
        positions = await self._positions()  # first: then each record before them that failed has its letter by now
        async for raw, record in self._records(await self._ends_of_sent()):
            if isinstance(record, r.Retry):
                self._sent.append(Sent(raw.partition, raw.offset, record))
        async for raw, record in self._records(await self._settled()):
            if isinstance(record, r.DeadLetter):
                await self._add(raw.offset, record)
        letters = {
            same: replace(one, numbers=[*one.numbers], sent=[], failed={*one.failed})
            for same, one in self._found.items()
        }
        for each in self._sent:
            if letter := letters.get(_same(each.retry, each.retry.died_at)):
                letter.sent.append(each)
        for letter in letters.values():
            letter.became = self._became(letter, positions)
        return in_order(letters.values())

    async def _add(self, number: int, dead: r.DeadLetter) -> None:
        was = await self._sent_before(dead)
        first: r.DeadLetter | r.Retry = was or dead
        died = was.died_at if was else dead.at
        letter = self._found.setdefault(
            _same(first, died),
            Letter(
                first.stage, first.topic, first.partition, first.offset, died, first.key, first.value, first.headers
            ),
        )
        letter.numbers.append(number)
        if was:
            letter.failed.add((dead.partition, dead.offset))
        letter.at, letter.reason = dead.at, dead.reason

    async def _sent_before(self, dead: r.DeadLetter) -> r.Retry | None:
        """Return what was sent again, where it is that which was set aside."""
        stage = self.stages.get(dead.stage)
        if stage is None or stage.retries is None or dead.topic != stage.retries.name:
            return None
        record = await self.decoded(dead.value)
        return record if isinstance(record, r.Retry) else None

    async def decoded(self, message: bytes | None) -> Struct | None:
        """Return a message's record, None where it is none."""
        await self.codec.learn([message])
        with suppress(Undecodable):
            return self.codec.decode(message)
        return None

    async def _settled(self) -> Bounds:
        """Return where the dead letters begin, and end once the transactions that are open have ended."""
        bounds = await self.reader.bounds(await self.reader.partitions(DEAD_LETTERS.name))
        ends = await settled_ends(self._kafka, bounds)
        return {tp: (begin, ends[tp]) for tp, (begin, _) in bounds.items()}

    async def _ends_of_sent(self) -> Bounds:
        topics = sorted({stage.retries.name for stage in self.stages.values() if stage.retries})
        return await self.reader.bounds(await self.reader.partitions(*topics))

    async def _records(self, bounds: Bounds) -> AsyncIterator[tuple[ConsumerRecord, Struct | None]]:
        """Yield the records that were not read before."""
        fresh = {tp: (max(begin, self._read.get(tp, begin)), end) for tp, (begin, end) in bounds.items()}
        async for raw in self.reader.between(fresh):
            record = await self.decoded(raw.value)
            self._read[TopicPartition(raw.topic, raw.partition)] = raw.offset + 1
            yield raw, record
        self._read |= {tp: end for tp, (_, end) in bounds.items()}  # the last offsets may be markers

    async def _positions(self) -> Positions:
        """Return how far the stages are; views only where Postgres tells."""
        stages = list(self.stages.values())
        with suppress(NoViews):
            return await positions_of(self.reader, self.codec, self._postgres, stages)
        kept = [stage for stage in stages if stage.keeps_state]
        return await positions_of(self.reader, self.codec, self._postgres, kept)

    def _became(self, letter: Letter, positions: Positions) -> Became:
        stage = self.stages.get(letter.stage)
        if stage is None or stage.retries is None:
            return Became.DEAD

        def taken(topic: str, partition: int, offset: int) -> bool:
            return offset < positions.get((letter.stage, TopicPartition(topic, partition)), 0)

        tried = [sent for sent in letter.sent if (sent.partition, sent.offset) not in letter.failed]
        if (
            not stage.keeps_state
        ):  # it goes back, and comes to the record again; had that failed, a newer letter says so
            tried = [sent for sent in tried if sent.retry.letter >= letter.number]
        done = any(taken(stage.retries.name, sent.partition, sent.offset) for sent in tried) and (
            stage.keeps_state or taken(letter.topic, letter.partition, letter.offset)
        )
        return Became.PUT_BACK if done else Became.SENT if tried else Became.DEAD


def _same(record: r.DeadLetter | r.Retry, died: int) -> tuple[object, ...]:
    """Return what is the same of all letters about one record; a timer may die more than once."""
    where = (record.stage, record.topic, record.partition, record.offset)
    return (*where, record.key, died) if record.offset == NOWHERE else where
