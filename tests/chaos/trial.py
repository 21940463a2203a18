"""A trial: three workers of one stage share twelve partitions, and people ask them all the time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from uuid import uuid4

from schemas.topics import DEAD_LETTERS
from streams.replay import verify
from streams.runtime import Topology
from streams.runtime.settings import Settings
from tests.chaos.fleet import SESSION
from tests.chaos.log import Log, opened
from tests.chaos.swarm import PARTITIONS, Crowd, Swarm
from tests.chaos.takeover import Marks
from tests.integration.runtime.counting import Counting

PATIENCE = 60.0
RESTART = 40.0
"""Seconds of a session within which a worker with a name is back in time, however busy the machine is."""


class Trial:
    """Three workers under load, and what must have come of it in the end."""

    def __init__(self, swarm: Swarm, crowd: Crowd, log: Log) -> None:
        self.swarm, self._crowd, self._log = swarm, crowd, log

    async def answered(self) -> None:
        """Return once all that was sent so far has its answers and timers."""
        await self._until(self.anomalies, lambda found: not found)

    async def anomalies(self) -> list[str]:
        """Return what was lost, doubled or reordered so far, or is not done yet."""
        return self._crowd.anomalies(self.swarm.counting, await self._log.look())

    async def balanced(self) -> None:
        """Return once all partitions are with those that run, each with one of them."""
        every = list(range(PARTITIONS))
        await self._until(self._owned, lambda owned: all(owned) and sorted(chain.from_iterable(owned)) == every)

    async def _owned(self) -> list[list[int]]:
        return [(self.swarm.assigned(worker) or [[]])[-1] for worker in self.swarm.awake()]

    async def _until(self, look: Callable, good: Callable) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not good(found := await look()):
            self.swarm.check()
            assert asyncio.get_running_loop().time() < deadline, found
            await asyncio.sleep(0.3)


@asynccontextmanager
async def trial(kafka: str, registry: str, directory: Path, *, named: bool = False) -> AsyncIterator[Trial]:
    """Three workers that have all partitions, and people who ask all the time until the body ends."""
    settings = Settings(kafka=kafka, registry=registry, data=directory, partitions=PARTITIONS)
    counting, crowd = Counting(settings, uuid4().hex[:8]), Crowd(uuid4().hex)
    environment = {
        "RONDO_KAFKA": kafka,
        "RONDO_REGISTRY": registry,
        "RONDO_PARTITIONS": str(PARTITIONS),
        "RONDO_SESSION_TIMEOUT": str(RESTART if named else SESSION),
    }
    topology = Topology.of(counting.stage)
    topics = [topic for topic in topology.topics if topic != DEAD_LETTERS]
    async with opened(kafka, registry, topics, PARTITIONS, crowd.users) as log:
        swarm = Swarm(counting, directory, environment, lambda: _marks(counting, log), named=named)
        asking = asyncio.create_task(crowd.ask(counting, log))
        try:
            for _ in range(3):
                swarm.join()
            on = Trial(swarm, crowd, log)
            await on.balanced()
            yield on
            await swarm.woken()
            await on.balanced()
            asking.cancel()
            await asyncio.wait([asking])
            await on.answered()
            await swarm.stop()
            assert await on.anomalies() == []
            report = await verify(settings, [topology])
            assert report.differences == [], report.describe()
        finally:
            asking.cancel()
            await asyncio.wait([asking])
            await swarm.stop()


async def _marks(counting: Counting, log: Log) -> Marks:
    return (await log.marks())[counting.stage.name]
