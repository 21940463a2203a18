"""The ways that are compared: their processes, and how much of the work each gets."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import log, runtime
from bench.run import Run, python
from bench.stand import Stand
from bench.workload import Workload
from local.process import Command

Commands = Callable[[Run, Path | None], dict[str, Command]]


@dataclass(frozen=True)
class Way:
    """One way to do the work."""

    name: str
    commands: Commands
    share: float = 1.0  # of the commands: a slow way gets fewer
    reaches_postgres: bool = True

    def has_done(self, stand: Stand, run: Run, work: Workload) -> bool:
        """Tell whether everything has arrived where the way ends."""
        if self.reaches_postgres:
            return stand.table.holds(work.last)
        return log.length(stand.kafka, run.events) >= len(work)


def _parts(module: str, parts: tuple[str, ...]) -> Commands:
    return lambda run, profile: {part: python(run, module, part, profile) for part in parts}


WAYS = {way.name: way for way in (Way("runtime", _parts("runtime", runtime.PARTS)),)}


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> float:
    """Poll until ``done``; return the monotonic time at which it was. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not done within {seconds:.0f} s.")
        time.sleep(0.01)
    return time.monotonic()
