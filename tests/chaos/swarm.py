"""Several workers of one counting stage, each on a disk of its own: they join, leave, die, freeze and wake."""

import asyncio
import signal
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from schemas import records as r
from tests.chaos.fleet import SESSION
from tests.chaos.load import spread
from tests.chaos.log import Log, now
from tests.chaos.seen import Seen
from tests.chaos.takeover import Marks, Takeover
from tests.chaos.workers import Worker
from tests.integration.runtime.counting import Counting, command

PARTITIONS = 12
LONGEST = 5 * SESSION
"""Seconds after which a frozen worker wakes though nobody has taken over: it had nothing, or too much else happens."""
TIMER = "1"
"""Every so often a command sets a timer that comes a millisecond later."""


@dataclass
class Swarm:
    """The workers of the stage ``counting``, by their disks."""

    counting: Counting
    directory: Path
    settings: Mapping[str, str]
    marks: Callable[[], Awaitable[Marks]]
    named: bool = False
    """Whether each worker keeps a name over its restarts (static membership)."""
    running: dict[Path, Worker] = field(default_factory=dict)
    ended: list[Worker] = field(default_factory=list)
    frozen: list[Worker] = field(default_factory=list)
    stops: int = 0
    """The number frozen so far."""
    zombies: int = 0
    """The number of them that woke after others had committed in all of their partitions."""
    _waking: list[asyncio.Task[None]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def join(self, disk: Path | None = None) -> Worker:
        """Start a worker, on a new disk unless one is given."""
        disk = disk or self.directory / str(next(self._numbers))
        name = {"RONDO_INSTANCE": disk.name} if self.named else {}
        argv = [sys.executable, "-m", "tests.chaos.counter", self.counting.stage.name.removeprefix("counting-")]
        self.running[disk] = Worker(argv, disk, {**self.settings, **name})
        return self.running[disk]

    async def leave(self, worker: Worker) -> None:
        """Let a worker end as it should, once it has begun."""
        deadline = now() + LONGEST * 1000
        while not worker.has_begun():
            assert now() < deadline, f"{worker.log} was not assigned anything in {LONGEST} s."
            await asyncio.sleep(0.3)
        self.ended.append(self.running.pop(worker.disk))
        status = await asyncio.to_thread(worker.stop)
        assert status == 0, f"{worker.log} ended with status {status}."

    async def restart(self, worker: Worker) -> Worker:
        """Let a worker end and start it again on its disk."""
        await self.leave(worker)
        return self.join(worker.disk)

    async def kill(self, worker: Worker) -> Worker:
        """Kill a worker and start it again on its disk."""
        self.ended.append(self.running.pop(worker.disk))
        worker.send(signal.SIGKILL)
        await asyncio.to_thread(worker.stop)
        return self.join(worker.disk)

    async def freeze(self, worker: Worker) -> None:
        """Stop a worker; it is woken as a zombie, once others have committed in all of its partitions."""
        worker.send(signal.SIGSTOP)
        self.frozen.append(worker)
        self.stops += 1
        self._waking.append(asyncio.create_task(self._wake(worker)))

    async def _wake(self, worker: Worker) -> None:
        takeover, deadline = Takeover(worker, datetime.now(UTC)), now() + LONGEST * 1000
        while not (complete := takeover.is_complete(self._others(worker), await self.marks())):
            if now() > deadline:
                break
            await asyncio.sleep(0.3)
        self.zombies += complete
        worker.send(signal.SIGCONT)
        self.frozen.remove(worker)

    def _others(self, worker: Worker) -> list[Worker]:
        return [other for other in (*self.running.values(), *self.ended) if other is not worker]

    def awake(self) -> list[Worker]:
        """Return the workers that are not frozen just now."""
        return [worker for worker in self.running.values() if worker not in self.frozen]

    def check(self) -> None:
        """Fail where a worker has ended by itself."""
        for worker in self.running.values():
            assert worker.ended is None, f"{worker.log} ended with status {worker.ended}."

    async def woken(self) -> None:
        """Return once nobody is frozen."""
        await asyncio.gather(*self._waking)

    async def stop(self) -> None:
        """Stop all workers, whatever they do."""
        for waking in self._waking:
            waking.cancel()
        running, self.running = self.running, {}
        for worker in running.values():
            worker.send(signal.SIGCONT)
        await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in running.values()))

    def assigned(self, worker: Worker) -> list[list[int]]:
        """Return the partitions of each assignment that a worker got."""
        return [told["partitions"] for told in worker.tells("assigned")]


class Crowd:
    """Users who send commands one after the other for as long as they are let, and what they must be answered."""

    def __init__(self, name: str) -> None:
        self.users = spread(name, PARTITIONS, each=3)
        self.sent: dict[str, list[r.CompleteTask]] = defaultdict(list)

    async def ask(self, counting: Counting, log: Log, pause: float = 0.05) -> None:
        """Send commands to both inputs until cancelled."""
        for number in count():
            at = now()
            for topic in (counting.commands, counting.followups):
                commands = [
                    command(user, 2 * number + (topic is counting.followups), TIMER if number % 7 == 0 else "t", at)
                    for user in self.users[number % 3 :: 3]
                ]
                for one in commands:
                    self.sent[f"{topic.name}/{one.user}"].append(one)
                await log.put(topic, *commands)
            await asyncio.sleep(pause)

    def anomalies(self, counting: Counting, seen: Seen) -> list[str]:
        """Return what was lost, doubled or reordered, as sentences."""
        return list(self._found(counting, seen))

    def _found(self, counting: Counting, seen: Seen) -> Iterator[str]:
        for user, counts in seen.by_user(counting.counts.name).items():
            answers: list[Any] = [one for one in counts if one.task != "timer"]
            if [one.version for one in answers] != list(range(1, len(answers) + 1)):
                yield f"User {user}'s numbers are not 1, 2, 3 … {len(answers)}."
            for topic in (counting.commands.name, counting.followups.name):
                asked = [one.id for one in self.sent[f"{topic}/{user}"]]
                among = set(asked)
                if (found := [one.command for one in answers if one.command in among]) != asked:
                    yield f"User {user} sent {len(asked)} commands to {topic} and got {len(found)} answers to them."
            came = {one.command for one in counts if one.task == "timer"}  # some twice: here nobody removes them
            if came != (wanted := {one.id for sent in self.of(counting, user) for one in sent if one.task == TIMER}):
                yield f"User {user} set {len(wanted)} timers and {len(came)} came."

    def of(self, counting: Counting, user: str) -> list[list[r.CompleteTask]]:
        """Return what a user sent, by input."""
        return [self.sent[f"{topic.name}/{user}"] for topic in (counting.commands, counting.followups)]
