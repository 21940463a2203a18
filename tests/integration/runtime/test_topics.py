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
    with pytest.raises(topics.WrongTopic, match=rf"has {name}={is_}; Rondo needs {name}={wanted}"):
        await topics.create(kafka, 4, [topic])
