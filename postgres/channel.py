"""Listens for Postgres's NOTIFY of commands whose outcomes are in the views."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from postgres import connections

CHANNEL = "rondo_commands"
ALIVE = 5.0
"""Seconds between two checks of the listening connection."""


async def listen(dsn: str, began: Callable[[], None], hear: Callable[[Sequence[str]], None]) -> None:
    """Call ``began`` once it listens, and ``hear`` with ids of commands, until the connection is lost.

    Raises what asyncpg raises, and TimeoutError.
    """
    closed = asyncio.Event()
    connection = await connections.connect(dsn, timeout=10)
    try:
        connection.add_termination_listener(lambda _: closed.set())
        async with asyncio.timeout(ALIVE):
            await connection.add_listener(CHANNEL, lambda *heard: hear(heard[-1].split(",")))
        began()
        while not closed.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(closed.wait(), ALIVE)
            async with asyncio.timeout(ALIVE):
                await connection.execute(f"LISTEN {CHANNEL}")  # a repeated LISTEN changes nothing
    finally:
        connection.terminate()
