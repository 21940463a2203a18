"""What a Rondo takes that nobody uses: memory and CPU of each process of the stack, and the start of a command."""

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import load, stack, terminal
from bench.ingress import of_rondo
from bench.load import Load
from bench.stack import Running
from bench.trial import Say
from bench.versions import Version

COMMANDS = {"rondo --help": ["--help"], "rondo list": ["list"]}
_USED = 2.0  # seconds of commands before the stack is left alone, so that each part has done its work once
_SETTLING = 10.0  # seconds until nothing is left to do
_RUNS = 10


@dataclass(frozen=True)
class Idle:
    """The idle stack of a version: by part, bytes of memory (each page divided among its users) and CPU shares."""

    pss: dict[str, int]
    cpu: dict[str, float]  # seconds per second


@dataclass(frozen=True)
class Start:
    """The start of a terminal command: the medians of CPU and time in seconds."""

    cpu: float
    wall: float


Footprint = tuple[Idle, dict[str, Start]]


def measure(versions: Sequence[Version], seconds: float, say: Say) -> dict[str, Footprint]:
    """Return the footprint of each version: of its stack idle for ``seconds``, and of the terminal."""
    starts = terminal_starts(versions, _RUNS, say)
    found = {}
    for version in versions:
        say(f"{version.name}: starting")
        with stack.running(version) as running:
            _use(running)
            found[version.name] = (idle(running, seconds, say), starts[version.name])
    return found


def _use(running: Running) -> None:
    create, listing = of_rondo(running.port, running.token)
    for request in (create, listing):
        load.run(Load(request.port, request.sent, _USED))
    time.sleep(_SETTLING)


def idle(running: Running, seconds: float, say: Say) -> Idle:
    """Measure a stack that nobody uses."""
    say(f"idle for {seconds:.0f} s")
    before, began = running.cpu(), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    cpu = {part: (after - before.get(part, 0.0)) / took for part, after in running.cpu().items()}
    parts = {**running.parts(), stack.STACK: psutil.Process(running.pid)}
    return Idle({part: pss_of(process, part != stack.STACK) for part, process in parts.items()}, cpu)


def can_run() -> bool:
    """Return whether this machine knows the proportional set size of processes."""
    return Path("/proc/self/smaps_rollup").exists()


def pss_of(process: psutil.Process, with_descendants: bool) -> int:
    """Return the proportional set size of a process, in bytes: a page that n processes share counts as an nth."""
    found = 0
    for each in (process, *(process.children(recursive=True) if with_descendants else ())):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            found += pss_in(Path(f"/proc/{each.pid}/smaps_rollup").read_text())
    return found


def pss_in(rollup: str) -> int:
    """Return the bytes in the line ``Pss:`` of an ``smaps_rollup``."""
    return 1024 * next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def terminal_starts(versions: Sequence[Version], runs: int, say: Say) -> dict[str, dict[str, Start]]:
    """Run each command of each version alternately, with a server that answers at once."""
    found: dict[str, dict[str, list[Start]]] = {each.name: {name: [] for name in COMMANDS} for each in versions}
    with terminal.server() as api, tempfile.TemporaryDirectory() as home:
        here = {"HOME": home, "PATH": os.environ["PATH"], "RONDO_API": api, "RONDO_TOKEN": "token", "COLUMNS": "80"}
        for number in range(runs + 1):  # the first compiles changed modules
            say(f"rondo {number} of {runs}")
            for version in versions:
                for name, typed in COMMANDS.items():
                    cost = terminal.cost(terminal.into_a_pipe, [version.program("rondo"), *typed], here)
                    found[version.name][name].append(Start(*cost))
    return {
        version: {name: _median(starts[1:]) for name, starts in by_name.items()} for version, by_name in found.items()
    }


def _median(starts: Sequence[Start]) -> Start:
    return Start(*(statistics.median(getattr(each, of) for each in starts) for of in ("cpu", "wall")))
