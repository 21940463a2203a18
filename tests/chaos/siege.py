"""A whole Rondo under one fault after another, while clients use it; and the checks after the last fault."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from random import Random
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import click
import httpx

from domain import ledger
from postgres.databases import create_database
from postgres.migrate import migrate
from rondo.client import calls
from rondo.client.call import Call
from schemas import ids
from schemas import records as r
from schemas.topics import NOTIFICATIONS, REMINDERS, TASK_COMMANDS, TASK_EVENTS
from streams.progress.lag import Lag, lags
from streams.replay import verify
from streams.runtime.settings import Settings
from streams.topologies import parsed
from tests.chaos import disks, oracle, segments, views
from tests.chaos.clients import DUE, WAIT, Asked, Clients, false_answers
from tests.chaos.faults import Fault, Ground, Kind, plan, until
from tests.chaos.log import Log, now, opened
from tests.chaos.seen import Seen
from tests.receiver import Receiver

PARTITIONS = 4
PAUSE = 0.15
"""Seconds between two requests."""
AGAIN = 0.3
"""Seconds between two looks."""
SOON = timedelta(seconds=1)
PROMISED = 30.0
"""Seconds until everything works again after a fault, on an otherwise idle machine."""
RECOVERY = 180.0
"""Seconds after a fault until the recovery counts as failed."""
SETTLING = 120.0
"""Seconds after the last fault until all work is done."""


@dataclass(frozen=True)
class Recovered:
    """A fault, when it began (seconds since 1970), how many seconds it lasted and how many it took after that until
    every partition did a command and its reminder again.
    """

    fault: Fault
    began: float
    lasted: float
    after: float

    @property
    def over(self) -> float:
        """Seconds since 1970 at which everything worked again."""
        return self.began + self.lasted + self.after

    def __str__(self) -> str:
        return f"{self.fault!s:32} lasted {self.lasted:5.1f} s, over {self.after:5.1f} s later"


@dataclass
class Tally:
    """The anomalies, counted by kind; ``sentences`` has all, also those of other kinds."""

    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    fired_twice: int = 0
    wrong_answers: int = 0
    sentences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"lost {self.lost}, doubled {self.doubled}, reordered {self.reordered}, fired twice {self.fired_twice}, "
            f"wrong answers {self.wrong_answers}, anomalies {len(self.sentences)}"
        )


class Siege:
    """A running Rondo, its clients, and the receiver of their reminders."""

    def __init__(self, ground: Ground, clients: Clients, receiver: Receiver, seed: str) -> None:
        self.ground, self.clients, self.receiver, self._seed = ground, clients, receiver, seed
        self._grouping = ground.settings.get("RONDO_TOPOLOGIES", "")
        self._topologies = parsed(self._grouping)
        self.recovered: list[Recovered] = []
        self._probes = 0
        self._awaited: dict[str, str] = {}
        """What each user that probes waits for, and the last answer."""

    async def suffer(self, kinds: Mapping[str, Kind], seconds: float, say: Callable[[str], None]) -> None:
        """Inject faults of these kinds for ``seconds``, each after recovery from the one before."""
        end, some = time.monotonic() + seconds, plan(self._seed, kinds)
        await self.suffer_these(takewhile(lambda _: time.monotonic() < end, some), kinds, say)

    async def suffer_these(self, some: Iterable[Fault], kinds: Mapping[str, Kind], say: Callable[[str], None]) -> None:
        """Inject these faults, each after recovery from the one before."""
        await self._recovery()
        acting = asyncio.create_task(self.clients.act(self.ground.run["api"], PAUSE))
        try:
            for fault in some:
                at, began = time.time(), time.monotonic()
                await kinds[fault.kind].harm(self.ground, fault.on, Random(fault.seed))
                lasted = time.monotonic() - began
                self.recovered.append(Recovered(fault, at, lasted, await self._recovery()))
                say(f"{len(self.recovered):4}  {self.recovered[-1]}")
                if acting.done():
                    acting.result()
        finally:
            acting.cancel()
            with suppress(asyncio.CancelledError):
                await acting

    async def _recovery(self) -> float:
        """Return the seconds until every stage has worked again in each partition."""
        began = time.monotonic()
        self._awaited.clear()
        try:
            async with (
                asyncio.timeout(RECOVERY),
                httpx.AsyncClient(base_url=self.ground.run["api"], timeout=30, trust_env=False) as client,
            ):
                await asyncio.gather(*(self._probe(client, user) for user in self.clients.probing))
        except TimeoutError:
            missing = "\n  ".join(f"{user}: {awaited}" for user, awaited in self._awaited.items())
            message = f"Not all was done {RECOVERY:.0f} s later:\n  {missing}\n{self.ground.told()}"
            raise AssertionError(message) from None
        return time.monotonic() - began

    async def _probe(self, client: httpx.AsyncClient, user: str) -> None:
        """Create a task of a series, be reminded of it, complete it, and see its history and what follows it."""
        self._probes += 1
        title = f"Probe {self._seed} {self._probes}"
        create = calls.create(title, due=DUE, recurrence="FREQ=DAILY", key=title, wait=WAIT)
        await self._answered(client, user, create, bool)
        task = ids.task(ids.command(user, title))
        await self._reminded(client, user, task)
        await self._answered(client, user, calls.complete(task, key=f"{title} done", wait=WAIT), bool)
        await self._answered(client, user, calls.history(task).first, lambda page: len(page["items"]) >= 3)
        following = calls.tasks(f'open and title ~ "{title}"').first
        await self._answered(client, user, following, lambda page: len(page["items"]) == 1)
        del self._awaited[user]

    async def _reminded(self, client: httpx.AsyncClient, user: str, task: str) -> None:
        """Ask to be reminded of a task very soon, again where that was taken too late, and wait for it."""
        soon = datetime.now(UTC)
        while datetime.now(UTC) >= soon:
            soon = datetime.now(UTC) + SOON
            reminders = [{"at": soon.isoformat(timespec="milliseconds")}]
            await self._answered(client, user, calls.update(task, reminders=reminders, wait=WAIT), bool)
        self._awaited[user] = f"the reminder of {task} that was due at {soon:%T}"
        await until(lambda: task in self.receiver.tasks, seconds=RECOVERY)

    async def _answered(
        self, client: httpx.AsyncClient, user: str, call: Call[Any], good: Callable[[Any], bool]
    ) -> None:
        """Repeat a request until it has the expected answer, with an outcome."""
        while True:
            answer = await self.clients.ask(client, user, call)
            if answer is not None and answer.status_code in {200, 201} and good(answer.json()):
                return
            message = "no answer" if answer is None else f"{answer.status_code} {answer.text[:300]}"
            self._awaited[user] = f"{call.method} {call.path} at {datetime.now(UTC):%T}: {message}"
            await asyncio.sleep(AGAIN)

    async def judged(self, say: Callable[[str], None]) -> list[str]:
        """Report the result; return what is wrong once all work is done or time is up, and the stack is stopped."""
        async with self._log() as log:
            seen, wrong = await self._settled(log)
            tally = tally_of(seen, self.clients.asked, wrong)
            tally.sentences += await self._differences(seen)
            tally.sentences += sent_again(self.receiver.came, self.recovered)
            await log.look()
        await asyncio.to_thread(self.ground.stop)
        audit = segments.audit(self.ground.segments)
        assert audit.markers, f"There is no transaction in {self.ground.segments}."
        tally.sentences += [*audit.anomalies, *disks.anomalies([self.ground.data], log)]
        say("\n".join([self._summary(tally), *tally.sentences[:20]]))
        return tally.sentences

    def _log(self) -> AbstractAsyncContextManager[Log]:
        """Open the whole log."""
        run, users = self.ground.run, self.clients.users
        topics = [topic for topology in self._topologies for topic in topology.topics]
        return opened(run["kafka"], run["registry"], topics, PARTITIONS, users, whole=True, grouping=self._grouping)

    async def _settled(self, log: Log) -> tuple[Seen, list[str]]:
        """Return the log once nothing changes any more, and what stays wrong there."""
        live = self.ground.run["postgres"]
        rebuilt = urlsplit(live)._replace(path="/rebuilt").geturl()
        await asyncio.to_thread(create_database, live, "rebuilt")
        await asyncio.to_thread(migrate, rebuilt)
        deadline = time.monotonic() + SETTLING
        while True:
            seen = await log.look()
            wrong = oracle.anomalies(seen, now()) or await views.differences(live, rebuilt, seen)
            if time.monotonic() > deadline or not (wrong or oracle.owed(seen)):
                return seen, wrong
            await asyncio.sleep(AGAIN)

    async def _differences(self, seen: Seen) -> list[str]:
        """Return the differences from the log: of positions, of a replay, and at the receiver."""
        run, behind = self.ground.run, await self._behind()
        report = await verify(
            Settings(
                kafka=run["kafka"],
                registry=run["registry"],
                postgres=run["postgres"],
                data=self.ground.data,
                partitions=PARTITIONS,
                webhook=self.receiver.url,
            ),
            self._topologies,
        )
        return [
            *(f"{one.topology} is {one.lag} behind in {one.topic}/{one.partition}." for one in behind),
            *(difference.describe() for difference in report.differences),
            *_undelivered(seen, self.receiver),
        ]

    async def _behind(self) -> list[Lag]:
        """Return the inputs that are not read to their end, once that are none or time is up."""
        run, deadline = self.ground.run, time.monotonic() + SETTLING
        while True:
            found = await lags(run["kafka"], run["registry"], run["postgres"], self._topologies, now())
            behind = [one for one in found if one.lag]
            if not behind or time.monotonic() > deadline:
                return behind
            await asyncio.sleep(AGAIN)

    def _summary(self, tally: Tally) -> str:
        """Return the result as a line for people."""
        times = [one.after for one in self.recovered]
        return (
            f"{len(times)} faults, {len(self.clients.asked)} requests: {tally}; "
            f"recovery p50 {median(times):.1f} s, max {max(times):.1f} s, over {PROMISED:.0f} s in "
            f"{sum(one > PROMISED for one in times)}; "
            f"{len(self.receiver.came)} reminders, sent again around a fault {_again(self.receiver)}"
        )


def tally_of(seen: Seen, asked: list[Asked], anomalies: list[str]) -> Tally:
    """Count what is wrong on the log and in the answers."""
    commands = seen.of(TASK_COMMANDS.name)
    taken = {one.id for one in commands} | {one.bulk for one in commands if isinstance(one, r.ChangeTasks)}
    found = [one for one in seen.of(TASK_EVENTS.name) if isinstance(one, r.CommandOutcome)]
    outcomes = {one.command: one.kind.value for one in found}
    due = [one.id for one in seen.of(REMINDERS.name) if isinstance(one, ledger.Decided)]
    wrong = list(false_answers(asked, taken, outcomes))
    unanswered = {one.id for one in commands} - outcomes.keys()
    return Tally(
        lost=len(unanswered) + sum(one.was_taken and one.command not in taken for one in asked),
        doubled=len(found) - len(outcomes),
        reordered=sum("not answered in their order" in one for one in anomalies),
        fired_twice=len(due) - len(set(due)),
        wrong_answers=len(wrong),
        sentences=[*wrong, *anomalies],
    )


def _undelivered(seen: Seen, receiver: Receiver) -> list[str]:
    due = {one.id for one in seen.of(REMINDERS.name) if isinstance(one, r.ReminderDue)}
    due |= {one.id for one in seen.of(NOTIFICATIONS.name) if one.step is r.Step.SENT}  # also digests, unless empty
    return [f"Reminder {one} was due and did not come." for one in due - receiver.came.keys()]


def _again(receiver: Receiver) -> int:
    return sum(len(times) - 1 for times in receiver.came.values())


def sent_again(came: Mapping[str, Sequence[float]], recovered: Iterable[Recovered]) -> list[str]:
    """Return the reminders that were sent again although there was no fault meanwhile.

    A worker that is killed or frozen while it sends can't know whether that came, so around a fault it may send again.
    """
    faults = list(recovered)
    return [
        f"Reminder {one} came again {again - before:.1f} s later, and nothing failed meanwhile."
        for one, times in came.items()
        for before, again in pairwise(times)
        if not any(fault.began <= again and before <= fault.over for fault in faults)
    ]


@asynccontextmanager
async def besieged(ground: Ground, receiver: Receiver, seed: str) -> AsyncIterator[Siege]:
    """Run a Rondo and its clients until the context ends."""
    try:
        await asyncio.to_thread(ground.start)
        yield Siege(ground, Clients(seed, ground.secret, PARTITIONS), receiver, seed)
    finally:
        await asyncio.to_thread(ground.end)


async def besiege(ground: Ground, receiver: Receiver, kinds: Mapping[str, Kind], seed: str, seconds: float) -> None:
    """Inject faults of these kinds into a Rondo for ``seconds``; fail where anything is wrong at the end."""
    async with besieged(ground, receiver, seed) as siege:
        await siege.suffer(kinds, seconds, click.echo)
        wrong = await siege.judged(click.echo)
    assert wrong == []
