"""Stopping a Kafka client in bounded time: what it does by itself waits for the broker for as long as that is away."""

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

SECONDS = 2.0


async def stop(client: AIOKafkaConsumer | AIOKafkaProducer | None, seconds: float = SECONDS) -> None:
    """Stop a client, however it is; after ``seconds`` only its connections are closed. Raises nothing."""
    if client is None:
        return
    try:
        async with asyncio.timeout(seconds):
            await client.stop()
    except asyncio.CancelledError:  # of a task of its own, which had not begun: then it is stopped
        if (task := asyncio.current_task()) and task.cancelling():
            raise
    except Exception:  # noqa: BLE001, S110 - a broken client must not keep anything from ending
        pass
    else:
        return
    if isinstance(client, AIOKafkaProducer):
        with suppress(Exception):
            await asyncio.wait_for(client.client.close(), seconds)
