"""Reads a topic whole, as it is committed now: for checks, replay and tests, apart from any consumer group."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import ConsumerRecord


async def committed(kafka: str, topic: str) -> AsyncIterator[ConsumerRecord]:
    """Yield every committed record that a topic holds at the first call, one partition after the other, in order."""
    partitions = [TopicPartition(topic, number) for number in range(await partition_count(kafka, topic))]
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    ) as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
            while await consumer.position(partition) < ends[partition]:  # the last offset may be a commit's marker
                for record in (await consumer.getmany(partition, timeout_ms=200)).get(partition, []):
                    yield record


async def partition_count(kafka: str, topic: str) -> int:
    """Return how many partitions a topic has."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
        return len(described["partitions"])
    finally:
        await admin.close()
