"""Stages whose agents never finish, and a worker of its own process that runs one: for the tests of stalls."""

import asyncio
import itertools
import sys
from pathlib import Path

from schemas import logs
from streams import worker
from streams.runtime import Stream
from streams.settings import Settings
from tests.integration.runtime.counting import PARTITIONS, Counting


class Forgetful(Counting):
    """Its agent takes a block and never comes back to it."""

    async def fold(self, blocks: Stream) -> None:
        async for _ in blocks.noack():
            await asyncio.Event().wait()


class Busy(Counting):
    """Its agent keeps the event loop for ever."""

    def count(self, *_: object) -> None:
        for _ in itertools.count():
            pass


STAGES = {"forgetful": Forgetful, "busy": Busy}

if __name__ == "__main__":
    logs.configure("info")
    kind, kafka, registry, data, name = sys.argv[1:]
    chosen = Settings(
        kafka=kafka,
        registry=registry,
        data=Path(data),
        partitions=PARTITIONS,
        stall_timeout=2,
        block_timeout=0.7,
        session_timeout=6,
    )
    worker.serve([STAGES[kind](chosen, name).stage], chosen)
