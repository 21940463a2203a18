"""Transactions that a broker has left half done, planted on a real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.kafka.stopping import stop
from streams.transactions.described import LIVE, Cluster

_VERIFIES = "transaction.partition.verification.enable"


@asynccontextmanager
async def trusting(kafka: str) -> AsyncIterator[None]:
    """Let the broker take records of a transaction that its coordinator does not know of, as before KIP-890."""
    await _set(kafka, {_VERIFIES: "false"})
    try:
        yield
    finally:
        await _set(kafka, {_VERIFIES: "true"})


async def _set(kafka: str, configs: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        answers = await admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, "1", configs)])
        assert [resource[0] for answer in answers for resource in answer.resources] == [0], answers
    finally:
        await admin.close()


async def half_done(
    producer: AIOKafkaProducer,
    where: TopicPartition,
    *values: bytes,
    commit: bool,
    named: bool = True,
    key: bytes = b"k",
    elsewhere: TopicPartition | None = None,
) -> None:
    """Leave a transaction open in a partition whose coordinator says that it is over, and forgets the partition.

    So the broker leaves it that ended one and left out this partition's marker; where the transaction did not name the
    partition, so does one that took a record late.
    """
    manager = producer._txn_manager
    await producer.begin_transaction()
    elsewhere = elsewhere or TopicPartition(where.topic, where.partition + 1)
    await producer.send_and_wait(elsewhere.topic, b"", b"elsewhere", elsewhere.partition)
    if named:
        manager.maybe_add_partition_to_txn(where)
        async with asyncio.timeout(10):
            while where not in manager.txn_partitions:  # noqa: ASYNC110 - its sender adds it
                await asyncio.sleep(0.01)
    await (producer.commit_transaction() if commit else producer.abort_transaction())
    await _is_over(producer.client._bootstrap_servers, where, manager.producer_id)
    await producer.begin_transaction()
    manager._txn_partitions.add(where)  # so it is not sent to the coordinator
    for value in values:
        await producer.send_and_wait(where.topic, value, key, where.partition)


async def _is_over(kafka: str, where: TopicPartition, producer: int) -> None:
    """Return once the coordinator has written the markers, or what is planted would come before them."""
    async with asyncio.timeout(10), Cluster.of(kafka, [where]) as cluster:
        while (await cluster.known([producer]))[producer].state in LIVE:  # noqa: ASYNC110 - the broker's to tell
            await asyncio.sleep(0.01)


@asynccontextmanager
async def producing(kafka: str, identity: str) -> AsyncIterator[AIOKafkaProducer]:
    """A transactional producer, which ends nothing when it goes."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=identity)
    await producer.start()
    try:
        yield producer
    finally:
        await stop(producer)
