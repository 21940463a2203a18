"""Earlier decision versions decide as they did.

In version 5 a series ends at the calendar's end; in version 7 a reminder that is withheld has recipients.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.structs import ConsumerRecord

from bench.folds import Numbers
from domain.decision import VERSION
from schemas import records as r
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import REMINDER_NOTICES, REMINDERS, TASK_COMMANDS, TASK_EVENTS, TASK_FOLLOWUPS, Topic
from streams import recurrence, reminders, tasks
from streams.replay.fold import fold
from streams.runtime import Block, Context, Stage, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from tests.unit.domain.given import ANNA, DAY, NOON, complete, create, sent, set_settings
from tests.unit.domain.test_calendar import LAST

SETTINGS = Settings(kafka="", registry="", data=Path(), partitions=1)


class Told(Block):
    """A block that says nothing."""

    logged = False


class Stages:
    """The stages tasks, recurrence and reminders on one partition, without a broker."""

    def __init__(self, codec: Codec, state: StateStore) -> None:
        self._codec, self._state = codec, state
        self.dead: list[r.DeadLetter] = []

    def of(self, stage: Stage, topic: Topic, out: Topic, records: Sequence[Any], rules: str) -> list[Any]:
        """What a stage makes of records under some rules, each in a block of its own."""
        return [output for each in records for output in self._one(stage, topic, out, each, rules)]

    def _one(self, stage: Stage, topic: Topic, out: Topic, record: Any, rules: str) -> list[Any]:
        value = self._codec.encode(topic.name, record)
        raw: Any = ConsumerRecord(topic.name, 0, 0, 0, 0, ANNA.encode(), value, None, 0, 0, ())
        block = Told(Topology.of(stage), Context(SETTINGS, self._codec), 0, [raw], state=self._state, now=0)
        block.decision_version = rules
        fold(block)
        self._state.write(block.changes, 0, 0)
        dead = block.dead.envelopes(self._codec, lambda *_: 0)
        self.dead += [self._codec.decode(letter.value) for letter in dead]
        return [self._codec.decode(output.value) for output in block.outputs[out.name]]

    def completed(self, name: str, rules: str) -> list[Any]:
        """What recurrence sends once the last occurrence that the calendar has was completed."""
        events = self.of(tasks.stage, TASK_COMMANDS, TASK_EVENTS, [LAST[name], complete()], rules)
        done = [event for event in events if isinstance(event, r.TaskCompleted)]
        return self.of(recurrence.stage, TASK_EVENTS, TASK_FOLLOWUPS, done, rules)

    def decided(self, followups: Sequence[Any], rules: str) -> list[Any]:
        """What tasks makes of what recurrence has sent."""
        return self.of(tasks.stage, TASK_FOLLOWUPS, TASK_EVENTS, followups, rules)


@pytest.fixture
async def stages(tmp_path: Path) -> AsyncIterator[Stages]:
    codec = Codec(cast("Registry", Numbers()))
    of_all = (Topology.of(each.stage).topics for each in (tasks, recurrence, reminders))
    await codec.publish({topic for topics in of_all for topic in topics})
    with closing(StateStore(tmp_path)) as state:
        yield Stages(codec, state)


@pytest.mark.parametrize("name", LAST)
async def test_by_version_5_a_series_that_the_calendar_ends_is_reported(stages: Stages, name: str) -> None:
    [outcome] = stages.decided(stages.completed(name, "5"), "5")
    assert (outcome.kind, outcome.code) == (r.OutcomeKind.REJECTED, "ended")


async def test_by_version_4_a_due_beyond_the_calendar_was_not_reported(stages: Stages) -> None:
    assert stages.completed("due", "4") == []


async def test_by_version_4_a_start_beyond_the_calendar_was_dead_lettered(stages: Stages) -> None:
    followups = stages.completed("start", "4")
    assert stages.decided(followups, "4") == []
    [letter] = stages.dead
    assert (letter.stage, letter.topic) == ("tasks", TASK_FOLLOWUPS.name)
    assert letter.reason.startswith("OverflowError: ")


async def test_by_version_4_a_start_beyond_it_in_utc_alone_was_accepted(stages: Stages) -> None:
    event, outcome = stages.decided(stages.completed("start elsewhere", "4"), "4")
    assert event.task.start == r.Due("9999-12-31", "23:59:59", "Pacific/Niue")
    assert outcome.kind is r.OutcomeKind.ACCEPTED


async def test_a_record_of_an_end_does_nothing_to_a_worker_of_version_4(stages: Stages) -> None:
    [outcome] = stages.decided(stages.completed("due", "5"), "4")
    assert outcome.kind is r.OutcomeKind.NOTHING_TO_DO


@pytest.mark.parametrize(("rules", "targets"), [("6", None), (VERSION, r.Recipients((r.Recipient("p", "ntfy"),)))])
async def test_a_reminder_that_is_withheld_has_recipients_from_version_7_on(stages: Stages, rules: str, targets: Any):
    commands = (
        r.CreateTarget(**sent(), target="p", fields=r.TargetFields("Phone", "ntfy", "address")),
        set_settings(catch_up=r.CatchUp.NONE),
        create(reminders=(r.Reminder("r1", at=NOON + DAY),)),
    )
    events = stages.of(tasks.stage, TASK_COMMANDS, TASK_EVENTS, commands, rules)
    events = [event for event in events if not isinstance(event, r.CommandOutcome)]
    [scheduled] = stages.of(reminders.stage, TASK_EVENTS, REMINDERS, events, rules)
    notice = r.ReminderNotice(scheduled.id, ANNA, NOON + 2 * DAY, scheduled.task, scheduled.due)
    [withheld] = stages.of(reminders.stage, REMINDER_NOTICES, REMINDERS, [notice], rules)
    assert (withheld.step, withheld.recipients) == (r.Step.MISSED, targets)
