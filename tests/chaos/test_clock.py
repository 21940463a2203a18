"""Clocks that jump by hours and days, of all processes or of one, lose, double and move nothing."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

import click
import httpx
import pytest

from schemas.kafka.log_reader import committed
from schemas.topics import (
    AUDIT_LOG,
    REMINDER_NOTICES,
    REMINDERS,
    TASK_COMMANDS,
    TASK_EVENTS,
    TASK_FOLLOWUPS,
    TASK_NOTICES,
)
from streams.runtime.record import place
from tests.acceptance.stack import Stack
from tests.chaos.chosen import chosen
from tests.chaos.clock import JUMPS, Clock, kinds
from tests.chaos.faults import WORKERS, until
from tests.chaos.siege import besieged
from tests.receiver import Receiver

pytestmark = pytest.mark.skipif(bool(Clock.why_not()), reason=Clock.why_not())
IN_ORDER = (TASK_COMMANDS, TASK_FOLLOWUPS, TASK_EVENTS, TASK_NOTICES, REMINDER_NOTICES, REMINDERS, AUDIT_LOG)
"""Topics whose times never go back; others have several writers."""
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
    with Receiver() as receiver:
        stack = Stack(data, RONDO_WEBHOOK=receiver.url, **clock.environment())
        async with besieged(stack, receiver, seed) as siege:
            await said(stack, clock)
            await siege.suffer(befalling, seconds, click.echo)
            backwards = [one for topic in IN_ORDER for one in await gone_back(stack.run["kafka"], topic.name)]
            wrong = await siege.judged(click.echo)
    assert [*wrong, *backwards] == []


async def said(stack: Stack, clock: Clock) -> None:
    """A clock that jumps is said by the API and by each worker, which stay ready; one that differs by who has it."""
    pages = {"api": f"{stack.run['api']}/ready"} | {name: stack.of_worker(name, "ready") for name in WORKERS}
    clock.jump(7200)
    await until(lambda: all("set on by 7200 s" in warnings(page) for page in pages.values()), "A jump was not said.")
    clock.jump(0)
    api = stack.part("api")
    assert api
    clock.jump(-7200, api.pid)
    await until(lambda: "7200 s behind the broker's" in warnings(pages["api"]), "A difference was not said.")
    clock.jump(0, api.pid)


def warnings(page: str) -> str:
    """Return what a part that is ready warns of."""
    answer = httpx.get(page)
    assert answer.status_code == 200
    return " ".join(answer.json().get("warnings", []))


async def gone_back(kafka: str, topic: str) -> list[str]:
    """Return the places of records that are earlier than the one before."""
    last: dict[int, int] = {}
    found = []
    async for raw in committed(kafka, topic):
        if raw.timestamp < last.get(raw.partition, 0):
            found.append(f"{place(raw)} is {last[raw.partition] - raw.timestamp} ms earlier than the record before it.")
        last[raw.partition] = raw.timestamp
    return found


@pytest.mark.deep
async def test_clocks_that_jump_lose_nothing():
    await befall(["clocks jump", "a clock jumps"], uuid4().hex[:8], 30)


@pytest.mark.deep
async def test_clocks_that_jump_again_and_again_lose_nothing():
    seed, seconds = chosen(1 / 4)
    await befall(["clocks jump", "a clock jumps", "start by a wrong clock", "clocks jump between runs"], seed, seconds)
