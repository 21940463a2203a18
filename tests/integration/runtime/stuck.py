"""Stages whose agents never finish, and a worker of its own process that runs one: for the tests of stalls."""

import asyncio
import itertools
import sys
from pathlib import Path
from typing import Any

from faust.streams import Stream

from common import logs
from streams import worker
from streams.runtime import Block
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import PARTITIONS, Agent, Counting, HandWritten


class Forgetful(HandWritten):
    """Its agent takes a block and never comes back to it."""

    async def fold(self, _: Agent, blocks: Stream[Block]) -> None:
        async for _ in blocks.noack():
            await asyncio.Event().wait()


class Absorbed(HandWritten):
    """Its agent awaits something within its first block, for ever."""

    async def fold(self, _: Agent, blocks: Stream[Block]) -> None:
        async for block in blocks.noack():
            with block:
                await asyncio.Event().wait()


class Busy(Counting):
    """Its agent keeps the event loop for ever."""

    def count(self, *_: object) -> None:
        for _ in itertools.count():
            pass


STAGES = {"forgetful": Forgetful, "busy": Busy}

if __name__ == "__main__":
    logs.configure("info")
    kind, kafka, registry, data, name, *settings = sys.argv[1:]
    given: dict[str, Any] = {"session_timeout": 6, **dict(each.split("=") for each in settings)}
    chosen = Settings(kafka=kafka, registry=registry, data=Path(data), partitions=PARTITIONS, **given)
    worker.serve([STAGES[kind](chosen, name).app], chosen)
