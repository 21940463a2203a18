"""Who owns a partition: two owners meet at every point, and every block is committed once."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaProducer

from streams.runtime.failpoints import Point
from tests.integration.runtime.counting import Log, outcome
from tests.integration.runtime.faults import pausing
from tests.integration.runtime.owner import Owner

Make = Callable[..., Owner]


async def numbers(owner: Owner, log: Log) -> list[int]:
    """Return the numbers on the log: 1, 2, 3 … where every owner knew all that was committed before it."""
    return [count.version for count in await log.read(owner.counting.counts)]


async def owns_alone(new: Owner, old: Owner, log: Log) -> None:
    assert await new.next()
    assert not await old.next()
    found = await numbers(new, log)
    assert found == list(range(1, len(found) + 1))
    assert new.kept("ann") == len(found)


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("point", [Point.FENCING, Point.RESTORED])
async def test_an_old_owner_between_two_blocks_while_a_new_one_opens_doubles_nothing(
    owner: Make, log: Log, point: Point, turn: int
):
    old, new = await owner("a").open(), owner("b")
    for _ in range(1 + turn):
        await old.next()
    with pausing(old.stage, point) as opening:
        opened = asyncio.create_task(new.open())
        await opening.reached()
        await old.next()
    await opened
    await owns_alone(new, old, log)


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("point", [Point.FENCING, Point.RESTORED])
@pytest.mark.parametrize("within", [Point.BEGUN, Point.CHANGELOGGED])
async def test_an_old_owner_within_a_block_while_a_new_one_opens_doubles_nothing(
    owner: Make, log: Log, within: Point, point: Point, turn: int
):
    old, new = await owner("a").open(), owner("b")
    for _ in range(1 + turn):
        await old.next()
    with pausing(old.stage, point) as opening, pausing(old.stage, within) as block:
        committed = asyncio.create_task(old.next())
        await block.reached()
        opened = asyncio.create_task(new.open())
        await opening.reached()
        block.go()
        if await committed:
            await old.next()
    await opened
    await owns_alone(new, old, log)


@pytest.mark.parametrize("between", [0, 1, 2])
async def test_of_two_owners_whose_openings_interleave_one_at_most_commits(owner: Make, log: Log, between: int):
    first, second = owner("a"), owner("b")
    with pausing(first.stage, Point.FENCING) as opening:
        opened = asyncio.create_task(first.open())
        await opening.reached()
        await second.open()
        for _ in range(between):
            await second.next()
    await opened
    for each in (first, second, first, second):
        await each.next()
    found = await numbers(first, log)
    assert found == list(range(1, len(found) + 1))
    third = await owner("c").open()
    assert await third.next()


@pytest.mark.parametrize(("number", "committed"), [(0, [False]), (1, [True, False])])
async def test_blocks_are_committed_by_two_producers_in_turn_the_first_by_the_first(
    owner: Make, log: Log, number: int, committed: list[bool]
):
    hold = await owner("a").open()
    transactional_id = f"rondo-{hold.stage}-0-{number}"
    async with AIOKafkaProducer(bootstrap_servers=log.kafka, transactional_id=transactional_id):  # fences one of two
        assert [await hold.next() for _ in committed] == committed


async def test_a_dead_workers_open_transaction_is_aborted_soon(owner: Make, log: Log):
    dead = owner("a", transaction_timeout=1.0)
    await dead.open()
    with pausing(dead.stage, Point.CHANGELOGGED) as block:
        task = asyncio.create_task(dead.next())
        await block.reached()
        await log.put(dead.counting.counts, [outcome("bob", 1, "c", 7, "t")])
        await log.wait_for(dead.counting.counts, 1, 5)
        task.cancel()


async def test_a_changelog_with_nothing_but_an_aborted_block_restores_nothing(owner: Make, log: Log):
    old, new = await owner("a").open(), owner("b")
    with pausing(old.stage, Point.CHANGELOGGED) as block:
        committing = asyncio.create_task(old.next())
        await block.reached()
        await new.open()
    assert not await committing
    assert new.kept("ann") is None
    assert set(new.positions.values()) == {0}
