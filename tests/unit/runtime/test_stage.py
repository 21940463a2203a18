"""What a stage declares, and what it is held to."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from msgspec import Struct

from schemas import records as r
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.runtime import App, Block, Context, Stage, Table, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from streams.runtime.stage import Frozen
from tests.unit.runtime.test_poison import Numbers, block_of

IN = Topic("in", "test", (r.CompleteTask,))
OUT = Topic("out", "test", (r.CommandOutcome,))
NOTICES = Topic("notices", "test", (r.TaskNotice,))


@pytest.fixture
def stage() -> Stage:
    return Stage("declaring", reads=(IN, NOTICES), writes=(OUT, NOTICES))


@pytest.mark.parametrize("folds", [(r.TaskNotice,), (r.CompleteTask,)], ids=["folded", "passed over"])
async def test_a_timer_s_notices_are_recorded_whether_a_stage_folds_them_or_not(folds: tuple[type[Struct], ...]):
    """A replay takes from there how far they were read."""
    stage = Stage("noticing", reads=(NOTICES,), writes=(NOTICES,))
    stage.timer("timers")
    stage.on(NOTICES, folds=folds)(lambda *_: None)
    stage.on_timer(NOTICES)(lambda block, timer: block.emit(NOTICES, r.TaskNotice(timer.id, "ann", 0, "t", 0)))
    block = block_of(stage)
    await block.context.codec.publish((NOTICES,))
    with block:
        block.fire(stage, r.Timer("timer", "ann", "t", 0))
    assert (block.folded.exception(), len(block.outputs[NOTICES.name])) == (None, 1)
    assert (block.notices, block.fires) == (NOTICES.name, False)


def test_a_stage_has_timers_of_one_name(stage: Stage):
    stage.timer("timers")
    with pytest.raises(ValueError, match="has timers already"):
        stage.timer("others")


def test_the_changelog_holds_each_type_of_record_that_the_stage_keeps(stage: Stage):
    stage.table("heads", r.AuditHead)
    stage.ordered("memory")
    stage.timer("timers")
    assert Topology.of(stage).changelog.records == (r.AuditHead, r.Timer, r.TimerCursor, r.Position)


def test_timers_emit_to_declared_outputs_alone(stage: Stage):
    with pytest.raises(ValueError, match="declares no output in"):
        stage.on_timer(IN)


async def test_a_timer_that_has_come_emits_to_no_topic_but_those_of_timers(stage: Stage):
    outcome = r.CommandOutcome("ann", 1, "c", r.OutcomeKind.ACCEPTED, "t")
    stage.on_timer(NOTICES)(lambda block, _: block.emit(OUT, outcome))
    stage.timer("timers")
    block = block_of(stage)
    await block.context.codec.publish(block.topology.topics)
    with block:
        block.fire(stage, r.Timer("1", "ann", "t", 1))
    [letter] = block.dead.envelopes(block.context.codec, lambda *_: 0)
    assert b"declares no output of its timers out" in (letter.value or b"")
    assert not block.outputs


DECLARATIONS: dict[str, Callable[[Stage], object]] = {
    "on": lambda stage: stage.on(IN)(lambda *_: None),
    "on_end": lambda stage: stage.on_end(lambda *_: None),
    "about": lambda stage: stage.on(IN, about=str)(lambda *_: None),
    "table": lambda stage: stage.table("heads", r.AuditHead),
    "timer": lambda stage: stage.timer("timers"),
    "queued": lambda stage: stage.queued("queue"),
    "ordered": lambda stage: stage.ordered("memory"),
    "on_timer": lambda stage: stage.on_timer(NOTICES)(lambda *_: None),
    "on_lost": lambda stage: stage.on_lost(cast("Table[r.AuditHead]", None), lambda _: 1)(lambda *_: None),
    **{name: lambda stage, name=name: setattr(stage, name, None) for name in vars(Stage("any", reads=()))},
}


@pytest.mark.parametrize("declare", DECLARATIONS.values(), ids=DECLARATIONS)
def test_a_stage_that_an_app_runs_takes_no_further_declaration(stage: Stage, declare: Callable[[Stage], object]):
    App(stage)
    before = dict(vars(stage))
    with pytest.raises(Frozen, match=r"The stage declaring runs already: declare all of it before it runs\."):
        declare(stage)
    assert vars(stage) == before


@pytest.mark.parametrize("name", ["folds", "wanted", "about"])
def test_what_a_stage_has_registered_can_not_be_changed_behind_it(stage: Stage, name: str):
    stage.on(IN, about=str)(lambda *_: None)
    with pytest.raises(TypeError):
        getattr(stage, name)[IN.name] = None


class Kept:
    """A stage that keeps a number, and blocks of it, each over a state of its own."""

    def __init__(self, at: Path) -> None:
        self.stage, self.at = Stage("keeping", reads=(IN,)), at
        self.heads = self.stage.table("heads", r.AuditHead)
        self.context = Context(Settings(kafka="", registry="", data=at), Codec(cast("Registry", Numbers())))
        self.states: list[StateStore] = []

    async def block(self) -> Block:
        topology = Topology.of(self.stage)
        await self.context.codec.publish(topology.topics)
        self.states.append(StateStore(self.at / str(len(self.states))))
        return Block(topology, self.context, 0, [], state=self.states[-1], now=0)

    def counted(self) -> int:
        """Add one to what the block at hand keeps, and return it."""
        before = self.heads.get("ann")
        self.heads["ann"] = r.AuditHead(before.sequence + 1 if before else 1, "")
        return self.heads["ann"].sequence


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    for state in kept.states:
        state.close()


async def test_two_that_run_a_stage_in_one_process_do_not_meet_in_it(kept: Kept):
    """As two Apps, or one and a replay, whose blocks are folded by turns."""
    seen: list[tuple[str, int]] = []

    async def folds(name: str) -> Block:
        with (block := await kept.block()):
            for _ in range(3):
                seen.append((name, kept.counted()))
                await asyncio.sleep(0)
        return block

    one, other = await asyncio.gather(folds("one"), folds("other"))
    assert seen == [(name, number) for number in (1, 2, 3) for name in ("one", "other")]
    assert one.changes == other.changes != {}
    assert one.changes is not other.changes


async def test_nothing_of_a_stage_changes_while_a_block_of_it_is_folded(kept: Kept):
    App(kept.stage)
    before = dict(vars(kept.stage)), dict(vars(kept.heads))
    with await kept.block():
        kept.counted()
        assert (vars(kept.stage), vars(kept.heads)) == before
    assert (vars(kept.stage), vars(kept.heads)) == before


async def test_a_stage_folds_no_block_within_a_block(kept: Kept):
    inner = await kept.block()
    with await kept.block():
        with pytest.raises(RuntimeError, match="The topology keeping folds one block at a time"), inner:
            pass
        assert kept.counted() == 1


async def test_outside_of_blocks_tables_are_closed(kept: Kept):
    with pytest.raises(RuntimeError, match="The tables of keeping are open only inside"):
        kept.counted()
