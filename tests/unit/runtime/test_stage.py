"""What a stage declares, and what it is held to."""

import pytest

from schemas import records as r
from schemas.topics import Topic
from streams.runtime import Stage
from tests.unit.runtime.test_poison import block_of

IN = Topic("in", "test", (r.CompleteTask,))
OUT = Topic("out", "test", (r.CommandOutcome,))
NOTICES = Topic("notices", "test", (r.TaskNotice,))


@pytest.fixture
def stage() -> Stage:
    return Stage("declaring", reads=(IN, NOTICES), writes=(OUT, NOTICES))


def test_a_stage_has_timers_of_one_name(stage: Stage):
    stage.timer("timers")
    with pytest.raises(ValueError, match="has timers already"):
        stage.timer("others")


def test_the_changelog_holds_each_type_of_record_that_the_stage_keeps(stage: Stage):
    stage.table("heads", r.AuditHead)
    stage.ordered("memory")
    stage.timer("timers")
    assert stage.changelog.records == (r.AuditHead, r.Timer, r.TimerCursor, r.Position)


def test_timers_emit_to_declared_outputs_alone(stage: Stage):
    with pytest.raises(ValueError, match="declares no output in"):
        stage.on_timer(IN)


async def test_a_timer_that_has_come_emits_to_no_topic_but_those_of_timers(stage: Stage):
    stage.on_timer(NOTICES)(lambda *_: None)
    with pytest.raises(ValueError, match="declares no output of its timers out"):
        block_of(stage).emit(OUT, r.CommandOutcome("ann", 1, "c", r.OutcomeKind.ACCEPTED, "t"))
