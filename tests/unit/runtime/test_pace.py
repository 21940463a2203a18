"""When the next block goes: at once while little happens, after a gap while much does, and never later than that."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from bench.folds import Numbers
from schemas import records as r
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import REMINDER_NOTICES, REMINDERS
from streams.runtime import Context, Stage, Topology
from streams.runtime.block import Block
from streams.runtime.intake import Intake
from streams.runtime.pace import LEAST, MOST, QUIET, Pace
from streams.runtime.settings import Settings
from streams.runtime.task import StreamTask
from tests.unit.runtime.test_phases import Host, Log, Memory, Stated

TIMES = st.floats(0, 1e6)
TOOK = st.floats(0, 100)
STAGE = Stage("paced", reads=(REMINDERS,))


@STAGE.on(REMINDERS, folds=(r.ReminderDue,))
def fold_one(_block: Block, _due: r.ReminderDue) -> None:
    """Fold nothing."""


@given(TIMES)
def test_the_first_block_goes_at_once(now: float):
    assert Pace().wait(now, full=False, folded=True) == 0
    assert Pace().wait(now, full=False, folded=False) == 0


@given(TIMES, TOOK, TIMES)
def test_what_comes_after_a_block_goes_at_once(began: float, took: float, later: float):
    pace = Pace.after(began, began + took, behind=False)
    assert pace.wait(began + took + later, full=False, folded=True) == 0


@given(TIMES, TOOK, TIMES, st.booleans(), st.booleans())
def test_a_full_block_goes_at_once(began: float, took: float, later: float, behind: bool, folded: bool):
    pace = Pace.after(began, began + took, behind=behind)
    assert pace.wait(began + took + later, full=True, folded=folded) == 0


@given(TIMES, TOOK, TIMES, st.booleans())
def test_what_did_not_fit_into_a_block_goes_at_once(began: float, took: float, later: float, folded: bool):
    pace = Pace.after(began, began + took, behind=True, rest=True)
    assert pace.wait(began + took + later, full=False, folded=folded) == 0


@given(TIMES, st.floats(0, MOST), st.booleans())
def test_a_task_works_at_most_half_of_the_time_while_little_can_be_gained(began: float, took: float, folded: bool):
    ended = began + took
    wait = Pace.after(began, ended, behind=True).wait(ended, full=False, folded=True)
    assert wait == pytest.approx(took if ended - began >= LEAST else 0, abs=1e-6)


@given(TIMES, TOOK, st.floats(0, MOST), st.booleans(), st.booleans())
def test_a_gap_is_bounded_and_counts_from_the_last_commit(
    began: float, took: float, later: float, behind: bool, folded: bool
):
    pace, ended = Pace.after(began, began + took, behind=behind), began + took
    wait = pace.wait(ended, full=False, folded=folded)
    assert 0 <= wait <= (MOST if folded else QUIET) + 1e-6
    assert pace.wait(ended + later, full=False, folded=folded) == pytest.approx(max(0, wait - later), abs=1e-6)


@given(TIMES, TOOK, TOOK)
def test_a_longer_block_has_no_shorter_gap(began: float, took: float, more: float):
    def gap(seconds: float) -> float:
        return Pace.after(began, began + seconds, behind=True).gap

    assert gap(took) <= gap(took + more)


def test_what_no_stage_folds_goes_at_once_after_a_while_and_not_before():
    pace = Pace.after(10.0, 10.005, behind=False)
    assert pace.wait(10.005, full=False, folded=False) == pytest.approx(QUIET)
    assert pace.wait(10.005 + QUIET, full=False, folded=False) == pytest.approx(0, abs=1e-9)
    assert pace.wait(inf, full=False, folded=False) == 0


@pytest.fixture(scope="module")
def codec() -> Codec:
    made = Codec(cast("Registry", Numbers()))
    asyncio.run(made.publish([REMINDERS]))
    return made


def intake(codec: Codec, **chosen: int) -> Intake:
    settings = Settings(kafka="", registry="", data=Path(), **chosen)
    return Intake(Topology.of(STAGE), settings, 10**9, lambda _: None, codec.kind)


def records(codec: Codec, *kinds: type) -> list[ConsumerRecord]:
    due = r.ReminderDue("r", "ann", 0, "c", "task", "0", 0, "title")
    cancelled = r.ReminderCancelled("r", "ann", 0, "c", "task")
    values = {r.ReminderDue: due, r.ReminderCancelled: cancelled}
    encoded = [codec.encode(REMINDERS.name, values[kind]) for kind in kinds]
    return [ConsumerRecord(REMINDERS.name, 0, at, 0, 0, b"ann", one, None, 0, 0, ()) for at, one in enumerate(encoded)]


def test_an_intake_knows_whether_a_stage_folds_any_of_what_it_holds(codec: Codec):
    passed_over = r.ReminderCancelled
    for kinds in ((passed_over,), (passed_over, r.ReminderDue), (r.ReminderDue, passed_over)):
        held = intake(codec)
        assert not held
        held.hold(REMINDERS.name, records(codec, *kinds), 0)
        assert held
        assert held.is_folded() is (r.ReminderDue in kinds)


@pytest.mark.parametrize(("chosen", "most"), [({"block_records": 2}, 2), ({"held_records": 3}, 3)])
def test_an_intake_is_full_once_waiting_gains_nothing(codec: Codec, chosen: dict[str, int], most: int):
    held = intake(codec, **chosen)
    found = records(codec, *[r.ReminderDue] * most)
    held.hold(REMINDERS.name, found[:-1], 0)
    assert not held.is_full()
    held.hold(REMINDERS.name, found[-1:], 0)
    assert held.is_full()
    held.take()
    assert not held.is_full()


class Slow(Memory):
    """A store whose commits take a while: when each began and ended, and what it took."""

    blocks: ClassVar[asyncio.Queue[tuple[float, float, list[int]]]] = asyncio.Queue()

    async def commit(self, block: Block, positions: dict[str, int]) -> dict[str, int]:
        began = time.monotonic()
        await asyncio.sleep(0.01)
        self.blocks.put_nowait((began, time.monotonic(), [raw.offset for raw in block.raws]))
        return positions


class Kept(Stated, Slow):
    """Such a store, with a state on the disk."""


class Sought(Host):
    """A worker that says when a task waits for the fetch loop."""

    def __init__(self, log: Log, stage: Stage, context: Context) -> None:
        super().__init__(log, stage, context)
        self.sought = asyncio.Event()

    def seek(self, partition: StreamTask) -> None:
        super().seek(partition)
        self.sought.set()


@asynccontextmanager
async def running(stage: Stage, **chosen: Any) -> AsyncIterator[tuple[StreamTask, Codec]]:
    """Run a stage's task, which waits for records."""
    log = Log(REMINDERS)
    await log.codec.publish([REMINDERS, Topology.of(stage).changelog])
    settings = Settings(**{"kafka": "", "registry": "", "data": Path(), "tick": 60, **chosen})
    host = Sought(log, stage, Context(settings, log.codec))
    task, Slow.blocks = StreamTask(host, 0, 10**9), asyncio.Queue()
    run = asyncio.ensure_future(task.run())
    await host.sought.wait()
    host.ask(task, 9)
    yield task, log.codec
    await task.close()
    await run


async def test_what_comes_while_a_block_is_committed_goes_after_a_gap_with_what_comes_until_then():
    stage = Stage("slow", reads=(REMINDERS,), store=Slow)
    stage.on(REMINDERS)(fold_one)
    async with running(stage) as (task, codec):
        first, second, third = records(codec, *[r.ReminderDue] * 3)
        task.hold(REMINDERS.name, [first])
        await asyncio.sleep(0.002)
        task.hold(REMINDERS.name, [second])
        began, ended, alone = await Slow.blocks.get()
        task.hold(REMINDERS.name, [third])
        later, _, both = await Slow.blocks.get()
    assert [alone, both] == [[0], [1, 2]]
    assert later - ended >= (ended - began) * 0.9


async def test_records_and_due_timers_take_turns(tmp_path: Path):
    stage = Stage("taking-turns", reads=(REMINDERS,), writes=(REMINDER_NOTICES,), store=Kept)
    timers = stage.timer("timers")

    @stage.on(REMINDERS)
    def set_many(_block: Block, _due: r.ReminderDue) -> None:
        for number in range(100):
            timers.set(r.Timer(f"{number}", "ann", f"{number}", 1))

    @stage.on_timer(REMINDER_NOTICES)
    def fire(_block: Block, timer: r.Timer) -> None:
        timers.remove(timer)

    async with running(stage, data=tmp_path, block_records=2) as (task, codec):
        first, second = records(codec, *[r.ReminderDue] * 2)
        task.hold(REMINDERS.name, [first])
        await Slow.blocks.get()
        task.hold(REMINDERS.name, [second])
        between = 0
        while not (await Slow.blocks.get())[2]:
            between += 1
    assert between <= 2
