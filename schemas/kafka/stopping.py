"""Stops a Kafka client in bounded time: its own ``stop`` waits as long as the broker is away."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

SECONDS = 2.0
Client = TypeVar("Client", AIOKafkaConsumer, AIOKafkaProducer)


@asynccontextmanager
async def started(client: Client, seconds: float = SECONDS) -> AsyncIterator[Client]:
    """Start a client for the duration of the context. Raises KafkaConnectionError."""
    try:
        await client.start()
        yield client
    finally:
        await stop(client, seconds)


async def stop(client: AIOKafkaConsumer | AIOKafkaProducer | None, seconds: float = SECONDS) -> None:
    """Stop a client, in any state, for at most ``seconds``, and then close its connections. Raises nothing."""
    if client is None:
        return
    if not await _ends(client.stop(), seconds):
        connections = client.client if isinstance(client, AIOKafkaProducer) else client._client
        await _ends(connections.close(), SECONDS)


async def _ends(stopping: Coroutine[None, None, None], seconds: float) -> bool:
    """Return whether this ended well in time.

    It runs in a task of its own: a client cancels its tasks and awaits them, and one that waits to ask the broker
    again raises its CancelledError there (aiokafka 0.14, ``Fetcher.close``).
    """
    task = asyncio.create_task(stopping)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.wait({task})
    except TimeoutError:
        pass
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_retrieved)
    return task.done() and _retrieved(task)


def _retrieved(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is None
