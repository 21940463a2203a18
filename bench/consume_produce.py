"""Baseline of aiokafka alone: consume, and produce in batches; no state, no transactions, no Postgres."""

import asyncio
import signal
import sys

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from bench.run import Run, arguments
from schemas.kafka import clients

_BATCH_BYTES = 900_000  # as in the runtime


async def copy(run: Run) -> None:
    """Produce every command again, until cancelled."""
    producer = clients.producer(run.kafka, max_batch_size=_BATCH_BYTES)
    consumer = clients.consumer(
        run.kafka,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    async with producer, consumer:
        consumer.assign([TopicPartition(run.commands, number) for number in range(run.partitions)])
        while True:
            fetched = await consumer.getmany(timeout_ms=1000)
            for tp, records in fetched.items():
                await _produce(producer, run.events, tp.partition, records)


async def _produce(producer: AIOKafkaProducer, topic: str, partition: int, records: list[ConsumerRecord]) -> None:
    sent, batch = [], producer.create_batch()
    for raw in records:
        if batch.append(key=raw.key, value=raw.value, timestamp=raw.timestamp) is None:
            sent.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=raw.key, value=raw.value, timestamp=raw.timestamp)
    sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


async def main(run: Run) -> None:
    """Copy until SIGTERM."""
    copying = asyncio.create_task(copy(run))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, copying.cancel)
    await asyncio.wait([copying])
    if not copying.cancelled():
        copying.result()


if __name__ == "__main__":
    asyncio.run(main(arguments(sys.argv)[1]))
