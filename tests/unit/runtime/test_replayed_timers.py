"""A timer that is fired again by a replay, as where a verification asks what one that was taken would lead to."""

from collections.abc import AsyncIterator
from copy import copy
from pathlib import Path
from typing import Any, NoReturn

import pytest

from schemas import records as r
from schemas.topics import REMINDER_NOTICES
from streams.replay.dead_letters import DeadLetters
from streams.replay.fold import ReplayedBlock
from streams.replay.recorded_blocks import RecordedBlock
from streams.runtime import Topology
from tests.unit.domain.given import ANNA, NOON
from tests.unit.runtime.test_grouping import CORE, Machine

TIMER = r.Timer("id", ANNA, "task", NOON)


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Machine]:
    made = Machine((CORE,), tmp_path, 1)
    await made.prepare()
    yield made
    for state in made.states.values():
        state.close()


def fail(*_: Any) -> NoReturn:
    raise ZeroDivisionError


async def test_a_timer_that_fails_again_is_noted_and_the_others_of_its_block_fire(core: Machine):
    """It is no record that lacks a dead letter, and nothing is produced."""
    [topology] = core.topologies
    sick = copy(stage := topology.stage("reminders"))
    vars(sick).update(punctuate=fail)
    again = Topology(topology.name, tuple(sick if one is stage else one for one in topology.stages))
    block = ReplayedBlock(
        again, core.context, 0, core.states[topology.name], RecordedBlock([], NOON), DeadLetters(since=0)
    )
    with block:
        block.fire(sick, TIMER)
        assert len(block.dead) == 1
        block.fire(stage, TIMER)
    block.folded.result()
    assert [out.key for out in block.outputs[REMINDER_NOTICES.name]] == [ANNA.encode()]
    assert block.failed == []
    assert block.dead.envelopes(core.codec, lambda *_: 0) == []
