"""The figures of a stage that works on a real broker."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from uuid import uuid4

from prometheus_client.parser import text_string_to_metric_families

from streams.runtime import App
from streams.runtime.effects import Effect
from streams.runtime.exposition import exposition
from streams.runtime.failpoints import Point, armed
from tests.integration.runtime.counting import Counting, Log, command, prepared, running, until
from tests.integration.runtime.stuck import Forgetful
from tests.unit.test_metrics import LISTED


def figures(app: App) -> dict[tuple[str, ...], float]:
    """Return a stage's figures by name and the values of the other labels, in their order."""
    found = {}
    for family in text_string_to_metric_families(exposition([app]).decode()):
        for sample in family.samples:
            labels = dict(sample.labels)
            if labels.pop("stage", None) == app.topology.name:
                found[sample.name, *(value for _, value in sorted(labels.items()))] = sample.value
    return found


def of(app: App, *name: str) -> Callable[[], Awaitable[float]]:
    async def look() -> float:
        return figures(app)[name]

    return look


async def fail() -> None:
    raise ConnectionError


async def test_a_stage_reports_what_it_did_and_its_state(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    commands = [command("ann", n, "poison" if n == 7 else "t") for n in range(20)]
    await log.put(counting.commands, [*commands, b"no avro"])
    async with running(counting.app):
        await log.wait_for(counting.counts, 19)
        await until(of(counting.app, "rondo_records_total", counting.commands.name), lambda n: n == 21)
        await until(of(counting.app, "rondo_lag_records", "0", counting.commands.name), lambda n: n == 0)
        told = figures(counting.app)
    assert told["rondo_output_records_total", counting.counts.name] == 19
    assert told["rondo_dead_letters_total",] == 2
    assert told["rondo_refused_blocks_total",] == 0
    assert told["rondo_block_records_sum",] == 21
    assert (
        told["rondo_fold_seconds_count",] == told["rondo_commit_seconds_count",] == told["rondo_block_records_count",]
    )
    assert told["rondo_commit_seconds_sum",] > 0
    assert told["rondo_block_bytes_sum",] > 0
    assert told["rondo_position", "0", counting.commands.name] == 21
    assert told["rondo_position_age_seconds", "0", counting.commands.name] == 0
    assert (told["rondo_partitions", "assigned"], told["rondo_partitions", "open"]) == (2, 2)


async def test_every_figure_has_the_labels_that_are_explained(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.app):
        families = list(text_string_to_metric_families(exposition([counting.app]).decode()))
    labels = {s.name: {*s.labels} - {"le"} for f in families for s in f.samples if s.name.startswith("rondo_")}
    for name, kind, listed in LISTED:
        told = labels[f"{name}_sum" if kind == "histogram" else name]
        assert told == set(listed.split(", ")) - {"none"}


async def test_a_stage_that_is_behind_tells_by_how_much(worker_settings, log: Log):
    counting = await prepared(Forgetful(worker_settings))
    counting.app.now = lambda: 61_000
    await log.put(counting.commands, [command("ann", n, at=1_000) for n in range(10)])
    async with running(counting.app):
        await until(of(counting.app, "rondo_lag_records", "0", counting.commands.name), lambda lag: lag == 10)
        assert figures(counting.app)["rondo_lag_records", "1", counting.commands.name] == 0


async def test_a_timer_counts_as_pending_until_it_is_removed_whatever_happens_to_the_disk(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    counting.app.now = lambda: 1_000
    due = [command("ann", n, task="5000") for n in range(30)]
    await log.put(counting.commands, [*due, due[0]])  # the same timer again
    async with running(counting.app):
        await log.wait_for(counting.counts, 31)
        await until(of(counting.app, "rondo_timers_pending", "0"), lambda pending: pending == 30)
    again = Counting(worker_settings, name)
    again.app.now = counting.app.now
    async with running(again.app):
        assert figures(again.app)["rondo_timers_pending", "0"] == 30
    shutil.rmtree(worker_settings.data / "state")
    restored = Counting(worker_settings, name)
    restored.app.now = counting.app.now
    async with running(restored.app):
        assert figures(restored.app)["rondo_timers_pending", "0"] == 30
        assert figures(restored.app)["rondo_restored_records", "0"] > 30
        assert figures(restored.app)["rondo_restore_remaining_records", "0"] == 0


async def test_a_late_timer_says_how_late_it_is(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    now = [1_000]
    counting.app.now = lambda: now[0]
    await log.put(counting.commands, [command("ann", 0, task="500")])
    async with running(counting.app):
        await log.wait_for(counting.counts, 1)
        now[0] = 4_500
        await log.wait_for(counting.counts, 2)
        await until(of(counting.app, "rondo_timer_lateness_seconds_count"), lambda taken: taken == 1)
        assert figures(counting.app)["rondo_timer_lateness_seconds_sum",] == 3


async def test_effects_are_counted_while_they_run_and_when_they_end(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    end = asyncio.Event()

    async with running(counting.app):
        for effect in (lambda _: end.wait(), lambda _: fail()):
            counting.app.runtime.perform(Effect(effect))
        await until(of(counting.app, "rondo_effects_total", "failed"), lambda failed: failed == 1)
        assert figures(counting.app)["rondo_effects_running",] == 1
        end.set()
        await until(of(counting.app, "rondo_effects_running"), lambda left: left == 0)
        assert figures(counting.app)["rondo_effects_total", "done"] == 1


async def test_what_goes_wrong_outside_the_records_is_counted_as_a_retry(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.app):
        with armed(counting.stage.name, Point.BEGUN, fail):
            await log.put(counting.commands, [command("ann", 0)])
            await until(of(counting.app, "rondo_retries_total"), lambda retries: retries == 1)
        await log.wait_for(counting.counts, 1)


async def test_no_block_adds_to_effects_while_very_many_wait(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    end = asyncio.Event()
    async with running(counting.app):
        runtime = counting.app.runtime
        while not runtime.effects.is_behind():
            runtime.perform(Effect(lambda _: end.wait()))
            await asyncio.sleep(0)
        await log.put(counting.commands, [command("ann", 0)])
        await until(of(counting.app, "rondo_lag_records", "0", counting.commands.name), lambda lag: lag == 1)
        assert figures(counting.app)["rondo_records_total", counting.commands.name] == 0
        end.set()
        await log.wait_for(counting.counts, 1)
