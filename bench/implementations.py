"""The implementations that are compared: their processes, their output, and their share of the work."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import kafka_streams, log, runtime
from bench.run import Run, python
from bench.services import Services
from bench.workload import Plan, Workload
from local.process import Command

Commands = Callable[[Run, Path | None], dict[str, Command]]
"""Returns the commands of an implementation's parts; profiled into a directory if there is one."""


@dataclass(frozen=True)
class Implementation:
    """An implementation of the work."""

    name: str
    commands: Commands
    share: float = 1.0  # of the commands: a slow one gets fewer
    reaches_postgres: bool = True
    reads_the_log: bool = True
    can_run: Callable[[], bool] = lambda: True
    asked_for: bool = False  # measured only if named

    def share_of(self, plan: Plan) -> Plan:
        """Return its share of the commands."""
        return Plan(plan.seed, int(plan.size * self.share), int(plan.warm * self.share))

    def has_done(self, services: Services, run: Run, work: Workload) -> bool:
        """Return whether all its results have arrived."""
        if self.reaches_postgres:
            return services.table.holds(work.last)
        return log.length(services.kafka, run.events) >= len(work)


def _parts(module: str, *parts: str) -> Commands:
    return lambda run, profile: {part: python(run, module, part, profile) for part in parts}


def _kafka_streams(settings: Mapping[str, object]) -> Commands:
    return lambda run, _: {"streams": kafka_streams.command(run, settings)}


IMPLEMENTATIONS = {
    way.name: way
    for way in (
        Implementation("runtime", _parts("runtime", *runtime.PARTS)),
        Implementation("without-headers", _parts("without_headers", *runtime.PARTS), asked_for=True),
        Implementation("kafka-streams", _kafka_streams({}), can_run=kafka_streams.can_run),
        Implementation("kafka-streams-tuned", _kafka_streams(kafka_streams.TUNED), can_run=kafka_streams.can_run),
        Implementation("faust", _parts("ordinary_faust", "tasks", "sink"), share=0.05),
        Implementation("consume-produce", _parts("consume_produce", "loop"), reaches_postgres=False),
        Implementation("postgres-alone", _parts("postgres_alone", "upserts"), reads_the_log=False),
    )
}
"""All implementations by name. ``consume-produce`` and ``postgres-alone`` do only a part, as bounds of the others."""


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> float:
    """Poll until ``done``; return the monotonic time of that. Raises ``TimeoutError``."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not done within {seconds:.0f} s.")
        time.sleep(0.01)
    return time.monotonic()
