"""The registry's topic: every entry in order, stored by Kafka, written in transactions of one entry.

A transaction costs 25 ms but fences: of two registries on one broker the later takes over, and a pending write of the
earlier is committed before the later reads, or never. The earlier is fenced at its next write, and reads the log again.
"""

import asyncio
import logging

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.kafka import clients
from schemas.kafka.admin import admin
from schemas.kafka.log_reader import committed
from schemas.kafka.stopping import stop
from schemas.registry.subjects import SchemaEntry, decoded, encoded
from schemas.topics import SCHEMAS

_PARTITION = TopicPartition(SCHEMAS.name, 0)
_TIMEOUT = 15  # seconds for one operation
_log = logging.getLogger(__name__)


class StorageUnavailable(ConnectionError):
    """Kafka can't be reached, so the registry can neither read nor write."""


class SchemaLog:
    """The topic, for one process that writes it."""

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> list[SchemaEntry]:
        """Create the topic if missing, fence earlier writers, and return every entry. Also reopens after an error."""
        try:
            async with asyncio.timeout(_TIMEOUT * 2):
                await self.close()
                await _create(self._kafka)
                self._producer = clients.producer(
                    self._kafka, transactional_id=SCHEMAS.name, transaction_timeout_ms=_TIMEOUT * 1000
                )
                await self._producer.start()
                return [decoded(raw.key, raw.value) async for raw in committed(self._kafka, SCHEMAS.name)]
        except (KafkaError, OSError) as error:
            await self.close()
            raise self._unavailable(error) from error

    async def append(self, entry: SchemaEntry) -> None:
        """Write an entry. After StorageUnavailable it may be written or not: ``open`` again before going on."""
        if self._producer is None:
            raise self._unavailable(None)
        key, value = encoded(entry)
        try:
            async with asyncio.timeout(_TIMEOUT), self._producer.transaction():
                await self._producer.send_and_wait(_PARTITION.topic, value, key, _PARTITION.partition)
        except (KafkaError, OSError) as error:
            await self.close()
            raise self._unavailable(error) from error

    @property
    def is_open(self) -> bool:
        """Whether the entries that ``open`` returned, and those appended since, are the whole log."""
        return self._producer is not None

    async def close(self) -> None:
        """Disconnect from Kafka."""
        producer, self._producer = self._producer, None
        if producer:
            await stop(producer, _TIMEOUT)

    def _unavailable(self, error: Exception | None) -> StorageUnavailable:
        reason = f" ({str(error) or type(error).__name__})" if error else ""
        return StorageUnavailable(f"Kafka at {self._kafka} can't be used{reason}: start it, or set RONDO_KAFKA.")


async def _create(kafka: str) -> None:
    configs = {
        "cleanup.policy": "compact",
        "retention.ms": str(SCHEMAS.retention),
        "message.timestamp.after.max.ms": str(2**63 - 1),  # no schema is refused for its time
    }
    async with admin(kafka) as asked:
        answer = await asked.create_topics([NewTopic(SCHEMAS.name, 1, -1, {}, configs)])
    for _, code, *_ in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise for_code(code)
