"""What can befall a whole Rondo: each fault does its harm, lasts a while, and is over."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol, TypeAlias

import psutil

from streams.topologies import parsed
from tests.chaos.workers import Worker

WORKERS = tuple(topology.name for topology in parsed(""))
SERVERS = ("broker", "postgres", "registry", "api")
FROZEN = 1.0, 25.0
"""Seconds that a process is suspended: also well beyond a session, a transaction's timeout and a claim's lease."""
BESIDE = 15.0, 25.0
"""Seconds that a worker is suspended while another is there to take over."""
RONDO = str(Path(sys.executable).with_name("rondo"))


class Ground(Protocol):
    """What faults befall: a Rondo that runs, and starts again by itself what ends."""

    @property
    def data(self) -> Path:
        """The directory of its workers."""

    @property
    def segments(self) -> Path:
        """The directory of its broker's log."""

    @property
    def secret(self) -> str:
        """What signs tokens there."""

    @property
    def run(self) -> dict[str, Any]:
        """Its addresses, as ``run.json`` has them."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What it was started with: ``RONDO_WEBHOOK``, the library that sets its clocks."""

    def part(self, name: str) -> psutil.Process | None:
        """Return the process of a part, None while none runs."""

    def kill(self) -> None:
        """Kill all of it."""

    def start(self) -> None:
        """Start all of it."""

    def stop(self) -> object:
        """Stop everything in order."""

    def end(self) -> None:
        """End all of it however it is."""

    def told(self) -> str:
        """Return the end of its report on its parts."""


Harm: TypeAlias = Callable[[Ground, str, Random], Awaitable[None]]
"""Does a fault's harm to a part, and returns once it is over: what comes after is recovery."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how often it happens among others, what it befalls, and how."""

    weight: int
    parts: tuple[str, ...]
    harm: Harm


@dataclass(frozen=True)
class Fault:
    """A fault of a kind, what it befalls, and the seed of its chances."""

    kind: str
    on: str
    seed: int

    def __str__(self) -> str:
        return f"{self.kind} {self.on}".strip()


async def kill(ground: Ground, part: str, _: Random) -> None:
    """Kill a part, and wait until it is started again."""
    process = await running(ground, part)
    process.kill()

    def again() -> bool:
        now = ground.part(part)
        return now is not None and now.pid != process.pid

    await until(again, f"{part} was not started again.")


async def freeze(ground: Ground, part: str, chance: Random, seconds: tuple[float, float] = FROZEN) -> None:
    """Suspend a part and its children; what watches it may end it meanwhile."""
    process = await running(ground, part)
    frozen = [process, *process.children(recursive=True)]
    _signal(frozen, signal.SIGSTOP)
    await asyncio.sleep(chance.uniform(*seconds))
    _signal(frozen, signal.SIGCONT)


async def restart_and_err(ground: Ground, topology: str, chance: Random) -> None:
    """Restart a worker that keeps its name, and then suspend the broker, so that the new one errs."""
    await kill(ground, topology, chance)
    await freeze(ground, "broker", chance, (5, 15))


async def kill_all(ground: Ground, _: str, __: Random) -> None:
    """Kill everything, and start it again."""
    ground.kill()
    await asyncio.to_thread(ground.start)


async def kill_both(ground: Ground, topology: str, chance: Random) -> None:
    """Kill the broker with a worker whose transaction may be open."""
    (await running(ground, topology)).kill()
    await kill(ground, "broker", chance)


async def take_over(ground: Ground, topology: str, chance: Random) -> None:
    """Let a second worker take over from a suspended one, resume that, and let the second leave."""
    disk = ground.data.with_name(f"{ground.data.name}-second")
    second = Worker([RONDO, "worker", topology], disk, settings_of_another(ground))
    try:
        await until(second.has_begun, f"{second.log} did not begin.")
        await freeze(ground, topology, chance, BESIDE)
    finally:
        await asyncio.to_thread(second.stop)


def settings_of_another(ground: Ground) -> dict[str, str]:
    """Return the settings of one more worker: those of the ground's own, without any network that fails between."""
    addresses = {f"RONDO_{name.upper()}": ground.run[name] for name in ("kafka", "registry", "postgres")}
    return {**ground.settings, **addresses}


async def damage(ground: Ground, topology: str, chance: Random) -> None:
    """Let a worker write its state to the disk, break a file of it, and kill the one that reads it."""
    process = await running(ground, topology)
    process.terminate()
    await until(lambda: not process.is_running(), f"{topology} did not end.")
    files = sorted(path for path in ground.data.glob(f"state/*/{topology}/*/*") if path.name != "LOCK")
    if files:
        chance.choice((flip, cut, Path.unlink))(chance.choice(files))
    await running(ground, topology)
    await kill(ground, topology, chance)


def flip(file: Path) -> None:
    """Turn the bits of what is in the middle of a file."""
    content = bytearray(file.read_bytes())
    middle = slice(len(content) // 3, len(content) // 2 + 1)
    content[middle] = bytes(byte ^ 0xFF for byte in content[middle])
    file.write_bytes(content)


def cut(file: Path) -> None:
    """Cut off the end of a file."""
    os.truncate(file, file.stat().st_size // 2)


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


async def running(ground: Ground, part: str) -> psutil.Process:
    """Return the process of a part, waiting for it where it is started again just now."""
    await until(lambda: ground.part(part) is not None, f"{part} does not run.")
    return ground.part(part) or await running(ground, part)


async def until(look: Callable[[], bool], otherwise: str = "", seconds: float = 60.0) -> None:
    """Return once something holds; fail with ``otherwise`` after ``seconds``."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not look():
        assert asyncio.get_running_loop().time() < deadline, otherwise
        await asyncio.sleep(0.1)


def kinds(grouping: str = "") -> Mapping[str, Kind]:
    """Return what can happen to any ground; ``grouping`` is ``RONDO_TOPOLOGIES`` there."""
    topologies = parsed(grouping)
    workers = tuple(topology.name for topology in topologies)
    keeping = tuple(topology.name for topology in topologies if topology.keeps_state)
    return {
        "kill": Kind(4, (*SERVERS, *workers), kill),
        "freeze": Kind(4, (*SERVERS, *workers), freeze),
        "kill with broker": Kind(2, workers, kill_both),
        "restart and err": Kind(2, workers, restart_and_err),
        "take over": Kind(2, workers, take_over),
        "damage state of": Kind(2, keeping, damage),
        "kill all": Kind(2, ("",), kill_all),
    }


def plan(seed: str, kinds: Mapping[str, Kind]) -> Iterator[Fault]:
    """Yield faults without end: of each kind one first, in some order, then by chance. A seed gives the same ones."""
    chance = Random(seed)
    first = chance.sample(list(kinds), len(kinds))
    weights = [kind.weight for kind in kinds.values()]
    while True:
        kind = first.pop() if first else chance.choices(list(kinds), weights)[0]
        yield Fault(kind, chance.choice(kinds[kind].parts), chance.randrange(2**32))
