"""Stages that run as one, on a real broker: one transaction for what a record leads to, and faults of one alone."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from rondo.location import Place
from rondo.operator import resending
from rondo.operator.dead_letters import Became
from rondo.operator.dead_letters import Log as Letters
from schemas import records as r
from schemas.kafka.log_reader import committed
from schemas.topics import DEAD_LETTERS
from streams.replay import verify
from streams.runtime import App, Topology
from streams.runtime.failpoints import Point
from streams.runtime.ownership import OtherGrouping
from tests.integration.runtime.counting import Log, command, numbers, prepared, running, until
from tests.integration.runtime.faults import failing, nothing, passing
from tests.integration.runtime.pair import Pair
from tests.integration.runtime.test_errors import POINTS
from tests.worked import ROOT


async def holds(pair: Pair) -> None:
    report = await verify(pair.settings, [pair.topology])
    assert report.differences == [], report.describe()
    assert not any(part.notes for part in report.parts)


async def test_what_one_stage_can_not_fold_is_its_dead_letter_alone_and_can_be_put_back(worker_settings, log: Log):
    pair = await prepared(Pair(worker_settings))
    async with running(pair.app):
        await log.put(pair.commands, [command("ann", 0)])
        await log.wait_for(pair.told, 1)  # a marker follows, so offsets are no longer what blocks number
        await log.put(pair.commands, [command("ann", n, "untold" if n == 2 else "t") for n in range(1, 4)])
        told = await log.wait_for(pair.told, 3)
    assert numbers(told) == {"ann": [1, 2, 3]}
    assert numbers(await log.read(pair.counts)) == {"ann": [1, 2, 3, 4]}  # the other stage's work is committed
    (dead,) = [d for d in await log.read(DEAD_LETTERS) if d.stage in {pair.stage.name, pair.telling.name}]
    (untold,) = [raw async for raw in committed(log.kafka, pair.counts.name) if raw.value == dead.value]
    assert (dead.stage, dead.topic, dead.partition, dead.offset) == (
        pair.telling.name,
        pair.counts.name,
        0,
        untold.offset,
    )
    await holds(pair)

    mended = Pair(worker_settings, pair.name, mended=True)
    place = Place({"kafka": worker_settings.kafka, "registry": worker_settings.registry})
    async with Letters.of(place, [mended.topology]) as letters, running(mended.app):

        async def own() -> list[Became]:
            return [one.became for one in await letters.dead_letters() if one.stage == pair.telling.name]

        (sick,) = [one for one in await letters.dead_letters() if one.stage == pair.telling.name]
        await resending.send(letters, worker_settings.kafka, [sick, sick])
        await until(own, lambda found: found == [Became.PUT_BACK])
        await log.put(pair.commands, [command("ann", 4)])
        told = await log.wait_for(pair.told, 5)
    assert numbers(told) == {"ann": [1, 2, 3, 4, 5]}
    assert [one.command for one in told] == [command("ann", n).id for n in (0, 1, 3, 2, 4)]
    assert numbers(await log.read(pair.counts)) == {"ann": [1, 2, 3, 4, 5]}
    report = await verify(worker_settings, [mended.topology])
    assert report.differences == [], report.describe()


async def test_a_timers_notice_and_what_it_leads_to_are_one_transaction_and_one_recorded_block(
    worker_settings, log: Log
):
    pair, now = await prepared(Pair(worker_settings)), [1_000]
    pair.app.now = lambda: now[0]
    await log.put(pair.commands, [command("ann", n, "500") for n in range(3)])
    async with running(pair.app):
        await log.wait_for(pair.told, 3)
        with failing(pair.topology.name, Point.CHANGELOGGED) as failed:
            now[0] = 1_500
            await asyncio.wait_for(failed.wait(), 20)
            assert len(await log.read(pair.counts)) == 3  # neither the notices nor what they lead to
        told = await log.wait_for(pair.told, 6)
    with passing(pair.topology.name, Point.FETCHED, nothing) as blocks:
        again = Pair(worker_settings, pair.name)
        again.app.now = pair.app.now
        async with running(again.app):  # nothing of it is folded again
            await log.put(pair.commands, [command("ann", 3)])
            assert len(await log.wait_for(pair.told, 7)) == 7
    assert len(blocks) == 1
    assert [one.task for one in told] == ["500"] * 3 + ["timer"] * 3
    notices = [raw async for raw in committed(log.kafka, pair.counts.name)][3:6]
    recorded = [block for block in await log.read(pair.topology.blocks) if block.topic == pair.counts.name]
    assert [(block.first, block.last, block.records) for block in recorded] == [
        (notices[0].offset, notices[-1].offset, 3)
    ]
    await holds(pair)


@pytest.mark.parametrize("first", ["together", "alone"])
async def test_a_log_of_another_grouping_is_refused_before_anything_is_written(worker_settings, log: Log, first: str):
    pair = await prepared(Pair(worker_settings))
    together, alone = pair.topology, Topology.of(pair.telling)
    written, refused = (together, alone) if first == "together" else (Topology.of(pair.stage), together)
    await log.put(pair.commands, [command("ann", 0)])
    async with running(App(written, worker_settings)):
        counts = await log.wait_for(pair.told if first == "together" else pair.counts, 1)

    async def why() -> str:
        return " ".join(other.closed())

    other = App(refused, worker_settings)
    await other.start()
    try:
        said = await until(why, lambda found: "no state of the topology" in found)
    finally:
        await other.stop()
    topic = pair.told if first == "together" else pair.counts
    assert f"There are records on {topic.name}, but no state of the topology {refused.name}: its stages were" in said
    assert await log.read(topic) == counts
    assert refused.blocks
    assert await log.read(refused.changelog) == await log.read(refused.blocks) == []


async def test_a_state_of_other_stages_is_refused_though_its_topology_has_the_same_name(worker_settings, log: Log):
    pair = await prepared(Pair(worker_settings))
    await log.put(pair.commands, [command("ann", 0)])
    async with running(pair.app):
        before = await log.wait_for(pair.counts, 1)
    fewer = App(Topology(pair.topology.name, (pair.stage,)), worker_settings)

    async def why() -> str:
        return " ".join(fewer.closed())

    await log.put(pair.commands, [command("ann", 1)])
    await fewer.start()
    try:
        of = f"The state of the topology {pair.topology.name} is that of {pair.stage.name}, {pair.telling.name}: "
        assert of in await until(why, lambda found: "is that of" in found)
    finally:
        await fewer.stop()
    assert await log.read(pair.counts) == before


async def test_a_state_of_a_version_that_did_not_group_stages_is_refused(owner, log: Log):
    one = owner("a")
    changelog = one.counting.topology.changelog
    await log.codec.publish([changelog])
    earlier = log.codec.encode(changelog.name, r.Position({one.counting.commands.name: 3}))
    await log.producer.send_and_wait(changelog.name, earlier, b"position\0", partition=0)
    with pytest.raises(OtherGrouping, match=r"was written by an earlier version of Rondo: its stages were grouped"):
        await one.open()
    await one.store.close()


async def test_an_error_at_any_point_of_a_block_of_two_stages_loses_and_doubles_nothing(worker_settings, log: Log):
    pair = await prepared(Pair(worker_settings.model_copy(update={"block_records": 10})))
    async with running(pair.app):
        for turn, point in enumerate(POINTS):
            with failing(pair.topology.name, point) as failed:
                await log.put(pair.commands, [command("ann", 20 * turn + n, "1") for n in range(20)])
                await asyncio.wait_for(failed.wait(), 20)
        await log.wait_for(pair.told, 2 * 20 * len(POINTS))
    each_once(await log.read(pair.counts), await log.read(pair.told), 20 * len(POINTS))
    await holds(pair)


KILLED = [Point.FENCING, Point.FENCED, Point.RESTORED, *POINTS]


@pytest.mark.deep
async def test_a_worker_of_two_stages_killed_at_any_point_goes_on_exactly_once(
    worker_settings, log: Log, tmp_path: Path
):
    pair = await prepared(Pair(worker_settings.model_copy(update={"data": tmp_path / "killed"})))
    for turn, point in enumerate(KILLED):
        await log.put(pair.commands, [command("ann", 5 * turn + n, "1") for n in range(5)])
        parts = (worker_settings.kafka, worker_settings.registry, str(pair.settings.data), pair.name)
        killed = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.integration.runtime.pair", *parts, f"{pair.topology.name}:{point.value}:kill"),
            cwd=ROOT,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await asyncio.wait_for(killed.wait(), 60) == -signal.SIGKILL, point
    async with running(pair.app):
        await log.wait_for(pair.told, 2 * 5 * len(KILLED), 60)
    each_once(await log.read(pair.counts), await log.read(pair.told), 5 * len(KILLED))
    await holds(pair)


def each_once(counts: list[r.CommandOutcome], told: list[r.CommandOutcome], commands: int) -> None:
    """Each command has a count and a timer's notice, and the second stage emits one record for each, in order."""
    assert numbers([one for one in counts if one.task != "timer"]) == {"ann": list(range(1, commands + 1))}
    assert len({one.command for one in counts if one.task == "timer"}) == len(counts) - commands == commands
    assert [(one.command, one.task) for one in told] == [(one.command, one.task) for one in counts]
    assert numbers(told) == {"ann": list(range(1, 2 * commands + 1))}
