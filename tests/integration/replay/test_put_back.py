"""Events that died in every stage that reads them are put back, also behind later ones, and the log holds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from msgspec import Struct

from local import prepare
from rondo import resending
from rondo.dead_letters import Became
from rondo.dead_letters import Log as Letters
from rondo.place import Place
from schemas import ids
from schemas import records as r
from schemas.names import partition_of
from schemas.topics import AUDIT_LOG, REMINDERS, TASK_EVENTS, TASK_FOLLOWUPS
from streams import worker
from streams.replay import verify
from streams.settings import Settings
from tests.acceptance.stack import Stack, User, pytest_runtest_makereport, running
from tests.integration.pipeline.test_putting_back import Newer
from tests.integration.pipeline.wire import PARTITIONS, Wire
from tests.integration.runtime.counting import running as fed
from tests.integration.runtime.counting import until
from tests.unit.domain.given import ANNA, DAY, NOON, World, complete, create, delete, update

__all__ = ["pytest_runtest_makereport"]

STAGES = [worker.find(name) for name in ("recurrence", "reminders", "audit", "views")]
SERIES, CHANGED, PURGED, LATE = (ids.derive("task", number) for number in range(4))
REMINDED = (r.Reminder("r", before=600),)


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Broker, Postgres and registry of this file's own: its stages read the topics that all share."""
    with running(request, only="kafka,postgres,registry") as stack:
        yield stack


@dataclass
class Lived:
    """What the stages wrote."""

    events: list[tuple[Any, bool]]
    records: dict[str, list[Any]]
    rows: dict[str, tuple[str, int]]
    report: Any


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
    told.append((world.expires(timer)[0], False))
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
        for stage in STAGES:
            stage.settings = settings
            await running_.enter_async_context(fed(stage))
        happened = events()
        for event, dies in happened:
            if dies:
                await newer.put(TASK_EVENTS, event)
            else:
                await wire.put(TASK_EVENTS, await wire.encoded(TASK_EVENTS, event), ANNA, where)
        await came(settings, Became.DEAD)
        newer.known()
        async with Letters.of(Place(addresses)) as letters:
            dead = await letters.letters()
            looked = {number: later for number, later in (await resending.look(letters, dead)).items() if number % 2}
            await resending.send(letters, run["kafka"], dead, looked)  # half of them as if all came after a look
            await resending.send(letters, run["kafka"], dead)
        await came(settings, Became.PUT_BACK)
        report = await verify(settings, STAGES)
        yield Lived(happened, await written(wire), await rows(run["postgres"]), report)


async def came(settings: Settings, what: Became) -> None:
    """Wait until every letter of the four in each of the four stages has become this."""

    async def look() -> list[tuple[Became, str]]:
        place = Place({"kafka": settings.kafka, "registry": settings.registry, "postgres": settings.postgres})
        async with Letters.of(place) as letters:
            return [(one.became, f"{one.stage} {one.place}: {one.reason}") for one in await letters.letters()]

    await until(look, lambda found: [became for became, _ in found] == [what] * 16, 90)


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


def test_all_stages_hold(lived: Lived):
    assert lived.report.differences == [], lived.report.told()
    assert "set aside that fold" not in lived.report.told()


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
