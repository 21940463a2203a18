"""Random torture of the workers of a stage: the same seed leads to the same faults in the same order."""

import asyncio
from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from tests.chaos.swarm import Swarm
from tests.chaos.trial import Trial

FEWEST, MOST = 2, 5
"""The numbers of workers that are awake, and that run at all."""
PAUSES = 0.5, 5.0
"""Seconds from one fault to the next."""
STOPS = 8
"""The fewest stops beyond the session timeout: without them, a run without any fencing passed."""


class Fault(NamedTuple):
    """What happens, to which of the workers (taken modulo their number), and the seconds after it."""

    kind: str  # join, leave, restart, kill, freeze
    worker: int
    pause: float


def plan(seed: str, seconds: float, stops: int = STOPS) -> list[Fault]:
    """Return faults for ``seconds``, or more until enough are stops."""
    chance, faults = Random(seed), list[Fault]()
    while sum(fault.pause for fault in faults) < seconds or sum(fault.kind == "freeze" for fault in faults) < stops:
        kind = chance.choices(("freeze", "kill", "restart", "join", "leave"), (4, 2, 2, 1, 1))[0]
        faults.append(Fault(kind, chance.randrange(60), chance.uniform(*PAUSES)))
    return faults


async def torture(on: Trial, faults: Iterable[Fault], say: Callable[[str], None] = lambda _: None) -> None:
    """Let all of it happen, one fault after the other."""
    for number, fault in enumerate(faults, 1):
        on.swarm.check()
        await _happen(on.swarm, fault)
        say(f"{number:4}  {fault.kind:8}  {len(on.swarm.awake())} awake of {len(on.swarm.running)}")
        await asyncio.sleep(fault.pause)


async def _happen(swarm: Swarm, fault: Fault) -> None:
    """Let a fault happen; before it workers join, or frozen ones wake, where too few were left to go on."""
    while len(swarm.awake()) <= FEWEST and fault.kind != "join":
        if len(swarm.running) < MOST:
            swarm.join()
        else:
            await swarm.woken()
    awake = swarm.awake()
    worker = awake[fault.worker % len(awake)]
    match fault.kind:
        case "freeze":
            await swarm.freeze(worker)
        case "kill":
            await swarm.kill(worker)
        case "restart":
            await swarm.restart(worker)
        case "join" if len(swarm.running) < MOST:
            swarm.join()
        case _:
            await swarm.leave(worker)
