"""Unclean ends of the broker, and of everything, at random moments under load: what must have come of it in the end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from random import Random
from urllib.parse import urlsplit

from local import prepare
from postgres.databases import create_database
from postgres.migrate import migrate
from schemas.topics import TASK_COMMANDS
from streams.replay import verify
from streams.runtime.settings import Settings
from streams.topologies import parsed
from tests.chaos import disks, oracle, segments, views
from tests.chaos.load import People
from tests.chaos.log import Log, now, opened
from tests.chaos.parts import BROKER, EVERYTHING, WORKER, Parts
from tests.chaos.seen import Seen

PARTITIONS = 2
PAUSE = 0.03
"""Seconds between two commands."""
MOMENTS = 0.3, 3.0
"""Seconds of work before an end."""
SOON = 0.25
"""The number of ends while the parts still recover from the one before."""
PATIENCE = 120.0
TOPOLOGIES = parsed("")


class Unclean:
    """All parts under load, on one log."""

    def __init__(self, parts: Parts, log: Log, people: People, rebuilt: str) -> None:
        self.parts, self._log, self._people, self._rebuilt = parts, log, people, rebuilt

    async def ends(self, number: int, seed: str, say: Callable[[str], None]) -> None:
        """Kill the broker alone and everything, alternately, ``number`` times."""
        chance = Random(seed)
        asking = asyncio.create_task(self._ask())
        try:
            for end in range(1, number + 1):
                names = EVERYTHING if end % 2 == 0 else (BROKER,)
                began = time.monotonic()
                await self._end(names, chance)
                say(f"{end:4}  {'everything' if len(names) > 1 else 'broker':10}  {time.monotonic() - began:5.1f} s")
                if asking.done():
                    asking.result()
            await self.parts.ready()
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking

    async def _end(self, names: tuple[str, ...], chance: Random) -> None:
        if chance.random() >= SOON:
            await self.parts.ready()
        await asyncio.sleep(chance.uniform(*MOMENTS))
        await asyncio.to_thread(self.parts.kill, names)
        await asyncio.to_thread(self.parts.start)

    async def _ask(self) -> None:
        while True:
            await self._log.put(TASK_COMMANDS, self._people.next(now()))
            await asyncio.sleep(PAUSE)

    async def settled(self) -> list[str]:
        """Return what is wrong once nothing changes any more: none, or what stays wrong for a minute or two."""
        deadline = time.monotonic() + PATIENCE
        while found := await self._wrong(await self._log.look()):
            if time.monotonic() > deadline:
                return found
            await asyncio.sleep(1)
        return []

    async def _wrong(self, seen: Seen) -> list[str]:
        found = oracle.anomalies(seen, now()) + await views.moved_back(self.parts.postgres)
        return found or await views.differences(self.parts.postgres, self._rebuilt, seen)

    async def verified(self) -> list[str]:
        """Return what folding the whole log again finds."""
        parts = self.parts
        settings = Settings(
            kafka=parts.kafka,
            registry=parts.registry,
            postgres=parts.postgres,
            data=parts.directory,
            partitions=PARTITIONS,
        )
        return [difference.describe() for difference in (await verify(settings, TOPOLOGIES)).differences]

    async def audited(self) -> segments.Audit:
        """Stop the worker and audit its state against its changelogs, and then the broker's files."""
        await self._log.look()
        await asyncio.to_thread(self.parts.stop, [WORKER])  # what RocksDB has not flushed is on its changelog alone
        wrong = list(disks.anomalies([self.parts.directory], self._log))
        await asyncio.to_thread(self.parts.stop)
        found = segments.audit(self.parts.log_segments)
        return segments.Audit([*wrong, *found.anomalies], found.transactions, found.markers)


@asynccontextmanager
async def under_load(parts: Parts, seed: str) -> AsyncIterator[Unclean]:
    """All parts, ready, and people who will ask them."""
    people = People(seed, PARTITIONS)
    try:
        await asyncio.to_thread(parts.start, EVERYTHING[:3])
        await asyncio.to_thread(prepare.log, parts.kafka, parts.registry, PARTITIONS)
        await asyncio.to_thread(prepare.views, parts.postgres)
        await views.watch(parts.postgres)
        rebuilt = urlsplit(parts.postgres)._replace(path="/rebuilt").geturl()
        create_database(parts.postgres, "rebuilt")
        migrate(rebuilt)
        topics = [topic for topology in TOPOLOGIES for topic in topology.topics]
        async with opened(parts.kafka, parts.registry, topics, PARTITIONS, people.users) as log:
            await asyncio.to_thread(parts.start)
            await parts.ready()
            yield Unclean(parts, log, people, rebuilt)
    finally:
        await asyncio.to_thread(parts.stop)
