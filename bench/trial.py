"""One way, once: started, warmed up, loaded, measured, checked, stopped."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from bench import log
from bench.meter import Meter, Usage
from bench.run import LOGS, Run
from bench.stand import Stand
from bench.ways import Way, wait_until
from bench.workload import Plan, Workload, seeded, warming
from local.problem import Problem
from local.process import Process

_WARM, _MEASURED = 120.0, 600.0  # seconds after which something is wrong

Say = Callable[[str], None]
"""Tells people what is being done."""


class Wrong(Exception):
    """A way's table is not what the commands lead to: its figures count for nothing."""


@dataclass(frozen=True)
class Result:
    """What a way took for ``rows`` commands."""

    way: str
    rows: int
    seconds: float
    usage: dict[str, Usage]  # by part

    @property
    def rate(self) -> float:
        """Rows a second, end to end."""
        return self.rows / self.seconds

    def cpu(self, *, shared: bool) -> float:
        """CPU microseconds a row: of the way's own processes, or also of broker and Postgres, which all share."""
        own = (usage.cpu for part, usage in self.usage.items() if shared or part not in {"broker", "postgres"})
        return sum(own) / self.rows * 1e6


@dataclass(frozen=True)
class Started:
    """A way that runs."""

    way: Way
    stand: Stand
    run: Run
    processes: dict[str, Process]

    def pids(self) -> dict[str, int]:
        """Return the processes of all that takes part."""
        return {name: process.pid for name, process in {**self.processes, **self.stand.parts}.items()}

    def load(self, work: Workload) -> Callable[[], None]:
        """Put commands where the way will read them; return what lets it see them."""
        if self.way.reads_the_log:
            return log.Load(self.stand.kafka, self.run.commands, work.messages).release
        return partial(self.stand.table.tell, self.run.id)

    def wait_for(self, work: Workload, seconds: float) -> float:
        """Return the time at which everything had arrived where the way ends; raise TimeoutError or Problem."""
        return wait_until(lambda: self._has_done(work), seconds, self.run.id)

    def _has_done(self, work: Workload) -> bool:
        for process in self.processes.values():
            if process.ended is not None:
                process.wait()  # raises with the end of its log
                raise Problem(f"{process.command.name} ended in the middle: see {process.command.log}.")
        return self.way.has_done(self.stand, self.run, work)


@contextmanager
def started(way: Way, stand: Stand, plan: Plan, say: Say, profile: Path | None = None) -> Iterator[Started]:
    """Start a way on topics of its own, let it do the warm-up, and stop it with the block."""
    id_ = f"{way.name}-{uuid4().hex[:6]}"
    run = Run(id_, stand.kafka, stand.postgres, str(stand.directory / id_), f"commands-{id_}", f"events-{id_}", plan)
    run.path.mkdir()
    stand.table.clear()
    log.create(stand.kafka, (run.commands, run.events))
    with ExitStack() as ended:
        ended.callback(log.delete, stand.kafka, id_)
        it = Started(way, stand, run, {})
        say("starting")
        for part, command in way.commands(run, profile).items():
            it.processes[part] = Process(command)
            ended.callback(it.processes[part].stop)
        say("warming up")
        warm = warming(plan)
        if way.reads_the_log:
            it.load(warm)()
        it.wait_for(warm, _WARM)
        yield it


def measure(it: Started, say: Say) -> Result:
    """Return what a warm way takes from the moment it sees the commands to the last row; raise ``Wrong``."""
    say("loading")
    work = seeded(it.run.plan)
    release = it.load(work)
    whole = warming(it.run.plan) + work
    say("measuring")
    with Meter(it.pids()) as meter:
        began = time.monotonic()
        release()
        done = it.wait_for(whole, _MEASURED)
    if it.way.reaches_postgres and it.stand.table.digest() != whole.digest:
        raise Wrong(f"The table of {it.way.name} is not what the commands lead to; see {LOGS}.")
    return Result(it.way.name, len(work), done - began, meter.usage)
