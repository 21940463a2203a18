"""A state that was written before a table had an index is indexed when it is opened, in bounded blocks."""

from collections.abc import Iterator
from contextlib import nullcontext
from uuid import uuid4

import pytest

from schemas import records as r
from schemas.kafka.log_reader import committed
from streams.replay import Report, verify
from streams.runtime import Block, failpoints
from streams.runtime.failpoints import Failed, Point
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, prepared, running

USERS = [f"user-{number:02}" for number in range(23)]
PARITIES = ("even", "odd")


class Indexed(Counting):
    """A stage that has the last commands of users by whether their number is even, and emits how many there are."""

    def __init__(self, settings: Settings, name: str) -> None:
        super().__init__(settings, name)
        self.by_parity = self.stage.index("parities")
        self.seen: list[list[str]] = []
        """The index as each command has found it."""
        self.stage.backfill(self.by_parity, self.heads)(self.put)

    def put(self, head: r.AuditHead) -> None:
        self.by_parity.add(parity(head), head.hash)

    def count(self, block: Block, command: r.CompleteTask) -> None:
        self.seen.append(self.names())
        if before := self.heads.get(command.user):
            self.by_parity.remove(parity(before), before.hash)
        super().count(block, command)
        self.put(self.heads[command.user])

    def names(self) -> list[str]:
        return [name for one in PARITIES for name in self.by_parity.names(one, 1_000)]


def parity(head: r.AuditHead) -> str:
    return PARITIES[head.sequence % 2]


async def verified(counting: Counting) -> Report:
    return await verify(counting.settings, [counting.topology])


def lasts(numbers: Iterator[int] | range) -> list[str]:
    """The last commands of the users, of which each has sent these."""
    last = [*numbers][-1]
    return sorted(command(user, last).id for user in USERS)


@pytest.fixture
async def earlier(worker_settings: Settings, log: Log) -> Counting:
    """A stage without the index, which has counted, and is stopped."""
    counting = await prepared(Counting(worker_settings, uuid4().hex[:8]))
    await log.put(counting.commands, [command(user, number) for number in range(3) for user in USERS])
    async with running(counting.app):
        await log.wait_for(counting.counts, 3 * len(USERS))
    return counting


def upgraded(earlier: Counting, **settings: int) -> Indexed:
    """The stage as a later version declares it."""
    fitted = earlier.settings.model_copy(update={"block_records": 4, **settings})
    return Indexed(fitted, earlier.stage.name.removeprefix("counting-"))


async def test_a_state_without_an_index_is_indexed_before_the_first_record_is_folded(earlier: Counting, log: Log):
    later = upgraded(earlier)
    await log.codec.publish(later.topology.topics)
    assert not (await verified(later)).differences, "It is verified before a worker has opened it, too."
    await log.put(later.commands, [command(USERS[0], 3)])
    async with running(later.app):
        await log.wait_for(later.counts, 3 * len(USERS) + 1)
    assert sorted(later.seen[-1]) == lasts(range(3))
    report = await verified(later)
    assert report.differences == [], report.describe()
    assert sum(part.kept for part in report.parts) > 2 * len(USERS)


@pytest.mark.parametrize("point", [Point.FOLDED, Point.PRODUCED, Point.CHANGELOGGED, Point.COMMITTED, Point.WRITTEN])
async def test_an_index_whose_building_was_cut_off_is_built_on_from_there(earlier: Counting, log: Log, point: Point):
    later, reached = upgraded(earlier), 0

    async def fail() -> None:
        nonlocal reached
        reached += 1
        if reached in {3, 5}:
            raise Failed

    await log.put(later.commands, [command(USERS[0], 3)])
    with failpoints.armed(later.topology.name, point, fail):
        async with running(later.app):
            await log.wait_for(later.counts, 3 * len(USERS) + 1)
    assert reached > 5
    assert sorted(later.seen[-1]) == lasts(range(3))
    assert not (await verified(later)).differences


@pytest.mark.parametrize("point", [None, Point.FOLDED, Point.COMMITTED], ids=str)
async def test_an_index_that_an_earlier_version_left_stale_is_built_again(
    earlier: Counting, log: Log, point: Point | None
):
    later, counts, reached = upgraded(earlier), 3 * len(USERS), 0
    async with running(later.app):
        await log.put(later.commands, [command(USERS[0], 3)])
        await log.wait_for(later.counts, counts + 1)
    again = Counting(earlier.settings, earlier.stage.name.removeprefix("counting-"))
    async with running(again.app):
        await log.put(again.commands, [command(user, 3) for user in USERS[1:]])
        await log.wait_for(again.counts, counts + len(USERS))

    async def fail() -> None:
        nonlocal reached
        reached += 1
        if reached in {2, 5, 9}:
            raise Failed

    later = upgraded(earlier)
    await log.codec.publish(later.topology.topics)
    assert not (await verified(later)).differences, "It is verified before a worker has opened it, too."
    await log.put(later.commands, [command(USERS[0], 4)])
    with failpoints.armed(later.topology.name, point or Point.FOLDED, fail) if point else nullcontext():
        async with running(later.app):
            await log.wait_for(later.counts, counts + len(USERS) + 1)
    assert sorted(later.seen[-1]) == lasts(range(4))
    report = await verified(later)
    assert report.differences == [], report.describe()


async def test_an_index_is_built_once(earlier: Counting, log: Log):
    blocks: list[int] = []
    for number in (3, 4):
        later = upgraded(earlier)
        await log.codec.publish(later.topology.topics)
        async with running(later.app):
            await log.put(later.commands, [command(USERS[0], number)])
            await log.wait_for(later.counts, 3 * len(USERS) + number - 2)
        [backfill] = later.topology.backfills
        written = [raw.key async for raw in committed(log.kafka, later.topology.changelog_name)]
        blocks.append(written.count(backfill.cursor))
    assert blocks == [len(USERS) // 4 + 1 + 1] * 2, "One for each four users, and one in the empty partition."
