"""A replayed block: what was dead-lettered stays out of it, for each stage by itself, and leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.structs import ConsumerRecord

from bench.folds import Numbers
from schemas import records as r
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.replay.dead_letters import DeadLetters
from streams.replay.fold import ReplayedBlock
from streams.replay.recorded_blocks import RecordedBlock
from streams.runtime import Block, Context, Stage, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings

IN = Topic("in", "test", (r.CompleteTask,))
STAGES = ("first", "second", "third")


class Several:
    """Stages that fold the same records, of which they write a row and keep the last, and a log of two records."""

    def __init__(self, at: Path) -> None:
        self.codec = Codec(cast("Registry", Numbers()))
        self.context = Context(Settings(kafka="", registry="", data=at), self.codec)
        self.state = StateStore(at)
        self.topology = Topology("several", tuple(map(self._stage, STAGES)))

    def _stage(self, name: str) -> Stage:
        stage = Stage(name, reads=(IN,))
        last = stage.table("last", r.AuditHead)

        @stage.on(IN)
        def fold(block: Block, command: r.CompleteTask) -> None:
            block.row(name, (command.id,))
            last["ann"] = r.AuditHead(1, command.id)

        return stage

    async def replayed(self, *dead: tuple[str, int]) -> ReplayedBlock:
        """Fold both records again, of which these, by stage and offset, were dead-lettered."""
        await self.codec.publish(self.topology.topics)
        commands = [r.CompleteTask(id=f"c-{n}", user="ann", at=n, actor="test", task="t") for n in range(2)]
        values = [self.codec.encode(IN.name, one) for one in commands]
        raws = [ConsumerRecord(IN.name, 0, n, n, 0, b"ann", value, None, 3, 9, ()) for n, value in enumerate(values)]
        letters = DeadLetters(0, {(stage, (IN.name, 0, offset)): ["why"] for stage, offset in dead})
        block = ReplayedBlock(self.topology, self.context, 0, self.state, RecordedBlock(raws, 0), letters)
        with block:
            block.fold()
        block.folded.result()
        return block


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Several]:
    several = Several(tmp_path)
    yield several
    several.state.close()


DEAD = [
    [],
    [("first", 1)],
    [("first", 1), ("second", 1)],
    [("second", 0), ("third", 0)],
    [(stage, n) for stage in STAGES for n in range(2)],
]


@pytest.mark.parametrize("dead", DEAD, ids=lambda dead: f"{len(dead)}")
async def test_what_several_stages_have_dead_lettered_is_left_out_of_each(several: Several, dead: list[Any]):
    block = await several.replayed(*dead)
    expected = [(stage, (f"c-{n}",)) for n in range(2) for stage in STAGES if (stage, n) not in dead]
    assert block.rows == expected
    assert block.foldable == {(stage, (IN.name, 0, n)) for stage, n in dead}
    assert block.failed == []


@pytest.mark.parametrize("dead", DEAD, ids=lambda dead: f"{len(dead)}")
async def test_what_was_left_out_is_named_as_the_source_of_nothing(several: Several, dead: list[Any]):
    block = await several.replayed(*dead)
    assert block.sources == [f"{IN.name}/0/{row[0][-1]}" for _, row in block.rows]
    by_stage = {key.split(b"/")[0].decode(): raw.offset for key, raw in block.changed_by.items()}
    assert by_stage == {stage: int(row[0][-1]) for stage, row in block.rows}
