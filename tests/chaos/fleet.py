"""A process for each stage, each with a failpoint of its own, and what follows when they reach them.

A killed worker is started again on its disk without the failpoint. One that hangs is woken only after another worker
has committed in each of its partitions: as a zombie. Another worker joins where a partition has to be given up.
"""

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.runtime.failpoints import Point
from streams.worker import STAGES
from tests.chaos.takeover import Marks, Takeover
from tests.chaos.workers import Worker

SESSION = 6.0
"""Seconds: the shortest that a broker allows by default (group.min.session.timeout.ms)."""
NTH = {
    Point.FENCING: 2,
    Point.FENCED: 2,
    Point.RESTORED: 2,  # while other partitions are underway already
    Point.DELIVERED: 2,
    Point.REVOKED: 1,
}
"""Which time a point fails; of a block's the third."""

KILLED = -9
RONDO = str(Path(sys.executable).with_name("rondo"))


@dataclass(frozen=True)
class Faults:
    """What happens in one run: the same action in several stages, each at a point of its own."""

    action: str  # kill, raise, hang
    points: Mapping[str, Point]  # by stage

    def failpoint(self, stage: str) -> str:
        """Return ``RONDO_FAILPOINT`` for a stage."""
        if not (point := self.points.get(stage)):
            return ""
        return f"{stage}:{point}:{self.action}@{NTH.get(point, 3)}"


class Fleet:
    """The workers of one run."""

    def __init__(self, faults: Faults, disks: list[Path], settings: Mapping[str, str]) -> None:
        self._faults = faults
        self._disks = disks
        self._settings = {**settings, "RONDO_SESSION_TIMEOUT": str(SESSION)}
        self.armed = {stage: self._start(stage, faults.failpoint(stage)) for stage in STAGES}
        self._again: dict[str, Worker] = {}  # after they were killed, on the same disk
        self._beside: dict[str, Worker] = {}  # on another disk
        self._hanging: dict[str, Takeover] = {}
        self._woken: set[str] = set()

    def _start(self, stage: str, failpoint: str = "", disk: int = 0) -> Worker:
        return Worker([RONDO, "worker", stage], self._disks[disk], self._settings, failpoint)

    @property
    def workers(self) -> list[Worker]:
        """Every worker that was started."""
        return [*self.armed.values(), *self._again.values(), *self._beside.values()]

    def look_after(self) -> None:
        """Start again who was killed, and another worker where partitions are to be taken over or given up."""
        for worker in self.workers:
            self._check(worker)
        for stage, worker in self.armed.items():
            if worker.ended == KILLED and stage not in self._again:
                self._again[stage] = self._start(stage)
            if stage not in self._beside and self._needs_another(stage):
                self._beside[stage] = self._start(stage, disk=1)

    def _needs_another(self, stage: str) -> bool:
        """Return whether another worker should join a stage now."""
        if self._faults.points.get(stage) is Point.REVOKED:
            return all(worker.tells("assigned") for worker in self.armed.values())
        return self._faults.action == "hang" and stage in self._faults.points

    def wake(self, marks: Mapping[str, Marks]) -> None:
        """Let those that hang go on as soon as others have committed in all of their partitions; marks are by stage."""
        for stage in self._faults.points:
            armed = self.armed[stage]
            if stage in self._woken or stage not in self._beside or not (reached := armed.tells("failpoint reached")):
                continue
            takeover = self._hanging.setdefault(stage, Takeover(armed, armed.moment(reached[0])))
            if takeover.is_complete([self._beside[stage]], marks.get(stage, {})):
                armed.send(signal.SIGCONT)
                self._woken.add(stage)

    def _check(self, worker: Worker) -> None:
        due = KILLED if worker.failed() and self._faults.action == "kill" else None
        assert worker.ended in {None, due}, f"{worker.log} ended with status {worker.ended}."

    def missing(self) -> list[str]:
        """Return the stages that have not failed yet; of those that hang, who has not woken behind an heir yet."""
        if self._faults.action == "hang":
            return [one for one in self._faults.points if one not in self._woken or not self.armed[one].went_on()]
        return [stage for stage in self._faults.points if not self.armed[stage].failed()]

    def starting(self) -> list[str]:
        """Return who runs and has not begun yet."""
        return [f"{one.log} begins." for one in self.workers if one.ended is None and not one.has_begun()]

    async def stop(self) -> dict[str, int | None]:
        """Stop all that run; return those that did not end well, with their status."""
        running = [worker for worker in self.workers if worker.ended is None]
        for worker in running:
            worker.send(signal.SIGCONT)
        ended = await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in running))
        return {str(worker.log): status for worker, status in zip(running, ended, strict=True) if status != 0}
