"""Stops a Kafka client in bounded time: its own ``stop`` waits as long as the broker is away."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

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
    if client is None or await _ends(client.stop(), seconds):
        return
    is_producer = isinstance(client, AIOKafkaProducer)
    await _ends(_cancel([client._sender] if is_producer else [client._coordinator, client._fetcher]), SECONDS)
    if is_producer:
        client._message_accumulator.fail_all(KafkaConnectionError("stopped"))  # ends those who wait for a record
    await _ends((client.client if is_producer else client._client).close(), SECONDS)


async def _cancel(parts: list[object]) -> None:
    """Cancel each task of a client's parts: they would go on, and connect again, after ``stop`` was given up.

    Cancelled once, a task waits for what it has in flight; each time more cancels one of these.
    """
    held = [value for part in parts if part for value in vars(part).values()]
    tasks = [one for value in held for one in (value if isinstance(value, set) else [value])]
    for task in tasks:
        while isinstance(task, asyncio.Task) and not task.done():
            task.cancel()
            await asyncio.sleep(0)


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
