"""One way's run over one workload: how its processes are told what to read and write."""

import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.workload import PARTITIONS, Plan
from local.process import Command
from local.settings import CACHE, ROOT

LOGS = CACHE / "bench" / "logs"
"""What every process said in the last bench."""


class Run(Struct, frozen=True):
    """What each process of a way gets as its one argument, as JSON."""

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
        """A directory of this run's own."""
        return Path(self.directory)


def python(run: Run, module: str, part: str, profile: Path | None = None) -> Command:
    """Return the command of one part of a way: ``python -m bench.<module> <part> <run>``, profiled if asked for."""
    dump = ["-m", "cProfile", "-o", str(profile / f"{run.id}-{part}.prof")] if profile else []
    argv = [sys.executable, *dump, "-m", f"bench.{module}", part, msgspec.json.encode(run).decode()]
    return Command(f"{module} {part}", argv, LOGS / f"{run.id}-{part}.log", cwd=ROOT)


def given(argv: list[str]) -> tuple[str, Run]:
    """Return the part and the run that a process was started with."""
    return argv[1], msgspec.json.decode(argv[2], type=Run)
