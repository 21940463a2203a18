"""A run of an implementation over a workload, and the arguments of its processes."""

import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.workload import PARTITIONS, Plan
from local.process import Command
from local.settings import CACHE, ROOT

LOGS = CACHE / "bench" / "logs"
"""The logs of the last benchmark's processes."""


class Run(Struct, frozen=True):
    """The argument of each process of an implementation, as JSON."""

    id: str
    kafka: str
    postgres: str
    directory: str
    commands: str
    events: str
    plan: Plan
    partitions: int = PARTITIONS

    @property
    def path(self) -> Path:
        """The run's own directory."""
        return Path(self.directory)


def python(run: Run, module: str, part: str, profile: Path | None = None) -> Command:
    """Return the command of a part: ``python -m bench.<module> <part> <run>``, profiled if there is a ``profile``."""
    dump = ["-m", "cProfile", "-o", str(profile / f"{run.id}-{part}.prof")] if profile else []
    argv = [sys.executable, *dump, "-m", f"bench.{module}", part, msgspec.json.encode(run).decode()]
    return Command(f"{module} {part}", argv, LOGS / f"{run.id}-{part}.log", cwd=ROOT)


def arguments(argv: list[str]) -> tuple[str, Run]:
    """Return a process's arguments: its part and its run."""
    return argv[1], msgspec.json.decode(argv[2], type=Run)
