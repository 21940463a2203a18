"""A topology of two stages: one counts commands, the other tells each count, which is handed on to it in memory."""

import sys
from copy import copy
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from common import logs
from schemas import records as r
from schemas.topics import Topic
from streams import worker
from streams.runtime import Block, Stage, Topology, failpoints
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import PARTITIONS, Counting


class Pair(Counting):
    """The second stage numbers the counts it tells; a count of a task "untold" raises, unless it is mended."""

    def __init__(self, settings: Settings, name: str | None = None, *, mended: bool = False) -> None:
        super().__init__(settings, name, retried=True)
        self.name = self.stage.name.removeprefix("counting-")
        self.mended = mended
        self._count_here()
        self.told = Topic(f"told-{self.name}", "telling", (r.CommandOutcome,))
        self.telling = Stage(f"telling-{self.name}", reads=(self.counts, self.retries), writes=(self.told,))
        self.last_told = self.telling.table("last", r.AuditHead)
        self.telling.on(self.counts)(self.tell)

    def _count_here(self) -> None:
        """Declare the first stage as one that reads its timers' notices, and then removes them."""
        reads = (self.commands, self.followups, self.counts, self.retries)
        self.stage = Stage(self.stage.name, reads=reads, writes=(self.counts,))
        self.heads = self.stage.table("heads", r.AuditHead)
        self.timers = self.stage.timer("timers")
        self.stage.on(self.commands, self.followups)(self.each)
        self.stage.on(self.counts)(self.forget)
        self.stage.on_timer(self.counts)(self.tick)

    def forget(self, _: Block, count: r.CommandOutcome) -> None:
        if count.task == "timer":
            self.timers.remove(r.Timer(count.command, count.user, "", count.at))

    @cached_property
    def topology(self) -> Topology:
        """Both stages, as they are declared by then."""
        return Topology(f"pair-{self.name}", (self.stage, self.telling))

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics of the stages, which may be declared further."""
        return Topology(f"pair-{self.name}", (copy(self.stage), copy(self.telling))).topics

    def tell(self, block: Block, count: r.CommandOutcome) -> None:
        before = self.last_told.get(count.user)
        number = before.sequence + 1 if before else 1
        self.last_told[count.user] = r.AuditHead(number, count.command)
        block.emit(self.told, replace(count, version=number))
        if count.task == "untold" and not self.mended:  # what it has done until here is taken back
            raise ZeroDivisionError("untold")


if __name__ == "__main__":
    logs.configure("info")
    kafka, registry, data, name, failpoint = sys.argv[1:]
    chosen = Settings(kafka=kafka, registry=registry, data=Path(data), partitions=PARTITIONS, session_timeout=6)
    failpoints.arm(failpoint)
    worker.serve([Pair(chosen, name).app], chosen)
