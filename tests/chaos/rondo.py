"""One run of all topologies under faults: the requests, the faults meanwhile, and the checks at the end."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from urllib.parse import urlsplit

from local import leftovers
from postgres.databases import create_database
from postgres.migrate import migrate
from schemas.records import Notification, Step
from schemas.topics import NOTIFICATIONS, TASK_COMMANDS, TASK_NOTICES
from streams.replay import verify
from streams.runtime.settings import Settings
from streams.topologies import parsed
from tests.acceptance.stack import Stack
from tests.chaos import disks, oracle, views
from tests.chaos.fleet import Faults, Fleet
from tests.chaos.load import People
from tests.chaos.log import Log, decoded, now, opened
from tests.chaos.seen import Seen
from tests.chaos.soon import LATEST
from tests.chaos.takeover import Marks

PARTITIONS = 4
PAUSE = 0.03
"""Seconds between two commands."""
LEASE = 60.0
"""Seconds until what a dead worker was sending was sent by another."""
PATIENCE = 90.0
"""Seconds for all failpoints to be reached, and for everything to be done after."""


class Rondo:
    """Broker, registry, Postgres and two disks, on which run after run fails. Each has users of its own.

    ``grouping`` is ``RONDO_TOPOLOGIES`` of its workers.
    """

    def __init__(self, stack: Stack, grouping: str = "") -> None:
        self._run = stack.run
        self._grouping, self._topologies = grouping, parsed(grouping)
        self._disks = [stack.data / "first", stack.data / "second"]
        self._owed: set[str] = set()
        self._rebuilt = urlsplit(self._run["postgres"])._replace(path="/rebuilt").geturl()
        create_database(self._run["postgres"], "rebuilt")
        migrate(self._rebuilt)
        names = ("kafka", "registry", "postgres")
        self._settings = {f"RONDO_{name.upper()}": self._run[name] for name in names} | {
            "RONDO_PARTITIONS": str(PARTITIONS),
            leftovers.MARK: str(stack.data),
        }

    async def survive(self, faults: Faults) -> list[str]:
        """Run under faults until everything is done; return what is wrong then. Fails where a point is not reached."""
        people = People(repr(faults), PARTITIONS)
        async with self._opened(people) as log:
            fleet = Fleet(faults, self._disks, self._settings, self._grouping)
            try:
                await self._fail(fleet, people, log)
                await self._settle(fleet, log)
            finally:
                ended = await fleet.stop()
            wrong = await self._wrong(seen := await log.look())
        assert seen.of(TASK_NOTICES.name), "No deleted task's time came: there was no timer of the tasks to lose."
        self._owed |= oracle.owed(seen)
        return [*wrong, *disks.anomalies(self._disks, log), *_undelivered(fleet, seen), *map(str, ended.items())]

    def _opened(self, people: People) -> AbstractAsyncContextManager[Log]:
        topics = [topic for topology in self._topologies for topic in topology.topics]
        kafka, registry = self._run["kafka"], self._run["registry"]
        return opened(kafka, registry, topics, PARTITIONS, people.users, grouping=self._grouping)

    async def verified(self) -> list[str]:
        """Return what folding the whole log again finds, on each disk: the difference of each part that has one."""
        named = {name: self._run[name] for name in ("kafka", "registry", "postgres")}
        found: list[str] = []
        for disk in self._disks:
            report = await verify(Settings(**named, data=disk, partitions=PARTITIONS), self._topologies)
            found += [difference.describe() for difference in report.differences]
        return found

    async def unpaid(self) -> set[str]:
        """Return the reminders that were owed at the end of a run and are still not sent, once, after their lease."""
        if not self._owed:
            return set()
        fleet = Fleet(Faults("raise", {}), self._disks, self._settings, self._grouping)
        try:
            async with asyncio.timeout(LEASE):
                while left := await self._unsent():  # noqa: ASYNC110 - it is on the log that it comes
                    await asyncio.sleep(1)
        except TimeoutError:
            return left
        else:
            return set()
        finally:
            await fleet.stop()

    async def _unsent(self) -> set[str]:
        found = [record async for record in decoded(self._run["kafka"], self._run["registry"], NOTIFICATIONS)]
        sent = Counter(step.id for step in found if step.step in {Step.SENT, Step.SUPPRESSED})  # as an empty digest
        return {reminder for reminder in self._owed if sent[reminder] != 1}

    async def _fail(self, fleet: Fleet, people: People, log: Log) -> None:
        """Put commands on the log until every worker has failed."""
        asking = asyncio.create_task(_ask(people, log))
        try:
            await _until(lambda: self._missing(fleet, log), fleet, "These did not fail or wake behind an heir")
            if asking.done():
                asking.result()
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking

    async def _missing(self, fleet: Fleet, log: Log) -> list[str]:
        """Wake who hangs and has an heir; return the topologies that have not failed yet."""
        fleet.wake(await self._marks(log))
        return fleet.missing()

    async def _marks(self, log: Log) -> dict[str, Marks]:
        return {**await log.marks(), "views": await views.positions(self._run["postgres"])}

    async def _settle(self, fleet: Fleet, log: Log) -> None:
        last = now() + LATEST  # by then every reminder that was asked for is due

        async def wrong() -> list[str]:
            if now() <= last:
                return ["Reminders are yet to be due."]
            return fleet.starting() or await self._wrong(await log.look())

        await _until(wrong, fleet, "It did not come right")

    async def _wrong(self, seen: Seen) -> list[str]:
        found = oracle.anomalies(seen, now()) + await views.moved_back(self._run["postgres"])
        return found or await views.differences(self._run["postgres"], self._rebuilt, seen)


async def _ask(people: People, log: Log) -> None:
    while True:
        await log.put(TASK_COMMANDS, people.next(now()))
        await asyncio.sleep(PAUSE)


async def _until(wrong: Callable[[], Awaitable[list[str]]], fleet: Fleet, otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while found := await wrong():
        assert time.monotonic() < deadline, f"{otherwise}: {found[:5]}"
        fleet.look_after()
        await asyncio.sleep(0.3)


def _undelivered(fleet: Fleet, seen: Seen) -> list[str]:
    """Return the reminders and digests that are recorded as sent and were not: here they are sent to the log."""
    reminded = {told["id"] for one in fleet.workers for kind in ("reminder", "digest") for told in one.tells(kind)}
    steps: list[Notification] = seen.of(NOTIFICATIONS.name)
    sent = {step.id for step in steps if step.step is Step.SENT}
    return [f"Reminder {identity} counts as sent, and no worker sent it." for identity in sent - reminded]
