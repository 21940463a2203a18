"""The agents of a stage in this process, as its tasks see them: they fold one block at a time."""

import asyncio
from collections.abc import Awaitable, Callable

from streams.runtime.block import Block


class Hanging(RuntimeError):
    """An agent awaits something within a block that was discarded."""


class Overdue(TimeoutError):
    """An agent did not return its block in time."""


class Agents:
    """Hands blocks to the agents, one at a time over all tasks and inputs.

    ``feed`` puts a block into the channel of its topic's agent, which has ``seconds`` seconds to fold it.
    """

    def __init__(self, feed: Callable[[Block], Awaitable[None]], seconds: float) -> None:
        self._feed = feed
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._handed: Block | None = None  # the last block, unless it was folded

    async def fold(self, block: Block) -> None:
        """Let the agent fold a block. Raises ``Overdue`` or ``Hanging`` if it does not do so in time."""
        assert block.topic
        try:
            async with asyncio.timeout(self._seconds), self._lock:
                if (last := self._handed) and last.entered:
                    raise Hanging(f"The agent of {last.topic} has not left its block yet.")
                self._handed = block
                await self._feed(block)
                await block.folded
                self._handed = None
        except TimeoutError as error:
            raise Overdue(f"The agent of {block.topic} has not folded its block in time.") from error
