"""A worker creates its topics with all that counts stated, and refuses topics that differ."""

from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas import records as r
from schemas.topics import Topic
from streams import topics


async def create(kafka: str, name: str, partitions: int, config: dict[str, str]) -> Topic:
    """Create a topic as somebody else would."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, partitions, -1, {}, config)])
    await admin.close()
    return Topic(name, "test", (r.CompleteTask,))


async def test_a_topic_with_another_number_of_partitions_is_refused(kafka: str):
    topic = await create(kafka, f"three-{uuid4().hex}", 3, {"retention.ms": "-1"})
    with pytest.raises(topics.WrongTopic, match="RONDO_PARTITIONS=3"):
        await topics.create(kafka, 4, [topic])


async def test_a_topic_that_forgets_is_refused(kafka: str):
    topic = await create(kafka, f"week-{uuid4().hex}", 4, {"retention.ms": "604800000"})
    with pytest.raises(topics.WrongTopic, match=r"retention\.ms=604800000; Rondo needs retention\.ms=-1"):
        await topics.create(kafka, 4, [topic])
