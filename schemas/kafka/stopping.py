"""Stops a Kafka client in bounded time: its own ``stop`` waits as long as the broker is away."""

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

SECONDS = 2.0


async def stop(client: AIOKafkaConsumer | AIOKafkaProducer | None, seconds: float = SECONDS) -> None:
    """Stop a client, in any state, for at most ``seconds``. Raises nothing.

    Of a producer that is not stopped by then the connections are closed; a consumer leaves them to the collector.
    """
    if client is None:
        return
    await asyncio.sleep(0)  # a task of the client that has not begun yet would raise its CancelledError here
    with suppress(Exception):  # a broken client must not prevent a shutdown
        async with asyncio.timeout(seconds):
            await client.stop()
        return
    if isinstance(client, AIOKafkaProducer):
        with suppress(Exception):
            await asyncio.wait_for(client.client.close(), seconds)
