"""Events that died in every stage that reads them are put back, also behind later ones, and the log holds."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import TopicPartition
from msgspec import Struct

from domain.recurrence import succession
from local import prepare
from rondo.location import Place
from rondo.operator import dependents, resending
from rondo.operator.dead_letters import Became, DeadLetterRecord
from rondo.operator.dead_letters import Log as Letters
from schemas import ids
from schemas import records as r
from schemas.names import partition_of
from schemas.topics import (
    AUDIT_LOG,
    NOTIFICATIONS,
    REMINDER_NOTICES,
    REMINDERS,
    TASK_COMMANDS,
    TASK_EVENTS,
    TASK_FOLLOWUPS,
    TASK_NOTICES,
    Topic,
)
from streams import audit, notify, recurrence, reminders, tasks, views
from streams.replay import verify
from streams.runtime import App, Topology
from streams.runtime.record import NOWHERE
from streams.runtime.settings import Settings
from tests.acceptance.stack import Stack, User, pytest_runtest_makereport, running
from tests.integration.pipeline.test_putting_back import Newer
from tests.integration.pipeline.wire import Wire
from tests.integration.runtime.counting import running as fed
from tests.integration.runtime.counting import until
from tests.unit.domain.given import ANNA, DAY, NOON, World, complete, create, delete, update

__all__ = ["pytest_runtest_makereport"]

TOPOLOGIES = [Topology("core", (recurrence.stage, reminders.stage, audit.stage)), Topology.of(views.stage)]
OTHERS_OWN = [Topology.of(tasks.stage), Topology.of(notify.stage)]
"""What does not run here."""
SERIES, CHANGED, PURGED, LATE, ANSWERED = (ids.derive("task", number) for number in range(5))
REMINDED = (r.Reminder("r", before=600),)
PARTITIONS = 1
"""As few as are needed: each is opened, and verified, by both topologies."""


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Broker, Postgres and registry of this file's own: its stages read the topics that all share."""
    with running(request, only="kafka,postgres,registry") as stack:
        yield stack


Told = dict[tuple[str, str], list[str]]


@dataclass
class Lived:
    """What the stages wrote."""

    events: list[tuple[Any, bool]]
    records: dict[str, list[Any]]
    rows: dict[str, tuple[str, int]]
    report: Any
    before: Told
    """What `rondo dead-letters` says of each dead letter before it is resent, by stage and entity."""
    after: Told
    others: list[str]
    """The same of ``OTHERS``."""
    again: tuple[int, int, int]
    """The numbers of records that views, and the other stages, are said to read again; and how many views should."""


def events() -> list[tuple[Struct, bool]]:
    """What the tasks stage would write, and whether it dies."""
    world, told = World(), []

    def then(command: Struct, dies: bool = False) -> None:
        told.append((world.does(command).events[0], dies))

    later = {"due": r.Due("2035-01-08", "09:00:00", "Europe/Paris"), "reminders": REMINDED}
    gone = NOON - 40 * DAY
    then(create(SERIES, rrule="FREQ=DAILY", **later))
    then(complete(SERIES), dies=True)
    then(create(CHANGED, **later), dies=True)
    then(update(CHANGED, title="Other", reminders=()))
    then(create(PURGED, gone, **later), dies=True)
    then(delete(PURGED, gone))
    timer = r.TaskNotice(ids.derive("purge", PURGED, 2), ANNA, gone + 31 * DAY, PURGED, gone + 30 * DAY)
    told.append((world.purge(timer)[0], False))
    then(create(LATE))
    then(update(LATE, **later), dies=True)
    return told


@pytest.fixture(scope="module")
async def lived(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    """The stages, after some events have died in all of them, were mended, and were sent again twice."""
    run = stack.run
    data: Path = tmp_path_factory.mktemp("state")
    addresses = {"kafka": run["kafka"], "registry": run["registry"], "postgres": run["postgres"]}
    settings = Settings(**addresses, data=data, partitions=PARTITIONS, retry_pause=0.2, tick=0.05)
    user, where = User(ANNA, None, ""), partition_of(ANNA, PARTITIONS)  # type: ignore[arg-type]  # it asks nothing
    await asyncio.to_thread(prepare.log, run["kafka"], run["registry"], PARTITIONS)
    await asyncio.to_thread(prepare.views, run["postgres"])
    async with AsyncExitStack() as running_:
        wire = await running_.enter_async_context(Wire.to(run["kafka"], run["registry"]))
        newer = Newer(stack, wire, user)
        for topology in TOPOLOGIES:
            await running_.enter_async_context(fed(App(topology, settings)))
        happened = events()
        for event, dies in happened:
            if dies:
                await newer.put(TASK_EVENTS, event)
            else:
                await wire.put(TASK_EVENTS, await wire.encoded(TASK_EVENTS, event), ANNA, where)
        dead_letters = await running_.enter_async_context(Letters.of(Place(addresses), [*TOPOLOGIES, *OTHERS_OWN]))
        dead = await came(dead_letters, Became.DEAD)
        newer.known()
        before, again = await told(dead_letters, dead), await read_again(dead_letters, dead)
        looked = {number: later for number, later in (await resending.look(dead_letters, dead)).items() if number % 2}
        await resending.send(dead_letters, run["kafka"], dead, looked)  # half of them as if all came after a look
        await resending.send(dead_letters, run["kafka"], dead)
        after = await told(dead_letters, await came(dead_letters, Became.PUT_BACK))
        report = await verify(settings, TOPOLOGIES)
        lived = Lived(happened, await written(wire), await rows(run["postgres"]), report, before, after, [], again)
        lived.others = [one for each in OTHERS for one in await each.told(dead_letters, wire, where)]
        yield lived


async def came(dead_letters: Letters, what: Became) -> list[DeadLetterRecord]:
    """Return the dead letters once each of the four in each of the four stages has become this."""
    return await until(dead_letters.dead_letters, lambda found: [one.became for one in found] == [what] * 16, 90)


async def told(dead_letters: Letters, dead: list[DeadLetterRecord]) -> Told:
    """The sentences about each."""
    found: Told = {}
    for one in dead:
        event = await dead_letters.decoded(one.value)
        found[one.stage, event.task.id] = await dependents.sentences(dead_letters, one)
    return found


async def read_again(dead_letters: Letters, dead: list[DeadLetterRecord]) -> tuple[int, int, int]:
    of_views = [one for one in dead if one.stage == "views"]
    at = TopicPartition(TASK_EVENTS.name, of_views[0].partition)
    (_, end) = (await dead_letters.reader.bounds([at]))[at]
    rest = [one for one in dead if one.stage != "views"]
    counted = await resending.read_again(dead_letters, of_views), await resending.read_again(dead_letters, rest)
    return (*counted, end - of_views[0].offset)


@dataclass
class Other:
    """A dead letter of a stage that does not run here, and the log's records about it."""

    stage: str
    topic: Topic
    record: Struct | bytes
    since: tuple[Topic, Struct] | None = None
    offset: int = 10**9

    async def told(self, dead_letters: Letters, wire: Wire, where: int) -> list[str]:
        value = self.record if isinstance(self.record, bytes) else await wire.encoded(self.topic, self.record)
        if self.since:
            await wire.put(self.since[0], await wire.encoded(*self.since), ANNA, where)
        letter = DeadLetterRecord(self.stage, self.topic.name, where, self.offset, NOON, ANNA.encode(), value, (), [0])
        return await dependents.sentences(dead_letters, letter)


def others() -> list[Other]:
    asked, answered = create("asked"), create(ANSWERED)
    outcome = r.CommandOutcome(ANNA, NOON, answered.id, r.OutcomeKind.ACCEPTED, ANSWERED)
    late = r.CreateOccurrence("c", ANNA, NOON, "a", "t", "s", "p", "o", "o2", r.Due("2026-11-24"), 1)
    due, sent = (r.ReminderDue(ids.derive("due", n), ANNA, NOON, "c", "t", "r", NOON, "") for n in range(2))
    step = r.Notification(sent.id, ANNA, NOON, answered.id, ANSWERED, r.Step.SENT, 1, "log", "", NOON)
    series = World(create("old", rrule="FREQ=DAILY", due=r.Due("2035-01-08")), complete("old")).events[-1]
    went_on = World().does(create(succession.following(series).task)).events[0]
    return [
        Other("tasks", TASK_COMMANDS, asked),
        Other("tasks", TASK_COMMANDS, answered, (TASK_EVENTS, outcome)),
        Other("tasks", TASK_NOTICES, r.TaskNotice("n", ANNA, NOON, "t", NOON)),
        Other("tasks", TASK_FOLLOWUPS, late),
        Other("recurrence", TASK_EVENTS, series, (TASK_EVENTS, went_on)),
        Other("reminders", REMINDER_NOTICES, r.ReminderNotice("n", ANNA, NOON, "t", NOON)),
        Other("audit", TASK_EVENTS, outcome),
        Other("notify", REMINDERS, due),
        Other("notify", REMINDERS, sent, (NOTIFICATIONS, step)),
        Other("notify", NOTIFICATIONS, step),
        Other("notify", NOTIFICATIONS, b"no avro"),
        Other("notify", Topic("notify-changelog", "notify", ()), b"", offset=NOWHERE),
    ]


OTHERS = others()


async def written(wire: Wire) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for topic in (TASK_FOLLOWUPS, REMINDERS, AUDIT_LOG):
        found[topic.name] = [record async for record in wire.records(topic)]
    return found


async def rows(postgres: str) -> dict[str, tuple[str, int]]:
    connection = await asyncpg.connect(postgres)
    try:
        found = await connection.fetch("select id, status, version from rondo.tasks")
    finally:
        await connection.close()
    return {str(row["id"]): (row["status"], row["version"]) for row in found}


OVERTAKEN = "A later event about the same"


def test_what_depends_on_a_dead_letter_is_reported(lived: Lived):
    again = lived.again[0]
    assert lived.before["recurrence", SERIES] == [
        f"The series {SERIES} has no further occurrence after 2035-01-08T09:00:00."
    ]
    assert lived.before["recurrence", CHANGED][0] == "No series depends on it."
    assert lived.before["reminders", LATE] == ["The task's reminders are as they were before it."]
    assert lived.before["audit", LATE] == ["The audit trail has no entry for it, at version 2."]
    assert lived.before["views", SERIES] == [
        f"Users don't see its effects. When it is resent, views read {again:,} records again."
    ]


def test_what_was_overtaken_by_a_later_event_is_reported(lived: Lived):
    overtaken = {what for what, told in lived.before.items() if told[-1].startswith(OVERTAKEN)}
    assert overtaken == {(stage, task) for stage in ("audit", "recurrence", "reminders") for task in (CHANGED, PURGED)}


def test_nothing_depends_any_more_on_what_was_put_back(lived: Lived):
    assert lived.after["recurrence", SERIES] == []
    assert lived.after["audit", LATE] == ["The audit trail has its entry."]


def test_views_read_from_their_first_dead_letter_on_and_no_other_stage_reads_again(lived: Lived):
    of_views, of_others, expected = lived.again
    assert (of_views, of_others) == (expected, 0)


def test_of_dead_letters_of_other_stages_it_is_reported_what_is_missing_or_happened_since(lived: Lived):
    assert [re.sub(r"[0-9a-f-]{36}|\(.*\)", "…", sentence) for sentence in lived.others] == [
        "The command … has no outcome: its sender sees it as pending.",
        "The command already has an outcome …: resent, it changes nothing.",
        "What was deleted long ago has not been purged.",
        "The series s has no occurrence o2.",
        "The series old has continued in another way: resent, it changes nothing.",
        "The reminder n was not decided, so it is not sent.",
        "The audit trail is complete: it is not an event.",
        "The reminder … is due and was not sent.",
        "The reminder … has a delivery: resent, it changes nothing.",
        "A step of a delivery is missing; the lease of a claim has its own timer.",
        "It can't be decoded, so what depends on it is unknown.",
        "A timer fired without effect: what waits for it is stuck.",
    ]


def test_all_stages_hold(lived: Lived):
    assert lived.report.differences == [], lived.report.describe()
    assert "dead-lettered records that fold" not in lived.report.describe()


def test_a_completion_that_died_leads_to_the_next_occurrence_once(lived: Lived):
    (followup,) = lived.records[TASK_FOLLOWUPS.name]
    assert (followup.series, followup.previous) == (SERIES, SERIES)


def test_the_reminders_of_what_was_completed_are_cancelled(lived: Lived):
    of_series = [record for record in lived.records[REMINDERS.name] if record.task == SERIES]
    assert [type(record) for record in of_series] == [r.ReminderScheduled, r.ReminderCancelled]


def test_an_event_behind_later_ones_schedules_nothing(lived: Lived):
    assert not [record for record in lived.records[REMINDERS.name] if record.task in {CHANGED, PURGED}]


def test_the_newest_event_of_a_task_schedules_its_reminders(lived: Lived):
    assert [type(one) for one in lived.records[REMINDERS.name] if one.task == LATE] == [r.ReminderScheduled]


def test_the_trail_has_an_entry_of_each_event_once(lived: Lived):
    told = [entry.id for entry in lived.records[AUDIT_LOG.name]]
    assert sorted(told) == sorted(event.id for event, _ in lived.events)


def test_the_entry_of_an_event_behind_later_ones_tells_no_change_back(lived: Lived):
    by_task = {task: [e for e in lived.records[AUDIT_LOG.name] if e.task == task] for task in (CHANGED, LATE)}
    assert [(e.event, bool(e.changes)) for e in by_task[CHANGED]] == [("TaskUpdated", True), ("TaskCreated", False)]
    assert [change.field for change in by_task[LATE][-1].changes] == ["due", "reminders"]


def test_people_see_the_newest_and_nothing_that_is_gone(lived: Lived):
    assert lived.rows == {SERIES: ("COMPLETED", 2), CHANGED: ("OPEN", 2), LATE: ("OPEN", 2)}
