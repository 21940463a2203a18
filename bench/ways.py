"""The ways that are compared: their processes, where they end, and how much of the work each gets."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import kafka_streams, log, runtime
from bench.run import Run, python
from bench.stand import Stand
from bench.workload import Plan, Workload
from local.process import Command

Commands = Callable[[Run, Path | None], dict[str, Command]]
"""Gives the commands of a way's parts; profiled, where a directory for that is given."""


@dataclass(frozen=True)
class Way:
    """One way to do the work."""

    name: str
    commands: Commands
    share: float = 1.0  # of the commands: a slow way gets fewer
    reaches_postgres: bool = True
    reads_the_log: bool = True
    can_run: Callable[[], bool] = lambda: True
    asked_for: bool = False  # measured only where it is named

    def share_of(self, plan: Plan) -> Plan:
        """Return the way's part of the commands."""
        return Plan(plan.seed, int(plan.size * self.share), int(plan.warm * self.share))

    def has_done(self, stand: Stand, run: Run, work: Workload) -> bool:
        """Tell whether everything has arrived where the way ends."""
        if self.reaches_postgres:
            return stand.table.holds(work.last)
        return log.length(stand.kafka, run.events) >= len(work)


def _parts(module: str, *parts: str) -> Commands:
    return lambda run, profile: {part: python(run, module, part, profile) for part in parts}


def _kafka_streams(settings: Mapping[str, object]) -> Commands:
    return lambda run, _: {"streams": kafka_streams.command(run, settings)}


WAYS = {
    way.name: way
    for way in (
        Way("runtime", _parts("runtime", *runtime.PARTS)),
        Way("without-headers", _parts("without_headers", *runtime.PARTS), asked_for=True),
        Way("kafka-streams", _kafka_streams({}), can_run=kafka_streams.can_run),
        Way("kafka-streams-tuned", _kafka_streams(kafka_streams.TUNED), can_run=kafka_streams.can_run),
        Way("faust", _parts("ordinary_faust", "tasks", "sink"), share=0.05),
        Way("consume-produce", _parts("consume_produce", "loop"), reaches_postgres=False),
        Way("postgres-alone", _parts("postgres_alone", "upserts"), reads_the_log=False),
    )
}
"""All of them, by name. ``consume-produce`` and ``postgres-alone`` do only a part: what bounds the others."""


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> float:
    """Poll until ``done``; return the monotonic time at which it was. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not done within {seconds:.0f} s.")
        time.sleep(0.01)
    return time.monotonic()
