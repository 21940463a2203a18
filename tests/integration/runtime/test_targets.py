"""The worker of notify with targets on real servers: mail and HTTP, good, flapping, failing, hanging and gone ones."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from uuid import uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from bench.notify import is_ready
from channels.sealing import Place, Seal
from domain import reasons
from domain.projections import collect
from local import ports
from local.process import Command, Process
from local.settings import ROOT
from postgres import addresses
from postgres.migrate import migrate
from postgres.writer import put_views
from schemas import ids
from schemas import records as r
from schemas.kafka import admin
from schemas.topics import NOTIFICATIONS, REMINDERS
from streams import notify
from streams.runtime import Topology
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Log, until
from tests.receiver import Receiver
from tests.unit.channels.servers import mailbox

NOTIFY = Topology.of(notify.stage)
KEY = "a1" * 32
SLOTS = 4


class Targets:
    """The targets of one user, in the views and beside them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.user, self._pool, self.recipients = str(uuid4()), pool, list[r.Recipient]()

    async def add(self, address: str, *, enabled: bool = True, deleted: bool = False) -> str:
        target = self.known()
        await self.put(target, address, enabled=enabled, deleted=deleted)
        return target

    def known(self) -> str:
        """Return a target that the reminders stage knows, and the views don't yet."""
        self.recipients.append(r.Recipient(target := str(uuid4()), "webhook"))
        return target

    async def put(self, name: str, address: str, version: int = 1, *, enabled: bool = True, deleted: bool = False):
        """Put a target as it is in this version into the views, and its address beside them."""
        place = Place(self.user, name, str(uuid4()))
        sealed = Seal(bytes.fromhex(KEY)).sealed(address, place)
        named = {"user": self.user, "target": place.target, "address": place.address}
        await addresses.put(self._pool, **named, sealed=sealed, at=now())
        known = {"address": place.address, "enabled": enabled, "deleted": deleted, "version": version}
        target = r.Target(name, self.user, "Phone", "webhook", now(), now(), **known)
        event = r.TargetCreated(str(uuid4()), self.user, now(), "user", str(uuid4()), target)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("set local role rondo_views")
            await put_views(connection, collect([event]))

    async def remind(self, log: Log, *titles: str) -> list[str]:
        """Let reminders be due for all targets; return their ids."""
        recipients = r.Recipients(tuple(self.recipients))
        whole = r.ReminderDue("", self.user, now(), str(uuid4()), str(uuid4()), "r", now(), "")
        due = [replace(whole, id=str(uuid4()), title=title, recipients=recipients) for title in titles]
        await log.put(REMINDERS, due)
        return [each.id for each in due]

    async def steps(self, log: Log, target: str) -> list[r.Notification]:
        return [step for step in await log.read(NOTIFICATIONS) if step.target == target]


def now() -> int:
    return time_ns() // 1_000_000


@pytest.fixture(scope="module")
def database(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    migrate(dsn)
    return dsn


@pytest.fixture
async def targets(database: str) -> AsyncIterator[Targets]:
    async with asyncpg.create_pool(database, min_size=0) as pool:
        yield Targets(pool)


@pytest.fixture
async def worker(worker_settings: Settings, database: str, log: Log) -> AsyncIterator[Process]:
    """A worker process of notify."""
    await admin.create(worker_settings.kafka, worker_settings.partitions, NOTIFY.topics)
    await log.codec.publish(NOTIFY.topics)
    with _worker(worker_settings, database) as process:
        yield process


@contextmanager
def _worker(settings: Settings, database: str) -> Iterator[Process]:
    port = ports.choose(["worker"], {})["worker"]
    environment = {
        "RONDO_KAFKA": settings.kafka,
        "RONDO_REGISTRY": settings.registry,
        "RONDO_POSTGRES": database,
        "RONDO_PARTITIONS": str(settings.partitions),
        "RONDO_DATA": str(settings.data / "targets"),
        "RONDO_HEALTH_PORT": str(port),
        "RONDO_TARGETS_KEY": KEY,
        "RONDO_TARGET_NETWORKS": "127.0.0.0/8",
        "RONDO_EFFECTS": str(SLOTS),
    }
    argv = [sys.executable, str(Path(sys.executable).with_name("rondo")), "worker", "notify"]
    process = Process(Command("worker", argv, settings.data / "targets.log", environment, cwd=ROOT))
    try:
        process.wait_until(lambda: is_ready(port), 60)
        yield process
    finally:
        process.stop()


@pytest.mark.usefixtures("worker")
async def test_a_reminder_goes_to_each_target_by_a_delivery_of_its_own(targets: Targets, log: Log):
    with mailbox() as (box, address), Receiver() as receiver:
        mail, hook = await targets.add(address), await targets.add(receiver.url)
        [reminder] = await targets.remind(log, "Water the plants")

        async def arrived() -> tuple[int, int]:
            return len(box.mails), len(receiver.received)

        await until(arrived, lambda found: found >= (1, 1), 30)
    assert (box.mails[0]["subject"], receiver.received[0].key) == ("Water the plants", ids.delivery(reminder, hook))
    for target in (mail, hook):
        steps = await until(lambda target=target: targets.steps(log, target), lambda found: len(found) == 2, 30)
        assert [(step.step, step.id) for step in steps] == [
            (r.Step.CLAIMED, ids.delivery(reminder, target)),
            (r.Step.SENT, ids.delivery(reminder, target)),
        ]


@pytest.mark.usefixtures("worker")
async def test_a_target_that_hangs_delays_no_other(targets: Targets, log: Log):
    other = Targets(targets._pool)
    with Receiver() as hanging, Receiver() as receiver:
        hanging.answering.clear()
        await targets.add(hanging.url)
        await other.add(receiver.url)
        await targets.remind(log, *(f"Hangs {number}" for number in range(5 * SLOTS)))
        await other.remind(log, *(f"Arrives {number}" for number in range(5 * SLOTS)))

        async def arrived() -> int:
            return len(receiver.received)

        async with asyncio.timeout(15):  # the hanging one is given up after 20
            await until(arrived, lambda found: found == 5 * SLOTS, 15)
        assert len(hanging.received) == 1
        hanging.answering.set()


@pytest.mark.usefixtures("worker")
async def test_a_target_that_fails_is_left_alone_for_a_while_and_says_why(targets: Targets, log: Log):
    with Receiver() as failing:
        failing.statuses = {f"Fails {number}": 503 for number in range(9)}
        target = await targets.add(failing.url)
        await targets.remind(log, *failing.statuses)
        steps = await until(
            lambda: targets.steps(log, target), lambda found: sum(s.step is r.Step.FAILED for s in found) == 3, 30
        )
        assert {step.detail for step in steps if step.step is r.Step.FAILED} == {reasons.of_status(503)}
        assert len(failing.received) == 3


@pytest.mark.usefixtures("worker")
async def test_what_waits_is_sent_as_soon_as_the_views_have_the_corrected_address(targets: Targets, log: Log):
    titles = [f"Waits {number}" for number in range(6)]
    with Receiver() as failing, Receiver() as right:
        failing.statuses = dict.fromkeys(titles, 503)
        target = await targets.add(failing.url)
        await targets.remind(log, *titles)
        await until(
            lambda: targets.steps(log, target), lambda found: sum(s.step is r.Step.FAILED for s in found) == 3, 30
        )
        await log.put(REMINDERS, [r.TargetCorrected(str(uuid4()), targets.user, now(), str(uuid4()), target, 2)])
        await until(
            lambda: targets.steps(log, target), lambda found: sum(s.step is r.Step.CLAIMED for s in found) == 4, 30
        )
        await targets.put(target, right.url, version=2)  # the views were behind
        async with asyncio.timeout(15):  # the breaker's pause is 30 s
            await until(lambda: asyncio.sleep(0, {one.body["title"] for one in right.received}), {*titles}.issubset, 15)
        assert len(failing.received) == 3


@pytest.mark.usefixtures("worker")
async def test_a_target_that_the_views_do_not_have_yet_is_waited_for(targets: Targets, log: Log):
    target = targets.known()
    with Receiver() as receiver:
        await targets.remind(log, "Water the plants")
        await until(lambda: targets.steps(log, target), bool, 30)
        await targets.put(target, receiver.url)
        steps = await until(lambda: targets.steps(log, target), lambda found: len(found) == 2, 30)
        assert (steps[-1].step, steps[-1].attempt) == (r.Step.SENT, 1)


@pytest.mark.usefixtures("worker")
async def test_what_a_flapping_target_refused_once_arrives_later(targets: Targets, log: Log):
    with Receiver() as flapping:
        flapping.refusing = {"Water the plants"}
        target = await targets.add(flapping.url)
        await targets.remind(log, "Water the plants", "The ferns")
        steps = await until(
            lambda: targets.steps(log, target), lambda found: sum(s.step is r.Step.SENT for s in found) == 2, 60
        )
    assert [step.title for step in steps if step.step is r.Step.SENT] == ["The ferns", "Water the plants"]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("state", "why"), [({"enabled": False}, reasons.DISABLED), ({"deleted": True}, reasons.DISABLED)], ids=str
)
async def test_nothing_is_sent_to_a_target_that_was_disabled_or_deleted_meanwhile(
    targets: Targets, log: Log, state: dict[str, bool], why: str
):
    with Receiver() as receiver:
        target = await targets.add(receiver.url, **state)
        await targets.remind(log, "Water the plants")
        steps = await until(lambda: targets.steps(log, target), lambda found: len(found) == 2, 30)
        assert (steps[-1].step, steps[-1].detail) == (r.Step.SUPPRESSED, why)
        assert receiver.received == []
