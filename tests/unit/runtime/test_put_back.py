"""What is sent again in one block: each of its records sees what the ones before it have led to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schemas import records as r
from schemas.envelope import Source, seal
from schemas.topics import AUDIT_LOG, REMINDERS, RETRIES, TASK_COMMANDS, TASK_EVENTS
from streams.replay.dead_letters import DeadLetters
from streams.replay.fold import ReplayedBlock
from streams.replay.recorded_blocks import RecordedBlock
from streams.runtime import Block
from streams.runtime.put_back import OVERTAKEN
from tests.unit.domain.given import ANNA, NOON, create, update
from tests.unit.runtime.test_grouping import CORE, Machine

LATER = {"due": r.Due("2035-01-08", "09:00:00", "Europe/Paris"), "reminders": (r.Reminder("r", before=600),)}


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Machine]:
    """The stages as one, which have decided a task with a reminder, and another title for it."""
    made = Machine((CORE,), tmp_path, 1)
    await made.prepare()
    made.say(create(**LATER))
    made.say(update(title="Other"))
    made.run(0)
    yield made
    for state in made.states.values():
        state.close()


def sent_again(core: Machine, stage: str, topic: str, offset: int, value: bytes | None, **more: Any) -> None:
    """Append a dead letter of a stage to what is sent again."""
    number = len(core.topics.get(RETRIES.name, ()))
    place = {"topic": topic, "partition": 0, "offset": offset, "key": ANNA.encode(), "value": value}
    retry = r.Retry(f"retry {number}", ANNA, NOON, stage, number, NOON, reason="", **place, **more)
    core.append(RETRIES.name, seal(retry, core.codec.encode(RETRIES.name, retry), Source.RESENT))


def resend_both(core: Machine, *stages: str) -> None:
    """Send again a command that takes the reminder away, and the last event of its task on the log: the other title."""
    command = core.codec.encode(TASK_COMMANDS.name, update(reminders=()))
    sent_again(core, "tasks", TASK_COMMANDS.name, 1_000, command)
    events = core.topics[TASK_EVENTS.name]
    (event,) = [raw for raw in events if isinstance(core.codec.decode(raw.value), r.TaskUpdated)]
    for stage in stages:
        sent_again(core, stage, event.topic, event.offset, event.value, seen=len(events))


def folded(core: Machine) -> Block:
    """Fold all that was sent again in one block, and commit it."""
    [topology] = core.topologies
    with (block := core.block(topology, core.topics[RETRIES.name], NOON)):
        block.fold()
    core.commit(block)
    return block


def written(core: Machine, topic: str) -> list[Any]:
    return [core.codec.decode(raw.value) for raw in core.topics[topic]]


async def test_an_event_behind_what_the_same_block_has_led_to_schedules_nothing(core: Machine):
    resend_both(core, "reminders")
    folded(core)
    assert [type(one) for one in written(core, REMINDERS.name)] == [r.ReminderScheduled, r.ReminderCancelled]


async def test_an_event_behind_what_the_same_block_has_led_to_sets_no_entity_back(core: Machine):
    resend_both(core, "audit")
    folded(core)
    assert [bool(entry.changes) for entry in written(core, AUDIT_LOG.name)] == [True, True, True, False]


@pytest.mark.parametrize("stage", ["reminders", "audit"])
async def test_a_replay_takes_from_the_recorded_block_what_was_overtaken_in_it(core: Machine, stage: str):
    """Blocks that were recorded before this was looked for are decided as they were."""
    resend_both(core, stage)
    before = dict(core.items())
    block = folded(core)
    assert block.recorded_settings[OVERTAKEN] == "1"
    assert replayed(core, before, block.recorded_settings) == dict(block.outputs)
    assert replayed(core, before, {}) != dict(block.outputs)


def replayed(core: Machine, state: dict[bytes, bytes], settings: dict[str, str]) -> dict[str, Any]:
    """Return the output of the block of retries, folded again in this state with these recorded settings."""
    [topology] = core.topologies
    core.states[topology.name].write({**{key: None for key, _ in core.items()}, **state}, 0, 0)
    recorded = RecordedBlock(core.topics[RETRIES.name], NOON, settings)
    again = ReplayedBlock(topology, core.context, 0, core.states[topology.name], recorded, DeadLetters(0))
    with again:
        again.fold()
    again.folded.result()
    return dict(again.outputs)


@pytest.mark.parametrize("stages", [("reminders", "audit"), ("audit", "reminders")])
async def test_what_is_sent_again_before_it_is_behind_nothing(core: Machine, stages: tuple[str, ...]):
    """An event before the command of the same block that leads to a later one has not been overtaken yet."""
    events = core.topics[TASK_EVENTS.name]
    (event,) = [raw for raw in events if isinstance(core.codec.decode(raw.value), r.TaskUpdated)]
    for stage in stages:
        sent_again(core, stage, event.topic, event.offset, event.value, seen=len(events))
    resend_both(core)
    assert OVERTAKEN not in folded(core).recorded_settings
    assert [type(one) for one in written(core, REMINDERS.name)] == [r.ReminderScheduled, r.ReminderCancelled]
