"""A stage that makes no progress ends its process, and a restart loses nothing."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from local.settings import ROOT
from streams.runtime import App, Context
from streams.runtime.effects import WAITING, Effect
from streams.runtime.watch import Stalled
from tests.integration.runtime.counting import Counting, Log, command, prepared, running, until
from tests.integration.runtime.stuck import Absorbed, Forgetful
from tests.integration.runtime.test_disk import Disk, on
from tests.integration.runtime.test_metrics import of


@pytest.fixture
def impatient(worker_settings):
    return worker_settings.model_copy(update={"stall_timeout": 2.0, "block_timeout": 0.7, "effects": 32})


async def never(*_, **__) -> None:
    await asyncio.Event().wait()


async def let_nothing_through(app: App) -> None:
    app.flow_control.suspend()


async def let_fetches_hang(app: App) -> None:
    app.runtime._consumer.getmany = never


async def end_fetching(app: App) -> None:
    await app.runtime._consumer.stop()


async def end_of(app: App) -> BaseException:
    """Return why a stage ended by itself."""
    return await until(lambda: crash_of(app), lambda found: found is not None)


async def crash_of(app: App) -> BaseException | None:
    return app.runtime.crash_reason


async def counted_again(counting: Counting, settings, log: Log, commands: int) -> list[int]:
    """Return the numbers on the log once the restarted stage has counted ``commands`` commands."""
    async with running(Counting(settings, counting.stage.name.removeprefix("counting-")).app):
        return [count.version for count in await log.wait_for(counting.counts, commands)]


async def test_a_stage_whose_agent_never_finishes_ends_and_goes_on_when_started_again(impatient, log: Log):
    counting = await prepared(Forgetful(impatient))
    await log.put(counting.commands, [command("ann", n) for n in range(10)])
    async with running(counting.app):
        reason = await end_of(counting.app)
    assert isinstance(reason, Stalled)
    assert f"{counting.commands.name} in partition 0" in str(reason)
    assert await counted_again(counting, impatient, log, 10) == list(range(1, 11))


async def test_an_agent_that_never_leaves_its_block_is_found_in_the_time_of_a_stall(worker_settings, log: Log):
    patience = {"block_timeout": 3.0, "stall_timeout": 5.0, "retry_pause": 1.5}
    counting = await prepared(Absorbed(worker_settings.model_copy(update=patience)))
    await log.put(counting.commands, [command("ann", n) for n in range(10)])
    async with running(counting.app):
        reason = await until(lambda: crash_of(counting.app), bool, seconds=20)  # it has reopened twice or thrice
    assert isinstance(reason, Stalled)
    assert f"{counting.commands.name} in partition 0" in str(reason)


async def test_a_stage_whose_disk_can_not_be_read_waits_for_it(worker_settings, log: Log):
    counting = await on(ill := Disk(), worker_settings.model_copy(update={"stall_timeout": 2.0, "tick": 60.0}))
    async with running(counting.app):
        ill.ill = True
        await log.put(counting.commands, [command("ann", n) for n in range(10)])
        await until(of(counting.app, "rondo_retries_total"), lambda retries: retries >= 15)  # at 0.2 s each or more
        assert counting.app.runtime.crash_reason is None
        ill.ill = False
        await log.wait_for(counting.counts, 10)


async def test_a_consumer_that_tells_no_position_hides_no_stall(impatient, log: Log):
    counting = await prepared(Forgetful(impatient))
    async with running(counting.app):
        counting.app.runtime._consumer.position = never
        await log.put(counting.commands, [command("ann", n) for n in range(10)])
        assert isinstance(await end_of(counting.app), Stalled)


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (let_nothing_through, "in partition 0"),
        (let_fetches_hang, "its fetch loop"),
        (end_fetching, "its fetch loop"),
    ],
)
async def test_a_stage_in_which_something_hangs_ends_and_goes_on_when_started_again(
    impatient, log: Log, fault: Callable[[App], Awaitable[None]], what: str
):
    counting = await prepared(Counting(impatient))
    async with running(counting.app):
        await log.put(counting.commands, [command("ann", n) for n in range(5)])
        await log.wait_for(counting.counts, 5)
        await fault(counting.app)
        await log.put(counting.commands, [command("ann", n) for n in range(5, 10)])
        reason = await end_of(counting.app)
    assert isinstance(reason, Stalled)
    assert what in str(reason)
    assert await counted_again(counting, impatient, log, 10) == list(range(1, 11))


@pytest.mark.parametrize(("kind", "place"), [("busy", " in count"), ("forgetful", "stuck.fold")])
async def test_a_worker_that_makes_no_progress_ends_with_a_status_and_reports_the_place(
    worker_settings, log: Log, tmp_path: Path, kind: str, place: str
):
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    await log.put(counting.commands, [command("ann", n) for n in range(4)])
    told = tmp_path / "worker.log"
    with told.open("wb") as file:
        parts = (worker_settings.kafka, worker_settings.registry, str(tmp_path / "stuck"))
        arguments = (kind, *parts, name, "stall_timeout=2", "block_timeout=0.7")
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.runtime.stuck", *arguments, cwd=ROOT, stderr=file
        )
        assert await asyncio.wait_for(worker.wait(), 60) == 1
    assert place in told.read_text()
    assert await counted_again(counting, worker_settings, log, 4) == [1, 2, 3, 4]


async def test_a_stage_with_nothing_behind_it_but_the_marker_of_a_commit_does_not_end(impatient, log: Log):
    counting = await prepared(Counting(impatient))
    await log.codec.publish([counting.commands])
    raw = log.codec.encode(counting.commands.name, command("ann", 0))
    producer = AIOKafkaProducer(bootstrap_servers=log.kafka, transactional_id=uuid4().hex)
    async with producer, producer.transaction():
        await producer.send(counting.commands.name, raw, b"ann", 0)
    async with running(counting.app):
        await log.wait_for(counting.counts, 1)
        before = await rounds(counting.app)
        await until(lambda: rounds(counting.app), lambda now: now > before + 40)  # 4 s, at 0.1 s a round
        assert counting.app.runtime.crash_reason is None


def held_back(app: App, effect: Callable[[Context], Awaitable[None]]) -> None:
    """Give a stage far more effects than it begins blocks with."""
    for _ in range(2 * WAITING):
        app.runtime.perform(Effect(effect))


async def test_a_stage_that_waits_for_slow_effects_does_not_end(impatient, log: Log):
    counting = await prepared(Counting(impatient))
    end = asyncio.Event()

    async def slow(_: Context) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(end.wait(), 0.5)

    async with running(counting.app):
        held_back(counting.app, slow)
        await log.put(counting.commands, [command("ann", 0)])
        before = await rounds(counting.app)
        await until(lambda: rounds(counting.app), lambda now: now > before + 40)  # 4 s, at 0.1 s a round
        assert counting.app.runtime.effects.is_behind()
        assert counting.app.runtime.crash_reason is None
        end.set()
        await log.wait_for(counting.counts, 1)


async def test_a_stage_whose_effects_never_end_ends(impatient, log: Log):
    counting = await prepared(Counting(impatient))
    async with running(counting.app):
        held_back(counting.app, never)
        reason = await end_of(counting.app)
    assert isinstance(reason, Stalled)
    assert "its effects" in str(reason)


async def rounds(app: App) -> int:
    return app.runtime.fetches
