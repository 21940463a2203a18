"""A log goes on with its stages grouped otherwise, on a real broker: nothing is lost, doubled or out of order."""

from collections.abc import Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from msgspec.structs import replace

from common import clock as real
from rondo.location import Place
from rondo.operator import resending
from rondo.operator.dead_letters import Became
from rondo.operator.dead_letters import Log as Letters
from schemas import records as r
from schemas.kafka.log_reader import committed
from schemas.topics import DEAD_LETTERS
from streams.progress import positions
from streams.regrouping import NotRegroupable, regroup
from streams.replay import LogPosition, NotAPosition, Scope, replay, verify
from streams.runtime import App, Block, Stage, Topology
from streams.runtime.failpoints import Failed, Point
from streams.runtime.ownership import OtherGrouping
from tests.integration.runtime.counting import Log, command, numbers, prepared, running, until
from tests.integration.runtime.faults import failing
from tests.integration.runtime.pair import Pair

REGROUPING = "rondo-regrouping"


class Clock:
    """The time of workers, in milliseconds."""

    def __init__(self) -> None:
        self.now = real.now()


class Lucky(Pair):
    """A pair whose timers all fire."""

    def tick(self, block: Block, timer: r.Timer) -> None:
        super().tick(block, replace(timer, subject="14"))


def alone(pair: Pair) -> list[Topology]:
    return [Topology.of(pair.stage), Topology.of(pair.telling)]


def swapped(pair: Pair) -> list[Topology]:
    """Both, of which each has the name that another topology has when they are alone."""
    return [Topology(pair.telling.name, (pair.stage, pair.telling))]


@asynccontextmanager
async def working(pair: Pair, topologies: Sequence[Topology], clock: Clock):
    """Run these topologies, a worker for each."""
    async with AsyncExitStack() as stack:
        for one in topologies:
            app = App(one, pair.settings)
            app.now = lambda: clock.now
            await stack.enter_async_context(running(app))
        yield


async def holds(pair: Pair, topologies: Sequence[Topology]) -> int:
    """Nothing differs from the log; return how many records were folded."""
    report = await verify(pair.settings, topologies, [pair.stage, pair.telling])
    assert report.differences == [], report.describe()
    assert not any(part.undecided for part in report.parts), report.describe()
    return sum(part.records for part in report.parts)


async def refused(pair: Pair, topology: Topology) -> str:
    """Return why a worker of a topology opens nothing, and what a start of the stack says."""
    with pytest.raises(OtherGrouping) as said:
        await positions.check(pair.settings.kafka, pair.settings.registry, "", [topology])
    app = App(topology, pair.settings)

    async def why() -> str:
        return " ".join(app.closed())

    await app.start()
    try:
        await until(why, lambda found: str(said.value) in found)
    finally:
        await app.stop()
    return str(said.value)


async def test_a_log_goes_on_together_and_alone_by_turns_as_if_it_had_never_been_regrouped(worker_settings, log: Log):
    pair, clock, said = await prepared(Pair(worker_settings)), Clock(), 0
    groupings = [[pair.topology], alone(pair), swapped(pair), [pair.topology]]
    for turn, topologies in enumerate(groupings):
        if turn:
            await regroup(pair.settings, topologies)  # which verifies all that went before
        async with working(pair, topologies, clock):
            timer = str(1_500)  # fires in the next grouping: nobody looks at the clock until then
            await log.put(pair.commands, [command("ann", 3 * turn + n, timer, clock.now) for n in range(3)])
            said += 3 if turn == 0 else 6
            counts, told = await log.wait_for(pair.counts, said), await log.wait_for(pair.told, said)
        clock.now += 2_000
        assert len({(one.command, one.task) for one in counts}) == len(counts) == said
        assert sorted(one.task for one in counts) == [timer] * (3 * (turn + 1)) + ["timer"] * (3 * turn)
        assert numbers([one for one in counts if one.task != "timer"]) == {"ann": [*range(1, 3 * turn + 4)]}
        assert numbers(told) == {"ann": [*range(1, said + 1)]}
        assert [(one.command, one.task) for one in told] == [(one.command, one.task) for one in counts]
    assert await regroup(pair.settings, groupings[-1]) == []
    assert await holds(pair, groupings[-1]) >= said


async def test_a_dead_letter_of_before_is_put_back_after(worker_settings, log: Log):
    pair, clock = await prepared(Pair(worker_settings)), Clock()
    async with working(pair, [pair.topology], clock):
        await log.put(pair.commands, [command("ann", 0, "13"), command("ann", 1, "untold")])
        await log.wait_for(pair.counts, 2)
        clock.now += 1_000
        names = {pair.stage.name, pair.telling.name}

        async def dead() -> list[str]:
            return sorted(one.stage for one in await log.read(DEAD_LETTERS) if one.stage in names)

        assert await until(dead, lambda found: len(found) == 2) == sorted(names)  # a timer, and a record handed on
    mended = Lucky(worker_settings, pair.name, mended=True)
    await regroup(worker_settings, alone(mended))
    place = Place({"kafka": worker_settings.kafka, "registry": worker_settings.registry})
    async with working(mended, alone(mended), clock), Letters.of(place, alone(mended)) as letters:

        async def own() -> list[Became]:
            return [one.became for one in await letters.dead_letters() if one.stage in names]

        sick = [one for one in await letters.dead_letters() if one.stage in names]
        await resending.send(letters, worker_settings.kafka, sick)
        await until(own, lambda found: found == [Became.PUT_BACK] * 2)
        told = await log.wait_for(pair.told, 3)
    assert sorted(one.task for one in told) == ["13", "timer", "untold"]


def points(former: Topology, wanted: Sequence[Topology]) -> list[tuple[str, Point]]:
    """Every point that a regrouping passes, in its order."""
    opening = [Point.FENCING, Point.FENCED, Point.RESTORED]
    writing = [Point.BEGUN, Point.PRODUCED, Point.CHANGELOGGED, Point.COMMITTED, Point.WRITTEN]
    own = [(one.name, point) for one in (former, *wanted) for point in (*opening, *writing)]
    return [*own, *((REGROUPING, point) for point in (Point.BEGUN, Point.CHANGELOGGED, Point.COMMITTED))]


FROZEN = 6
"""The number of the point at which the first partition has been frozen."""
LAST = 25
"""That of the point at which all is done but to commit."""
POINTS = 27
NUMBERS = [LAST, *(pytest.param(number, marks=pytest.mark.deep) for number in range(POINTS) if number != LAST)]


@pytest.mark.parametrize("number", NUMBERS)
async def test_a_regrouping_that_fails_at_any_point_is_finished_by_the_next(worker_settings, log: Log, number: int):
    """Into the same grouping, or into the former one: then it is as if it had not begun."""
    pair, clock, now = await prepared(Pair(worker_settings)), Clock(), 1
    together, apart = [pair.topology], alone(pair)
    name, point = points(pair.topology, apart)[number]
    await counted_on(pair, log, clock, together, now)
    with failing(name, point), pytest.raises(Failed):
        await regroup(pair.settings, apart, verified=False)
    if (name, point) == (REGROUPING, Point.COMMITTED):
        assert await regroup(pair.settings, apart) == []
    else:
        if number >= FROZEN:
            assert "has not ended" in await refused(pair, together[0])
        if number % 2:
            await regroup(pair.settings, together, verified=False)
            await counted_on(pair, log, clock, together, now := now + 1)
        await regroup(pair.settings, apart)
    await counted_on(pair, log, clock, apart, now := now + 1)
    assert "were regrouped: set RONDO_TOPOLOGIES to" in await refused(pair, together[0])
    await regroup(pair.settings, together, verified=False)
    await counted_on(pair, log, clock, together, now + 1)
    await holds(pair, together)


def test_every_point_of_a_regrouping_has_its_number(worker_settings):
    pair = Pair(worker_settings)
    assert len(points(pair.topology, alone(pair))) == POINTS


async def counted_on(pair: Pair, log: Log, clock: Clock, topologies: Sequence[Topology], commands: int) -> None:
    """Run these, and let them count one more: ``commands`` altogether."""
    async with working(pair, topologies, clock):
        await log.put(pair.commands, [command("ann", commands)])
        assert numbers(await log.wait_for(pair.told, commands)) == {"ann": [*range(1, commands + 1)]}


async def test_what_can_not_be_regrouped_is_refused_and_nothing_is_changed(worker_settings, log: Log):
    pair, clock = await prepared(Pair(worker_settings)), Clock()
    apart = alone(pair)
    async with working(pair, apart[:1], clock):
        await log.put(pair.commands, [command("ann", n) for n in range(3)])
        await log.wait_for(pair.counts, 3)
    async with working(pair, apart[1:], clock):
        await log.wait_for(pair.told, 3)
    async with working(pair, apart[:1], clock):
        await log.put(pair.commands, [command("ann", 3)])
        await log.wait_for(pair.counts, 4)
        short = pair.settings.model_copy(update={"session_timeout": 0.1})
        behind = rf"The stage {pair.telling.name} has not read {pair.counts.name}/0 from \d+ on\. Group the stages as"
        with pytest.raises(NotRegroupable, match=behind):
            await regroup(short, [pair.topology])
        with pytest.raises(NotRegroupable, match=rf"Workers of the topology {pair.stage.name} run: stop them"):
            await regroup(short, renamed(pair))
    async with working(pair, apart, clock):  # nothing of it was frozen
        assert numbers(await log.wait_for(pair.told, 4)) == {"ann": [1, 2, 3, 4]}
    await regroup(pair.settings, [pair.topology])
    changelog = pair.topology.changelog
    await log.codec.publish([changelog])
    planted = log.codec.encode(changelog.name, r.AuditHead(99, "planted"))
    await log.producer.send_and_wait(changelog.name, planted, pair.heads.prefix + b"ann", partition=0)
    with pytest.raises(
        NotRegroupable, match=r"The state is not what the log leads to\. .*heads ann: .* it is 'planted'"
    ):
        await regroup(pair.settings, apart)


def renamed(pair: Pair) -> list[Topology]:
    """Both alone, under other names."""
    return [Topology(f"{one.name}-renamed", (one,)) for one in (pair.stage, pair.telling)]


async def test_a_replay_shows_each_moment_of_a_log_that_was_regrouped(worker_settings, log: Log):
    pair, clock = await prepared(Pair(worker_settings)), Clock()
    apart = alone(pair)
    for turn, topologies in enumerate(([pair.topology], apart)):
        if turn:
            await regroup(pair.settings, topologies)
        await counted_on_by(pair, log, clock, topologies, 2 * turn)
    stages = [pair.stage, pair.telling]
    record = [raw.offset async for raw in committed(log.kafka, pair.commands.name)]
    handed = [raw.offset async for raw in committed(log.kafka, pair.counts.name)]

    async def count(stage: Stage, until: str = "", since: str = "") -> list[int]:
        begin, end = (LogPosition.parsed(text) if text else None for text in (since, until))
        [topology] = [one for one in apart if one.stage(stage.name)]
        found = replay(pair.settings, topology, stage.name, Scope(None, begin, end), stages)
        return [entry["value"]["sequence"] async for entry in found if entry["table"] in {"heads", "last"}]

    commands, counts = pair.commands.name, pair.counts.name
    assert [await count(pair.stage, f"{commands}/0/{at}") for at in record] == [[], [1], [2], [3]]
    assert await count(pair.telling, f"{counts}/0/{handed[3]}") == [3]
    assert await count(pair.telling) == await count(pair.telling, since=f"{commands}/0/0") == [4]
    assert await count(pair.stage, since=f"{commands}/0/{record[3]}") == [4]
    with pytest.raises(NotAPosition, match=rf"does not read {counts}: name a record of {commands}"):
        await count(pair.telling, f"{counts}/0/{handed[1]}")  # it was handed on within a block


async def counted_on_by(pair: Pair, log: Log, clock: Clock, topologies: Sequence[Topology], before: int) -> None:
    async with working(pair, topologies, clock):
        await log.put(pair.commands, [command("ann", before + n) for n in range(2)])
        await log.wait_for(pair.told, before + 2)
