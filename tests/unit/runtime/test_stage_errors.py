"""A function of a stage that fails though no record is at fault: nothing is lost, dead-lettered or left to spin."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from schemas import records as r
from schemas.topics import DEAD_LETTERS, Topic
from streams.runtime import Block, Context, Stage, Topology
from streams.runtime.intake import POISON
from streams.runtime.settings import Settings
from streams.runtime.task import StreamTask
from tests.unit.runtime.test_phases import Host, Log, Stated

IN = Topic("in", "test", (r.CompleteTask,))
NOTICES = Topic("notices", "failing", (r.TaskNotice,))


class Failing:
    """A stage whose commands set timers, or begin effects that nobody performs; ``sick`` names the one that fails."""

    def __init__(self, at: Path) -> None:
        self.sick, self.tried = "", 0
        self.stage = stage = Stage("failing", reads=(IN, NOTICES), writes=(NOTICES,), store=Stated)
        self.timers, self.begun = stage.timer("timers"), stage.table("begun", r.AuditHead)
        stage.on(IN)(self.fold)
        stage.on(NOTICES)(self.follow)
        stage.on_timer(NOTICES)(lambda block, timer: block.emit(NOTICES, notice(timer.id)))
        stage.on_end(self.end)
        stage.on_lost(self.begun, leases=self.leases)(self.lost)
        self.log = Log(IN)
        settings = Settings(kafka="", registry="", data=at, retry_pause=0.01, tick=0.01, lease=0.01)
        self.context = Context(settings, self.log.codec)
        self.host = Host(self.log, stage, self.context)

    def _fails(self, what: str) -> None:
        if self.sick == what:
            self.tried += 1
            raise ZeroDivisionError(what)

    def fold(self, _: Block, command: r.CompleteTask) -> None:
        if command.task == "timer":
            self.timers.set(r.Timer(command.id, "ann", "", 0))
        if command.task == "effect":
            self.begun[command.id] = r.AuditHead(1, "")

    def follow(self, _: Block, notice: r.TaskNotice) -> None:
        self.timers.remove(r.Timer(notice.id, "ann", "", 0))
        del self.begun[notice.id]

    def end(self, _: Block, values: Sequence[Any]) -> None:
        self._fails("end of notices" if isinstance(values[0], r.TaskNotice) else "end")

    def leases(self, _: r.AuditHead) -> int:
        self._fails("leases")
        return 1

    def lost(self, block: Block, key: str) -> None:
        block.emit(NOTICES, notice(key))
        if key == "c-0":
            self._fails("lost")

    def kept(self) -> int:
        """Return how many timers and effects are not over, 9 while the partition is closed."""
        state = self.partition.store.state
        return len([*state.under(self.timers.prefix), *state.under(self.begun.prefix)]) if state else 9

    @asynccontextmanager
    async def running(self, *tasks: str) -> AsyncIterator[None]:
        topology = Topology.of(self.stage)
        await self.log.codec.publish((*topology.topics, topology.changelog, DEAD_LETTERS))
        for number, task in enumerate(tasks):
            self.log.put(IN.name, r.CompleteTask(f"c-{number}", "ann", 0, "test", task))
        self.partition = StreamTask(self.host, 0, 1000)
        self.partition.task = asyncio.ensure_future(self.partition.run())
        try:
            yield
        finally:
            await self.partition.close()

    async def until(self, come: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not come():
                self.host.ask(self.partition, 9)
                await asyncio.sleep(0.001)
                self.host.bring(self.partition)

    async def loses(self) -> None:
        """Fold all commands, whose effects end without an outcome."""
        end = len(self.log.records[IN.name])
        await self.until(lambda: self.log.positions == {IN.name: end})
        self.partition.make_room(lost=True)

    async def fails(self, times: int = 3) -> None:
        """Run until what is sick has failed so often."""
        await self.until(lambda: self.tried >= times)


def notice(of: str) -> r.TaskNotice:
    return r.TaskNotice(of, "ann", 0, of, 0)


@pytest.fixture
def failing(tmp_path: Path) -> Failing:
    return Failing(tmp_path)


async def test_a_block_whose_end_fails_waits_whole_and_its_records_are_no_dead_letters(failing: Failing):
    failing.sick = "end"
    async with failing.running(*"abc"):
        await failing.fails()
        assert failing.log.positions == {IN.name: 0}
        assert "The stage failing can't end its block (ZeroDivisionError at" in failing.partition.closed.causes[0]
        failing.sick = ""
        await failing.until(lambda: failing.log.positions == {IN.name: 3})
    assert failing.log.folded[IN.name] == [0, 1, 2]
    assert failing.log.wrong == []


@pytest.mark.parametrize(("sick", "task"), [("end of notices", "timer"), ("leases", "effect")])
async def test_a_block_of_timers_that_fails_pauses_and_raises_an_alarm(failing: Failing, sick: str, task: str):
    failing.sick = sick
    async with failing.running(task, "t"):
        await failing.loses()
        await failing.fails()
        assert failing.partition.attempts >= failing.tried - 1  # a pause follows each failure
        assert "ZeroDivisionError" in failing.partition.closed.causes[-1]
        assert failing.log.positions == {IN.name: 2}
        failing.sick = ""
        await failing.until(lambda: failing.kept() == 0)
    assert failing.log.wrong == []


async def test_a_lost_effect_that_can_not_be_answered_holds_up_no_other_and_is_answered_later(failing: Failing):
    failing.sick = "lost"
    async with failing.running("effect", "effect", "timer"):
        await failing.loses()
        await failing.fails()
        await failing.until(lambda: failing.kept() == 1)
        assert failing.partition.attempts == 0
        failing.sick = ""
        await failing.until(lambda: failing.kept() == 0)
    assert failing.log.wrong == []


async def test_the_end_of_a_block_is_not_the_error_of_a_record(failing: Failing):
    failing.sick = "end"
    topology = Topology.of(failing.stage)
    await failing.log.codec.publish(topology.topics)
    failing.log.put(IN.name, r.CompleteTask("c", "ann", 0, "test", "t"))
    with (block := Block(topology, failing.context, 0, failing.log.records[IN.name], state=None, now=0)):
        block.fold()
    assert not isinstance(block.folded.exception(), POISON)
