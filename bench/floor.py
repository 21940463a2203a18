"""The least that a command takes whose client waits for its outcome: its four waits, each alone, one after the other.

They are a round trip of HTTP, a produce and its acknowledgement, a Kafka transaction of one record, and a commit in
Postgres until its notification arrives.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import cycle
from statistics import median
from uuid import uuid4

import asyncpg

from bench import bare, load, log
from local.ports import HOST
from schemas.kafka import clients

TOPIC = "bench-floor"
_CHANNEL = "bench_floor"
_WARMING = 20
_SECONDS = 10.0  # timeout of a wait
_COMMIT = f"with put as (insert into bench_floor default values) select pg_notify('{_CHANNEL}', '')"

Step = Callable[[], Awaitable[None]]
Floor = dict[str, float]
"""The p50 of each wait and of all four together, in milliseconds."""
WHOLE = "all four"


@contextmanager
def topics(kafka: str) -> Iterator[None]:
    """Create the topics of the floor and of the bare routes, and delete them on exit."""
    log.create(kafka, (TOPIC, bare.TOPIC))
    try:
        yield
    finally:
        log.delete(kafka, "bench-")


def measure(kafka: str, postgres: str, port: int, rate: int, seconds: float) -> Floor:
    """Take the four waits for some seconds, at most ``rate`` times a second; ``port`` is that of the bare routes."""
    return asyncio.run(_measured(kafka, postgres, port, rate, seconds))


async def _measured(kafka: str, postgres: str, port: int, rate: int, seconds: float) -> Floor:
    async with _steps(kafka, postgres, port) as steps:
        for _ in range(_WARMING):
            await _taken(steps)
        found, end = list[dict[str, float]](), time.perf_counter() + seconds
        while (began := time.perf_counter()) < end or not found:
            found.append(await _taken(steps))
            await asyncio.sleep(max(0.0, began + 1 / rate - time.perf_counter()))
    whole = median(sum(each.values()) for each in found)
    return {**{name: median(each[name] for each in found) for name in steps}, WHOLE: whole}


async def _taken(steps: dict[str, Step]) -> dict[str, float]:
    """Return how many milliseconds each step took."""
    taken = {}
    for name, step in steps.items():
        began = time.perf_counter()
        async with asyncio.timeout(_SECONDS):
            await step()
        taken[name] = (time.perf_counter() - began) * 1000
    return taken


@asynccontextmanager
async def _steps(kafka: str, postgres: str, port: int) -> AsyncIterator[dict[str, Step]]:
    async with AsyncExitStack() as ended:
        yield {
            "HTTP": await ended.enter_async_context(_http(port)),
            "produce": await ended.enter_async_context(_produce(kafka)),
            "transaction": await ended.enter_async_context(_transaction(kafka)),
            "Postgres": await ended.enter_async_context(_commit(postgres)),
        }


@asynccontextmanager
async def _http(port: int) -> AsyncIterator[Step]:
    reader, writer = await asyncio.open_connection(HOST, port)
    sent = load.request("GET", "/empty", {})

    async def step() -> None:
        writer.write(sent)
        await reader.readuntil(b"\r\n\r\n{}")

    try:
        yield step
    finally:
        writer.close()


@asynccontextmanager
async def _produce(kafka: str) -> AsyncIterator[Step]:
    async with bare.producer(kafka) as producer:

        async def step() -> None:
            await producer.send_and_wait(TOPIC, b"value", key=b"key")

        yield step


@asynccontextmanager
async def _transaction(kafka: str) -> AsyncIterator[Step]:
    """Use two producers alternately, as the stages do: one waits for the markers of its last transaction."""
    id_ = uuid4().hex
    made = [clients.producer(kafka, transactional_id=f"bench-{id_}-{number}") for number in range(2)]
    async with made[0], made[1]:
        following = cycle(made)

        async def step() -> None:
            producer = next(following)
            async with producer.transaction():
                await (await producer.send(TOPIC, b"value", key=b"key"))

        yield step


@asynccontextmanager
async def _commit(postgres: str) -> AsyncIterator[Step]:
    """Commit without waiting for the disk, as the views do."""
    writing, listening = await asyncpg.connect(postgres), await asyncpg.connect(postgres)
    notified = asyncio.Event()
    try:
        await writing.execute("create table bench_floor (id bigint generated always as identity)")
        await writing.execute("set synchronous_commit = off")
        await listening.add_listener(_CHANNEL, lambda *_: notified.set())

        async def step() -> None:
            notified.clear()
            await writing.execute(_COMMIT)
            await notified.wait()

        yield step
    finally:
        await writing.execute("drop table bench_floor")
        await writing.close()
        await listening.close()
