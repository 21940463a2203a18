"""Stopping a Kafka client in bounded time: what it does by itself waits for the broker for as long as that is away."""

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

SECONDS = 2.0


async def stop(client: AIOKafkaConsumer | AIOKafkaProducer | None, seconds: float = SECONDS) -> None:
    """Stop a client, however it is; after ``seconds`` only its connections are closed. Raises nothing."""
    if client is None:
        return
    await asyncio.sleep(0)  # a task of its own that has not begun yet would raise its CancelledError here
    with suppress(Exception):  # a broken client must not keep anything from ending
        async with asyncio.timeout(seconds):
            await client.stop()
        return
    if isinstance(client, AIOKafkaProducer):
        with suppress(Exception):
            await asyncio.wait_for(client.client.close(), seconds)
