"""A trial of an implementation: it is started, warmed up, loaded, measured, checked and stopped."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from bench import log
from bench.implementations import Implementation, wait_until
from bench.meter import Meter, Usage
from bench.run import LOGS, Run
from bench.services import Services
from bench.workload import Plan, Workload, seeded, warming
from local.errors import Problem
from local.process import Process

_WARM, _MEASURED = 120.0, 600.0  # timeouts in seconds

Say = Callable[[str], None]
"""Describes the current step to people."""


class Wrong(Problem):
    """An implementation's table is wrong: its figures are invalid."""


@dataclass(frozen=True)
class Result:
    """The resources of an implementation for ``rows`` commands."""

    way: str
    rows: int
    seconds: float
    usage: dict[str, Usage]  # by part

    @property
    def rate(self) -> float:
        """Rows per second, end to end."""
        return self.rows / self.seconds

    def cpu(self, *, shared: bool) -> float:
        """CPU microseconds per row: of its own processes, or with those of broker and Postgres, which all share."""
        own = (usage.cpu for part, usage in self.usage.items() if shared or part not in {"broker", "postgres"})
        return sum(own) / self.rows * 1e6


@dataclass(frozen=True)
class Started:
    """A running implementation."""

    way: Implementation
    services: Services
    run: Run
    processes: dict[str, Process]

    def pids(self) -> dict[str, int]:
        """Return the process ids of all parts."""
        return {name: process.pid for name, process in {**self.processes, **self.services.parts}.items()}

    def load(self, work: Workload) -> Callable[[], None]:
        """Write commands where the implementation reads them; return a function that makes them visible."""
        if self.way.reads_the_log:
            return log.Load(self.services.kafka, self.run.commands, work.messages).release
        return partial(self.services.table.notify, self.run.id)

    def wait_for(self, work: Workload, seconds: float) -> float:
        """Return the time at which all results had arrived; raise ``TimeoutError`` or ``Problem``."""
        return wait_until(lambda: self._has_done(work), seconds, self.run.id)

    def _has_done(self, work: Workload) -> bool:
        for process in self.processes.values():
            if process.ended is not None:
                process.wait()  # raises with the end of its log
                raise Problem(f"{process.command.name} ended too early: see {process.command.log}.")
        return self.way.has_done(self.services, self.run, work)


@contextmanager
def started(
    way: Implementation, services: Services, plan: Plan, say: Say, profile: Path | None = None
) -> Iterator[Started]:
    """Start an implementation on its own topics, warm it up, and stop it on exit."""
    id_ = f"{way.name}-{uuid4().hex[:6]}"
    run = Run(
        id_, services.kafka, services.postgres, str(services.directory / id_), f"commands-{id_}", f"events-{id_}", plan
    )
    run.path.mkdir()
    services.table.clear()
    log.create(services.kafka, (run.commands, run.events))
    with ExitStack() as ended:
        ended.callback(log.delete, services.kafka, id_)
        it = Started(way, services, run, {})
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
    """Measure a warm implementation from when it sees the commands to the last row; raise ``Wrong``."""
    say("loading")
    work = seeded(it.run.plan)
    release = it.load(work)
    whole = warming(it.run.plan) + work
    say("measuring")
    with Meter(it.pids()) as meter:
        began = time.monotonic()
        release()
        done = it.wait_for(whole, _MEASURED)
    if it.way.reaches_postgres and it.services.table.digest() != whole.digest:
        raise Wrong(f"The table of {it.way.name} is not the result of the commands; see {LOGS}.")
    return Result(it.way.name, len(work), done - began, meter.usage)
