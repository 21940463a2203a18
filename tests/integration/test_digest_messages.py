"""What a digest tells, read from real views: no earlier than these have all that was on the log."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from channels.sending import Message
from domain import ledger, reasons
from domain.digest_contents import MOST
from domain.projections import collect
from postgres.migrate import migrate
from postgres.writer import moving, positions, put_views
from schemas import ids
from schemas import records as r
from schemas.topics import TASK_EVENTS
from streams import messages
from tests.unit.domain.given import NOON, a_task

DAY = "2026-11-24"
DUE = NOON + 19 * 60 * 60 * 1000
PARTITION = 2


class Views:
    """The views of one user, and how far the log goes."""

    def __init__(self, dsn: str) -> None:
        self.dsn, self.user, self.events = dsn, str(uuid4()), 0
        due = r.DigestDue(ids.digest(self.user, DAY), self.user, DUE, str(uuid4()), DAY, DUE)
        self.claim = ledger.claim(due, "log", DUE)

    async def put(self, *tasks: r.Task, at: int = 0, to: int = 0) -> None:
        """Fold tasks into the views, and move their position."""
        own = [replace(task, id=str(uuid4()), user=self.user) for task in tasks]
        await self._fold(
            [r.TaskCreated(str(uuid4()), self.user, NOON, "user", str(uuid4()), task) for task in own], at, to
        )

    async def set(self, **fields: str) -> None:
        """Fold settings into the views."""
        settings = r.Settings(self.user, NOON, **fields)
        await self._fold([r.SettingsUpdated(str(uuid4()), self.user, NOON, "user", str(uuid4()), settings, (*fields,))])

    async def _fold(self, events: Sequence[r.TaskCreated | r.SettingsUpdated], at: int = 0, to: int = 0) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await positions(connection, PARTITION, [TASK_EVENTS.name])
            async with moving(connection, PARTITION, {TASK_EVENTS.name: (at, to)}):
                await put_views(connection, collect(events))
        finally:
            await connection.close()

    async def read(self) -> str:
        return (await self.message()).text

    async def message(self, patience: float = messages.PATIENCE) -> Message:
        return await messages.read(self.claim, PARTITION, self.events, self.dsn, patience)


@pytest.fixture
def views(new_database: Callable[[], str]) -> Views:
    migrate(dsn := new_database())
    return Views(dsn)


async def test_a_digest_has_the_open_tasks_of_its_day_and_before(views: Views) -> None:
    await views.put(
        a_task(title="Rent", due=r.Due("2026-11-20")),
        a_task(title="Water", due=r.Due(DAY)),
        a_task(title="Paint", start=r.Due(DAY)),
        a_task(title="Later", due=r.Due("2026-11-25"), start=r.Due("2026-11-25")),
        a_task(title="Begun", start=r.Due("2026-11-20")),
        a_task(title="Done", due=r.Due(DAY), status=r.Status.COMPLETED, completed_at=NOON),
    )
    assert (await views.read()).splitlines() == [
        "Overdue:", "- Rent (2026-11-20)", "", "Due today:", "- Water", "", "Starts today:", "- Paint",
    ]  # fmt: skip


async def test_a_digest_is_in_the_language_of_the_settings(views: Views) -> None:
    await views.put(a_task(title="Water", due=r.Due(DAY)))
    await views.set(language="de")
    message = await views.message()
    assert (message.title, message.text) == (f"Überblick für den {DAY}", "Heute fällig:\n- Water")


async def test_of_many_tasks_the_first_are_named_and_the_others_counted(views: Views) -> None:
    await views.put(*(a_task(title=f"Task {number}", due=r.Due(DAY)) for number in range(MOST + 7)))
    message = await views.message()
    assert len(message.details["digest"]["due"]) == MOST
    assert message.text.endswith("… and 7 more.")


async def test_a_digest_of_nothing_is_empty(views: Views) -> None:
    with pytest.raises(messages.Empty):
        await views.read()


async def test_a_digest_waits_until_the_views_have_all_that_was_on_the_log(views: Views) -> None:
    views.events = 5
    reading = asyncio.create_task(views.read())
    await views.put(to=4)
    done, _ = await asyncio.wait({reading}, timeout=5 * messages.LOOK)
    assert not done
    await views.put(a_task(title="Water", due=r.Due(DAY)), at=4, to=5)
    assert "Water" in await reading


async def test_a_digest_is_not_read_from_views_that_stay_behind(views: Views) -> None:
    views.events = 5
    with pytest.raises(messages.Unreadable, match=reasons.VIEWS_BEHIND):
        await views.message(3 * messages.LOOK)


async def test_a_digest_without_a_database_says_so(views: Views) -> None:
    views.dsn = "postgresql://127.0.0.1:1/rondo"
    with pytest.raises(messages.Unreadable, match=reasons.NO_VIEWS):
        await views.read()
