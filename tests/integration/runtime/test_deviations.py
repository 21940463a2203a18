"""What `rondo topics` reports of topics on a real broker."""

from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic

from rondo.operator.topics import deviations
from schemas import records as r
from schemas.kafka.admin import NoTopic, admin, configs, create, partition_count, partition_counts
from schemas.topics import FOR_EVER, Topic


async def told(kafka: str, topic: Topic, keyed: int = 2) -> list[str]:
    """Return the drift of a topic where keyed ones should have ``keyed`` partitions."""
    partitions = (await partition_counts(kafka)).get(topic.name, 0)
    found = await configs(kafka, [topic.name] if partitions else [])
    return list(deviations(topic, partitions, keyed, found.get(topic.name, {})))


def a_topic() -> Topic:
    return Topic(f"tasks-{uuid4().hex[:8]}", "tests", (r.TaskCreated,), FOR_EVER)


async def test_of_a_topic_that_is_as_the_contract_wants_it_nothing_is_reported(kafka: str):
    await create(kafka, 2, [topic := a_topic()])
    assert await told(kafka, topic) == []


async def test_a_topic_that_somebody_else_made_is_reported_with_what_differs(kafka: str):
    topic = a_topic()
    async with admin(kafka) as asked:
        await asked.create_topics([NewTopic(topic.name, 3, 1, topic_configs={"retention.ms": "1000"})])
    found = await told(kafka, topic)
    assert {"3 partitions instead of 2", "retention.ms=1000 instead of -1"} <= {*found}


async def test_a_missing_topic_is_reported(kafka: str):
    [found] = await told(kafka, a_topic())
    assert found.startswith("missing")


async def test_a_topic_that_nobody_created_is_named(kafka: str):
    with pytest.raises(NoTopic, match="There is no topic never-created on"):
        await partition_count(kafka, "never-created")
