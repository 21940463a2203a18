"""Listens to what the views tell of commands whose outcomes they have, by Postgres's NOTIFY."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import asyncpg

CHANNEL = "rondo_commands"
ALIVE = 5.0
"""Seconds between two questions whether the connection that listens is still there."""


async def listen(dsn: str, began: Callable[[], None], hear: Callable[[Sequence[str]], None]) -> None:
    """Call ``hear`` with the ids of commands, and ``began`` once it listens, until the connection is lost.

    Raises what asyncpg raises, and TimeoutError.
    """
    closed = asyncio.Event()
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        connection.add_termination_listener(lambda _: closed.set())
        async with asyncio.timeout(ALIVE):
            await connection.add_listener(CHANNEL, lambda *heard: hear(heard[-1].split(",")))
        began()
        while not closed.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(closed.wait(), ALIVE)
            async with asyncio.timeout(ALIVE):
                await connection.execute(f"LISTEN {CHANNEL}")  # again, which changes nothing
    finally:
        connection.terminate()
