"""The log as other programs reach it: what they should not write can be written, and the dead letters be read."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from schemas import names
from schemas.codec import Codec, Undecodable
from schemas.envelope import Envelope, Source, seal
from schemas.kafka.log_reader import committed
from schemas.records import DeadLetter
from schemas.registry.client import Registry
from schemas.topics import DEAD_LETTERS, TASK_COMMANDS, Topic

PARTITIONS = 4
HEADERS = [("trace", b"\xff\x00"), ("empty", None), ("trace", b"twice")]


@dataclass(frozen=True)
class Put:
    """A record that was put on the log by hand."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Wire:
    """A producer past the API, and a consumer of what comes to the dead letters from now on."""

    def __init__(self, kafka: str, codec: Codec, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self._kafka = kafka
        self._codec, self._producer, self._consumer = codec, producer, consumer
        self.dead_letters: list[DeadLetter] = []

    @classmethod
    @asynccontextmanager
    async def to(cls, kafka: str, registry_url: str) -> AsyncIterator["Wire"]:
        """Connect to a broker."""
        registry = Registry(registry_url)
        async with (
            AIOKafkaProducer(bootstrap_servers=kafka) as producer,
            AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed") as consumer,
        ):
            dead_letters = TopicPartition(DEAD_LETTERS.name, 0)
            consumer.assign([dead_letters])
            consumer.seek(dead_letters, (await consumer.end_offsets([dead_letters]))[dead_letters])
            yield cls(kafka, Codec(registry), producer, consumer)
        await registry.aclose()

    async def encoded(self, topic: Topic, record: Struct) -> bytes:
        """Return a record's message as it is right on its topic."""
        await self._codec.publish([topic])
        return self._codec.encode(topic.name, record)

    async def put(  # noqa: PLR0917 - as the producer has it
        self,
        topic: Topic,
        value: bytes | None,
        key: str | None,
        where: int,
        at: int | None = None,
        headers: Sequence[tuple[str, bytes]] = HEADERS,
    ) -> Put:
        """Append a record to a partition."""
        raw = None if key is None else key.encode()
        sent = await self._producer.send_and_wait(topic.name, value, raw, where, at, list(headers))
        return Put(topic.name, where, sent.offset, raw, value)

    async def send(self, user: str, ago: int, *commands: tuple[Any, Mapping[str, Any]]) -> None:
        """Append commands, each a kind and its fields, of ``ago`` milliseconds ago, a second apart."""
        begin = time.time_ns() // 1_000_000 - ago
        for number, (kind, fields) in enumerate(commands):
            at = begin + 1000 * number
            command = kind(id=str(uuid4()), user=user, at=at, actor=f"user:{user}", **fields)
            await self.put(TASK_COMMANDS, await self.encoded(TASK_COMMANDS, command), user, partition_of(user), at)

    async def again(self, raw: ConsumerRecord) -> Put:
        """Append a record once more, unchanged."""
        sent = await self._producer.send_and_wait(
            raw.topic, raw.value, raw.key, raw.partition, raw.timestamp, list(raw.headers)
        )
        return Put(raw.topic, raw.partition, sent.offset, raw.key, raw.value)

    async def dead(self, puts: Sequence[Put]) -> list[DeadLetter]:
        """Return the dead letters of these records that have come so far."""
        for records in (await self._consumer.getmany(timeout_ms=100)).values():
            await self._codec.learn(record.value for record in records)
            for record in records:
                dead_letter = self._codec.decode(record.value)
                assert isinstance(dead_letter, DeadLetter)
                self.dead_letters.append(dead_letter)
        wanted = {(put.topic, put.partition, put.offset) for put in puts}
        return [
            dead_letter
            for dead_letter in self.dead_letters
            if (dead_letter.topic, dead_letter.partition, dead_letter.offset) in wanted
        ]

    async def records(self, topic: Topic) -> AsyncIterator[Struct]:
        """Yield every record of a topic that can be read, by partition: some tests put others there."""
        async for raw in committed(self._kafka, topic.name):
            await self._codec.learn([raw.value])
            with suppress(Undecodable):
                yield self._codec.decode(raw.value)

    async def envelope(self, raw: ConsumerRecord) -> Envelope:
        """Return the envelope that a record of the contract belongs in, by the source that it names."""
        await self._codec.learn([raw.value])
        headers = {name: value.decode() for name, value in raw.headers}
        source, led_by = Source(headers["ce_source"]), headers.get("rondo_source")
        return seal(self._codec.decode(raw.value), raw.value or b"", source, led_by)

    async def ends(self) -> int:
        """Return how many records task-commands holds."""
        partitions = [TopicPartition(TASK_COMMANDS.name, number) for number in range(PARTITIONS)]
        return sum((await self._consumer.end_offsets(partitions)).values())


def partition_of(user: str) -> int:
    """Return the partition of everything of a user."""
    return names.partition_of(user, PARTITIONS)
