"""What `rondo tail` shows of topics on a real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from rondo.location import Place
from rondo.operator.records import Decoded
from rondo.operator.tail import TailQuery, UnknownTopic, tail
from schemas import names
from schemas.topics import DEAD_LETTERS
from tests.integration.runtime.counting import PARTITIONS, Counting, Log, command, prepared, running


@pytest.fixture
def place(worker_settings) -> Place:
    return Place({"kafka": worker_settings.kafka, "registry": worker_settings.registry})


async def all_of(place: Place, topic: str, last: int | None = None, **wanted: Any) -> list[Decoded]:
    """Return the records of a topic."""
    return [record async for record in tail(place, TailQuery(topic, last, follow=False, **wanted))]


async def put_for(log: Log, counting: Counting, user: str, numbers: range, **fields: Any) -> None:
    """Put a user's commands where they belong."""
    commands = [command(user, n, **fields) for n in numbers]
    await log.put(counting.commands, commands, names.partition_of(user, PARTITIONS))


async def test_a_record_is_shown_with_its_place_its_time_its_key_its_type_and_its_value(
    worker_settings, place, log: Log
):
    counting = await prepared(Counting(worker_settings))
    await put_for(log, counting, "ann", range(1))
    [record] = await all_of(place, counting.commands.name)
    assert (record.offset, record.key, record.kind, record.value["user"]) == (0, "ann", "CompleteTask", "ann")
    assert record.line().startswith(f"{counting.commands.name}/{record.partition}/0  ")
    assert f'"id":"{command("ann", 0).id}"' in record.json()


async def test_the_last_records_of_all_partitions_are_shown_in_the_order_of_time(worker_settings, place, log: Log):
    counting = await prepared(Counting(worker_settings))
    for number, partition in enumerate((0, 1, 1, 0)):
        await log.put(counting.commands, [command("ann", number)], partition)
        await asyncio.sleep(0.002)  # so that each has a time of its own, in ms
    shown = await all_of(place, counting.commands.name, last=3)
    assert [(record.partition, record.offset) for record in shown] == [(1, 0), (1, 1), (0, 1)]


async def test_only_a_users_records_are_shown_also_of_state(worker_settings, place, log: Log):
    counting = await prepared(Counting(worker_settings))
    for user in ("ann", "bob", "cid", "dan"):
        await put_for(log, counting, user, range(5), task="60000")
    async with running(counting.app):
        await log.wait_for(counting.counts, 20)
    of_commands = await all_of(place, counting.commands.name, user="ann")
    assert [record.key for record in of_commands] == ["ann"] * 5
    of_state = await all_of(place, counting.topology.changelog.name, user="ann")
    assert {str(record.key).split()[0] for record in of_state} == {
        f"{counting.stage.name}/heads",
        f"{counting.stage.name}/timers",
    }
    assert len(await all_of(place, counting.commands.name, last=2, user="ann")) == 2


async def test_what_comes_is_shown_when_it_comes(worker_settings, place, log: Log):
    counting = await prepared(Counting(worker_settings))
    await put_for(log, counting, "ann", range(20))
    async with aclosing(tail(place, TailQuery(counting.commands.name, last=2))) as records:
        assert [(await anext(records)).offset for _ in range(2)] == [18, 19]
        await put_for(log, counting, "ann", range(20, 22))
        assert [(await anext(records)).offset for _ in range(2)] == [20, 21]


async def test_a_dead_letter_is_shown_with_its_reason_and_its_record(worker_settings, place, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", 0, task="poison"), b"no avro", command("ann", 1)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 1)
    dead_letters = [record async for record in of_stage(place, counting.stage.name)]
    assert sorted((dead_letter["offset"], dead_letter["record"]) for dead_letter in dead_letters) == [
        (0, "CompleteTask"),
        (1, None),
    ]
    by_offset = {dead_letter["offset"]: dead_letter for dead_letter in dead_letters}
    assert by_offset[0]["value"]["task"] == "poison"
    assert "poison" in by_offset[0]["reason"]
    assert by_offset[1]["value"] == "no avro"


async def of_stage(place: Place, stage: str) -> AsyncIterator[dict[str, Any]]:
    for record in await all_of(place, DEAD_LETTERS.name):
        if record.value["stage"] == stage:
            yield record.value


async def test_blocks_state_and_what_is_no_record_are_shown_too(worker_settings, place, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [b"no avro", command("ann", 0)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 1)
    first = (await all_of(place, counting.commands.name))[0]
    assert (first.kind, first.value) == (None, "no avro")
    assert first.problem
    [block] = await all_of(place, counting.topology.blocks.name)
    assert (block.kind, block.value["records"]) == ("Block", 2)
    keys = {record.key: record.kind for record in await all_of(place, counting.topology.changelog.name)}
    assert keys == {f"{counting.stage.name}/heads ann": "AuditHead", "positions": "Position"}


async def test_a_topic_that_does_not_exist_is_refused_with_those_that_are_like_it(worker_settings, place, log: Log):
    counting = await prepared(Counting(worker_settings))
    with pytest.raises(UnknownTopic, match=f"Did you mean .*{counting.commands.name}"):
        await all_of(place, counting.commands.name[:-1])


async def test_a_partition_that_does_not_exist_is_refused(worker_settings, place, log: Log):
    counting = await prepared(Counting(worker_settings))
    with pytest.raises(UnknownTopic, match="no partition 7, only 0 to 1"):
        await all_of(place, counting.commands.name, partition=7)
