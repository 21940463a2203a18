"""A worker creates its topics with all that counts stated, and refuses topics that differ."""

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic

from schemas import records as r
from schemas.kafka import admin
from schemas.topics import Topic


async def create(kafka: str, name: str, partitions: int, config: dict[str, str]) -> Topic:
    """Create a topic as somebody else would."""
    async with admin.admin(kafka) as client:
        await client.create_topics([NewTopic(name, partitions, -1, {}, config)])
    return Topic(name, "test", (r.CompleteTask,))


async def test_a_topic_with_another_number_of_partitions_is_refused(kafka: str):
    topic = await create(kafka, f"three-{uuid4().hex}", 3, {"retention.ms": "-1"})
    with pytest.raises(admin.WrongTopic, match="RONDO_PARTITIONS=3"):
        await admin.create(kafka, 4, [topic])


@pytest.mark.parametrize(
    ("name", "is_", "wanted"),
    [
        ("retention.ms", "604800000", "-1"),
        ("retention.bytes", "1000000", "-1"),
        ("cleanup.policy", "compact", "delete"),
        ("message.timestamp.type", "LogAppendTime", "CreateTime"),
    ],
)
async def test_a_topic_that_forgets_records_or_their_times_is_refused(kafka: str, name: str, is_: str, wanted: str):
    topic = await create(kafka, f"forgets-{uuid4().hex}", 4, {"retention.ms": "-1", name: is_})
    with pytest.raises(admin.WrongTopic, match=rf"has {name}={is_}; Rondo needs {name}={wanted}"):
        await admin.create(kafka, 4, [topic])


_EARLIER = {"retention.ms": "-1", "message.timestamp.after.max.ms": "3600000", "segment.ms": "1234567"}


async def test_topics_of_an_earlier_version_take_any_time_from_then_on_and_keep_what_else_was_set(kafka: str):
    topic = await create(kafka, f"earlier-{uuid4().hex}", 4, _EARLIER)
    for _ in range(2):  # again changes nothing
        await admin.create(kafka, 4, [topic])
        config = (await admin.configs(kafka, [topic.name]))[topic.name]
        bounds = {config[f"message.timestamp.{way}.max.ms"] for way in ("before", "after")}
        assert (bounds, config["segment.ms"]) == ({str(2**63 - 1)}, "1234567")


async def test_a_topic_that_takes_larger_records_than_it_has_to_is_left_alone(kafka: str):
    topic = await create(kafka, f"larger-{uuid4().hex}", 4, {"retention.ms": "-1", "max.message.bytes": "9999999"})
    await admin.create(kafka, 4, [topic])
    assert (await admin.configs(kafka, [topic.name]))[topic.name]["max.message.bytes"] == "9999999"


async def test_new_topics_take_any_time(kafka: str):
    topic = Topic(f"new-{uuid4().hex}", "test", (r.CompleteTask,))
    await admin.create(kafka, 4, [topic])
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for at in (0, 1, 2**42, 253_402_300_799_999):  # from 1970 to the year 9999
            await producer.send_and_wait(topic.name, b"x", timestamp_ms=at)
