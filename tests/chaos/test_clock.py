"""Clocks that jump by hours and days, of all processes or of one, lose, double and move nothing."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.stack import Stack
from tests.chaos.chosen import chosen
from tests.chaos.clock import JUMPS, Clock, kinds
from tests.chaos.receiver import receiving
from tests.chaos.siege import besiege

pytestmark = pytest.mark.skipif(bool(Clock.why_not()), reason=Clock.why_not())
TOLD = "import sys, time\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"


@pytest.mark.parametrize("shift", JUMPS)
def test_a_clock_jumps_while_its_process_runs_and_others_go_on(shift: float, tmp_path: Path):
    clock = Clock(tmp_path)
    argv = [sys.executable, "-c", TOLD]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clock.environment()
    ) as one:

        def told() -> list[float]:
            print(file=one.stdin, flush=True)
            return [float(part) for part in one.stdout.readline().split()]

        right, began = told()
        clock.jump(shift)
        wrong, then = told()
        clock.jump(0, one.pid)
        clock.jump(shift, one.pid)
        twice, _ = told()
        one.stdin.close()
    assert abs(right - time.time()) < 60
    assert abs(wrong - right - shift) < 60
    assert abs(twice - right - 2 * shift) < 60
    assert 0 <= then - began < 60


async def befall(only: Iterable[str], seed: str, seconds: float) -> None:
    data = Path(tempfile.mkdtemp(prefix="rondo-clock-"))
    clock = Clock(data / "clock")
    befalling = {name: kind for name, kind in kinds(clock).items() if name in only}
    async with receiving() as receiver:
        stack = Stack(data, RONDO_WEBHOOK=receiver.url, **clock.environment())
        await besiege(stack, receiver, befalling, seed, seconds)


async def test_clocks_that_jump_lose_nothing():
    await befall(["clocks jump", "a clock jumps"], uuid4().hex[:8], 12)


@pytest.mark.deep
async def test_clocks_that_jump_again_and_again_lose_nothing():
    seed, seconds = chosen(1 / 4)
    await befall(["clocks jump", "a clock jumps", "start by a wrong clock", "clocks jump between runs"], seed, seconds)
