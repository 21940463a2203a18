"""The topics that an implementation reads and writes, and the load of commands on them."""

import asyncio
from collections.abc import Iterable

from aiokafka import TopicPartition
from confluent_kafka import Producer

from bench.workload import PARTITIONS, Message
from schemas.kafka import admin
from schemas.kafka.log_reader import LogReader
from schemas.topics import Topic

_SECONDS = 60.0  # timeout of the broker


def create(kafka: str, names: Iterable[str]) -> None:
    """Create topics as Rondo does."""
    asyncio.run(admin.create(kafka, PARTITIONS, [Topic(name, "bench", ()) for name in names]))


def delete(kafka: str, run: str) -> None:
    """Delete every topic with this run's id in its name: its changelog would be compacted during the next run."""
    asyncio.run(_delete(kafka, run))


async def _delete(kafka: str, run: str) -> None:
    async with admin.admin(kafka) as asked:
        await asked.delete_topics([name for name in await asked.list_topics() if run in name])


def length(kafka: str, topic: str) -> int:
    """Return how many records and markers a topic's partitions hold together."""
    return asyncio.run(_length(kafka, topic))


async def _length(kafka: str, topic: str) -> int:
    async with LogReader.of(kafka, "read_uncommitted") as reader:
        return sum((await reader.ends(TopicPartition(topic, number) for number in range(PARTITIONS))).values())


class Load:
    """Commands in an open transaction, so that consumers of committed records see all of them at once."""

    def __init__(self, kafka: str, topic: str, messages: Iterable[Message]) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": kafka,
                "transactional.id": f"load-{topic}",
                "transaction.timeout.ms": 300_000,
                "log_level": 2,  # it logs a coordinator that is still loading, and retries
                "linger.ms": 20,
                "batch.size": 500_000,
            }
        )
        self._producer.init_transactions(_SECONDS)
        self._producer.begin_transaction()
        for message in messages:
            self._produce(topic, message)
        if unsent := self._producer.flush(_SECONDS):
            raise TimeoutError(f"The broker did not accept {unsent} commands within {_SECONDS:.0f} s.")

    def _produce(self, topic: str, message: Message) -> None:
        while True:
            try:
                self._producer.produce(
                    topic, message.value, message.key, partition=message.partition, timestamp=message.at
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def release(self) -> None:
        """Commit the transaction: consumers see the commands."""
        self._producer.commit_transaction(_SECONDS)
