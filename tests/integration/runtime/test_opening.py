"""What changes outside the log is noticed when a task is opened: a timer is fired before any record is folded."""

from uuid import uuid4

import pytest

from schemas import ids
from schemas import records as r
from streams.replay import verify
from streams.runtime import Block, failpoints
from streams.runtime.failpoints import Failed, Point
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Log, command, outcome, prepared, running
from tests.integration.runtime.pair import Pair


class Noticing(Pair):
    """A stage that notices the number of its world; each count of a command is of the world that was noticed last."""

    def __init__(self, settings: Settings, name: str, world: int) -> None:
        super().__init__(settings, name)
        self.world = world
        self.noticed = self.stage.table("noticed", r.AuditHead)
        self.stage.on_open(self.look)

    def look(self, block: Block) -> r.Timer | None:
        known = self.noticed.get("world")
        if known and known.sequence == self.world:
            return None
        return r.Timer(ids.derive("world", self.world), "world", "timer", block.now)

    def tick(self, block: Block, timer: r.Timer) -> None:
        block.emit(self.counts, outcome("world", timer.due, timer.id, 0, "timer"))

    def forget(self, _: Block, count: r.CommandOutcome) -> None:
        if count.task == "timer":
            number = next(one for one in range(9) if ids.derive("world", one) == count.command)
            self.noticed["world"] = r.AuditHead(number, count.command)

    def count(self, block: Block, command: r.CompleteTask) -> None:
        world = self.noticed["world"].sequence
        block.emit(self.counts, outcome(command.user, command.at, command.id, world, command.task))


async def holds(noticing: Noticing) -> None:
    report = await verify(noticing.settings, [noticing.topology])
    assert report.differences == [], report.describe()


async def test_it_is_noticed_once_before_the_first_record_and_a_replay_knows_when(worker_settings: Settings, log: Log):
    name = uuid4().hex[:8]
    for number, world in enumerate((1, 1, 2)):
        noticing = await prepared(Noticing(worker_settings, name, world))
        await log.put(noticing.commands, [command("ann", number)])
        async with running(noticing.app):
            await log.wait_for(noticing.counts, noticed(number) + number + 1)
    counts = [count for count in await log.read(noticing.counts) if count.user == "ann"]
    assert [count.version for count in counts] == [1, 1, 2]
    await holds(noticing)


def noticed(number: int) -> int:
    """The number of notices of all partitions by the end of a run."""
    return 2 * (number // 2 + 1)


@pytest.mark.parametrize("point", [Point.FOLDED, Point.BEGUN, Point.PRODUCED, Point.COMMITTED, Point.WRITTEN])
async def test_a_notice_that_was_cut_off_is_there_once(worker_settings: Settings, log: Log, point: Point):
    noticing = await prepared(Noticing(worker_settings, uuid4().hex[:8], 1))
    reached = 0

    async def fail() -> None:
        nonlocal reached
        reached += 1
        if reached == 1:
            raise Failed

    with failpoints.armed(noticing.topology.name, point, fail):
        async with running(noticing.app):
            await log.put(noticing.commands, [command("ann", 0)])
            counts = await log.wait_for(noticing.counts, 3)
    assert reached > 1
    assert sorted(count.user for count in counts) == ["ann", "world", "world"]
    await holds(noticing)
