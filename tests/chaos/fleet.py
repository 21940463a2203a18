"""A process for each topology, each with a failpoint of its own, and what follows when they reach them.

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
from streams.topologies import parsed
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
    """What happens in one run: the same action in several topologies, each at a point of its own."""

    action: str  # kill, raise, hang
    points: Mapping[str, Point]  # by topology

    def failpoint(self, topology: str) -> str:
        """Return ``RONDO_FAILPOINT`` for a topology."""
        if not (point := self.points.get(topology)):
            return ""
        return f"{topology}:{point}:{self.action}@{NTH.get(point, 3)}"


class Fleet:
    """The workers of one run, one of each topology of a grouping."""

    def __init__(self, faults: Faults, disks: list[Path], settings: Mapping[str, str], grouping: str = "") -> None:
        self._faults = faults
        self._disks = disks
        self._settings = {**settings, "RONDO_SESSION_TIMEOUT": str(SESSION), "RONDO_TOPOLOGIES": grouping}
        names = [topology.name for topology in parsed(grouping)]
        self.armed = {name: self._start(name, faults.failpoint(name)) for name in names}
        self._again: dict[str, Worker] = {}  # after they were killed, on the same disk
        self._beside: dict[str, Worker] = {}  # on another disk
        self._hanging: dict[str, Takeover] = {}
        self._woken: set[str] = set()

    def _start(self, topology: str, failpoint: str = "", disk: int = 0) -> Worker:
        return Worker([RONDO, "worker", topology], self._disks[disk], self._settings, failpoint)

    @property
    def workers(self) -> list[Worker]:
        """Every worker that was started."""
        return [*self.armed.values(), *self._again.values(), *self._beside.values()]

    def look_after(self) -> None:
        """Start again who was killed, and another worker where partitions are to be taken over or given up."""
        for worker in self.workers:
            self._check(worker)
        for topology, worker in self.armed.items():
            if worker.ended == KILLED and topology not in self._again:
                self._again[topology] = self._start(topology)
            if topology not in self._beside and self._needs_another(topology):
                self._beside[topology] = self._start(topology, disk=1)

    def _needs_another(self, topology: str) -> bool:
        """Return whether another worker should join a topology now."""
        if self._faults.points.get(topology) is Point.REVOKED:
            return all(worker.tells("assigned") for worker in self.armed.values())
        return self._faults.action == "hang" and topology in self._faults.points

    def wake(self, marks: Mapping[str, Marks]) -> None:
        """Let those that hang go on once others have committed in all of their partitions; marks are by topology."""
        for topology in self._faults.points:
            armed = self.armed[topology]
            if (
                topology in self._woken
                or topology not in self._beside
                or not (reached := armed.tells("failpoint reached"))
            ):
                continue
            takeover = self._hanging.setdefault(topology, Takeover(armed, armed.moment(reached[0])))
            if takeover.is_complete([self._beside[topology]], marks.get(topology, {})):
                armed.send(signal.SIGCONT)
                self._woken.add(topology)

    def _check(self, worker: Worker) -> None:
        due = KILLED if worker.failed() and self._faults.action == "kill" else None
        assert worker.ended in {None, due}, f"{worker.log} ended with status {worker.ended}."

    def missing(self) -> list[str]:
        """Return the topologies that have not failed yet; of those that hang, who has not woken behind an heir yet."""
        if self._faults.action == "hang":
            return [one for one in self._faults.points if one not in self._woken or not self.armed[one].went_on()]
        return [topology for topology in self._faults.points if not self.armed[topology].failed()]

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
