"""Sets the clocks of processes, of all or of one, while they run and while they don't.

What is preloaded is compiled here (``clock.c``), since libfaketime reads its file again at each question for the
time: a broker under it takes seconds for what takes milliseconds.
"""

import asyncio
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

from tests.chaos.faults import SERVERS, WORKERS, Ground, Kind, running

HOUR = 3600.0
JUMPS = (2 * HOUR, -2 * HOUR, 24 * HOUR, -24 * HOUR)
"""Seconds by which a clock is set wrong, before it is set right again."""
WRONG = 2.0, 8.0
"""Seconds for which it is wrong."""
_SOURCE = Path(__file__).with_name("clock.c")
_ALL = "all"


class Clock:
    """The clocks of the processes that are started with ``environment``; ``directory`` is of its own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o777)  # Postgres may run as another user
        self._directory, self._library = directory, directory / "clock.so"
        compiler = shutil.which("cc")
        assert compiler
        flags = ("-O2", "-Wall", "-Werror", "-shared", "-fPIC")
        subprocess.run([compiler, *flags, "-o", self._library, _SOURCE, "-ldl"], check=True)
        self.jump(0)

    @staticmethod
    def why_not() -> str:
        """Return why no clock can be set here, nothing where one can."""
        if sys.platform != "linux":
            return "clocks of processes are set by what Linux preloads"
        return "" if shutil.which("cc") else "there is no C compiler (cc)"

    def environment(self) -> dict[str, str]:
        """Return what a process has to be started with, and all that it starts."""
        return {"LD_PRELOAD": str(self._library), "CLOCK_SHIFTS": str(self._directory)}

    def jump(self, seconds: float, pid: int | None = None) -> None:
        """Set the clocks of all, or of one process besides, to be ``seconds`` ahead of the right time from now on.

        ``jump(0)`` sets them right.
        """
        file = os.open(self._directory / (_ALL if pid is None else str(pid)), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            os.pwrite(
                file, struct.pack("=q", round(seconds * 1000)), 0
            )  # in one piece, also for a process that reads it now
        finally:
            os.close(file)


def kinds(clock: Clock, workers: Iterable[str] = WORKERS) -> Mapping[str, Kind]:
    """Return the faults of clocks that can befall a Rondo with such workers, whose processes have this one."""
    parts = (*SERVERS, *workers)

    async def all_jump(_: Ground, __: str, chance: Random) -> None:
        clock.jump(chance.choice(JUMPS))
        await asyncio.sleep(chance.uniform(*WRONG))
        clock.jump(0)

    async def one_jumps(ground: Ground, part: str, chance: Random) -> None:
        pid = (await running(ground, part)).pid
        clock.jump(chance.choice(JUMPS), pid)
        await asyncio.sleep(chance.uniform(*WRONG))
        clock.jump(0, pid)

    async def one_starts_wrong(ground: Ground, part: str, chance: Random) -> None:
        """Kill a part while all clocks are wrong, so that it starts by a time that is set right afterwards."""
        clock.jump(chance.choice(JUMPS))
        (await running(ground, part)).kill()
        await asyncio.sleep(chance.uniform(*WRONG))
        clock.jump(0)

    async def all_jump_between_runs(ground: Ground, _: str, chance: Random) -> None:
        for shift in (chance.choice(JUMPS), 0.0):
            await asyncio.to_thread(ground.stop)
            clock.jump(shift)
            await asyncio.to_thread(ground.start)

    return {
        "clocks jump": Kind(4, ("",), all_jump),
        "a clock jumps": Kind(4, parts, one_jumps),
        "start by a wrong clock": Kind(2, parts, one_starts_wrong),
        "clocks jump between runs": Kind(1, ("",), all_jump_between_runs),
    }
