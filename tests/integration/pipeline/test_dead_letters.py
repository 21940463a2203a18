"""What can't be read is dead-lettered whole, by each stage that reads it, and later records are processed."""

import asyncio
import time
from uuid import uuid4

import pytest

from schemas import records as r
from schemas import topics
from schemas.topics import Topic
from streams.topologies import STAGES, find, parsed
from tests.acceptance.days import WAIT, ahead, create_standup, following, sent
from tests.acceptance.stack import User
from tests.integration.pipeline.wire import HEADERS, PARTITIONS, Put, Wire, partition_of

READ = {topic.name: topic for name in STAGES for topic in find(name).reads}
"""Every topic that a stage reads."""
UNKNOWN = b"\0" + (2**31 - 1).to_bytes(4, "big")


def readers(topic: Topic, grouping: str = "") -> list[str]:
    """The stages that read a topic of the log: not those that are handed its records in memory."""
    reading = [topology for topology in parsed(grouping) if topic in topology.reads]
    return sorted(stage.name for topology in reading for stage in topology.stages if topic in stage.reads)


def takers(topic: Topic, grouping: str = "") -> list[str]:
    """The stages that read a topic of the log, and take back dead letters of it."""
    return [name for name in readers(topic, grouping) if find(name).retries]


def command(user: str, task: str | None = None) -> r.CompleteTask:
    """Return a command that is valid, but on the wrong partition."""
    at = time.time_ns() // 1_000_000
    return r.CompleteTask(id=str(uuid4()), user=user, at=at, actor=f"user:{user}", task=task or str(uuid4()))


async def dead_letters(wire: Wire, puts: list[Put], count: int) -> list[r.DeadLetter]:
    """Return the dead letters of these records once there are ``count``."""
    async with asyncio.timeout(60):
        while len(found := await wire.dead(puts)) < count:
            pass
    return found


def goes_all_the_way(user: User) -> None:
    """Send commands that pass every stage: a reminder is sent, a next occurrence is created, the trail is whole."""
    task = create_standup(user, ahead(1.5))
    sent(user, task["id"])
    user.rondo.complete(task["id"], wait=WAIT)
    following(user, task)
    assert [entry["event"] for entry in user.settled_trail()][-3:] == ["TaskCreated", "TaskCompleted", "TaskCreated"]


def test_stages_read_shared_topics_and_all_that_others_write() -> None:
    shared = {topic.name: topic.writer for topic in topics.SHARED if topic not in (topics.DEAD_LETTERS, topics.CLOCK)}
    assert {name for name, writer in shared.items() if writer not in STAGES} <= READ.keys() <= shared.keys()


@pytest.mark.parametrize("name", READ)
async def test_what_cannot_be_read_is_dead_lettered_by_each_reader_and_the_next_command_goes_all_the_way(
    name: str, user: User, wire: Wire
) -> None:
    topic, where = READ[name], partition_of(user.id)
    whole = await wire.encoded(topics.TASK_COMMANDS, command(user.id))
    misplaced = await wire.encoded(topics.DEAD_LETTERS, r.DeadLetter("", "", 0, 0, 0, "", None, None))
    values = [b"no avro", b"", None, b"\0", UNKNOWN + b"x", whole[:-1], whole + b"x", misplaced]
    puts = [await wire.put(topic, value, user.id, where) for value in values]
    puts.append(await wire.put(topic, b"no key either", None, where))

    found = await dead_letters(wire, puts, len(puts) * len(readers(topic)))
    await asyncio.to_thread(goes_all_the_way, user)

    expected = sorted((put.offset, stage) for put in puts for stage in readers(topic))
    assert sorted((dead_letter.offset, dead_letter.stage) for dead_letter in await wire.dead(puts)) == expected
    by_offset = {put.offset: put for put in puts}
    for dead_letter in found:
        put = by_offset[dead_letter.offset]
        assert (dead_letter.key, dead_letter.value, list(dead_letter.headers)) == (put.key, put.value, HEADERS)
        assert dead_letter.reason


async def test_a_record_on_the_topic_of_others_is_dead_lettered_by_name(user: User, wire: Wire) -> None:
    value = await wire.encoded(topics.TASK_COMMANDS, command(user.id))
    put = await wire.put(topics.TASK_EVENTS, value, user.id, partition_of(user.id))
    found = await dead_letters(wire, [put], len(readers(topics.TASK_EVENTS)))
    assert {dead_letter.reason for dead_letter in found} == {"CompleteTask is no record of task-events"}


@pytest.mark.parametrize("stage", ["tasks", "views"])
async def test_a_record_as_large_as_its_topic_takes_is_dead_lettered_whole(stage: str, user: User, wire: Wire) -> None:
    topic = topics.TASK_COMMANDS if stage == "tasks" else topics.AUDIT_LOG
    large = b"x" * (topic.max_bytes - 1000)
    put = await wire.put(topic, large, user.id, partition_of(user.id))
    (dead_letter,) = await dead_letters(wire, [put], 1)
    assert (dead_letter.stage, dead_letter.value == large) == (stage, True)


async def test_a_command_under_the_key_of_another_user_is_dead_lettered(user: User, wire: Wire) -> None:
    task = await asyncio.to_thread(lambda: user.rondo.create("Mine", wait=WAIT)["task"])
    value = await wire.encoded(topics.TASK_COMMANDS, command(user.id, task["id"]))
    put = await wire.put(topics.TASK_COMMANDS, value, str(uuid4()), partition_of(user.id))
    (dead_letter,) = await dead_letters(wire, [put], 1)
    assert (dead_letter.stage, dead_letter.value, dead_letter.reason) == (
        "tasks",
        value,
        "the record's key is not its user",
    )
    await asyncio.to_thread(goes_all_the_way, user)
    assert await asyncio.to_thread(user.rondo.task, task["id"]) == task | {"words": None}


async def test_a_command_on_the_partition_of_others_is_dead_lettered(user: User, wire: Wire) -> None:
    task = await asyncio.to_thread(lambda: user.rondo.create("Mine", wait=WAIT)["task"])
    value = await wire.encoded(topics.TASK_COMMANDS, command(user.id, task["id"]))
    elsewhere = (partition_of(user.id) + 1) % PARTITIONS
    put = await wire.put(topics.TASK_COMMANDS, value, user.id, elsewhere)
    (dead_letter,) = await dead_letters(wire, [put], 1)
    assert (dead_letter.stage, dead_letter.partition, dead_letter.value) == ("tasks", elsewhere, value)
    assert "partition" in dead_letter.reason
    assert await asyncio.to_thread(user.rondo.task, task["id"]) == task | {"words": None}
