"""Creates the topics of the contract with their retention stated, and refuses to start on topics that differ.

Kafka's defaults would delete "the truth" after seven days, so nothing is left to them.
"""

from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas.topics import DAYS, Topic

_FUTURE = 60 * 60 * 1000  # a record's time may be an hour ahead of the broker's clock, for clocks that drift

# A disk that is further behind than this must be restored whole, or deleted keys would live again.
TOMBSTONES = 90 * DAYS
_BROKERS_DEFAULT = -1  # replicas, as the broker is set up (KIP-464)


class WrongTopic(RuntimeError):
    """A topic exists but is not as the contract wants it."""


def _config(topic: Topic) -> dict[str, str]:
    return {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(topic.retention),
        "retention.bytes": "-1",
        "delete.retention.ms": str(TOMBSTONES),
        "max.message.bytes": str(topic.max_bytes),
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(_FUTURE),
    }


async def create(kafka: str, partitions: int, topics: Iterable[Topic]) -> None:
    """Create the topics that are missing and check those that exist; raise ``WrongTopic`` where one differs."""
    wanted = {topic.name: topic for topic in topics}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        new = [
            NewTopic(topic.name, topic.partitions or partitions, _BROKERS_DEFAULT, {}, _config(topic))
            for topic in wanted.values()
        ]
        response = await admin.create_topics(new)
        existing = []
        for name, code, *message in response.topic_errors:
            error = for_code(code)
            if error is TopicAlreadyExistsError:
                existing.append(wanted[name])
            elif code:
                raise WrongTopic(f"The topic {name} could not be created: {error.__name__} {message}.")
        await _check(admin, partitions, existing)
    finally:
        await admin.close()


async def cluster(kafka: str) -> str:
    """Return the id of the cluster that answers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def _check(admin: AIOKafkaAdminClient, partitions: int, topics: list[Topic]) -> None:
    if not topics:
        return
    described = {entry["topic"]: entry for entry in await admin.describe_topics([topic.name for topic in topics])}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    configs = _configs(await admin.describe_configs(resources))
    for topic in topics:
        count = len(described[topic.name]["partitions"])
        if count != (topic.partitions or partitions):
            raise WrongTopic(
                f"The topic {topic.name} has {count} partitions, but RONDO_PARTITIONS asks for "
                f"{topic.partitions or partitions}. The number is fixed when a log is begun: "
                f"set RONDO_PARTITIONS={count}."
            )
        for name in ("cleanup.policy", "retention.ms"):
            found, want = configs[topic.name].get(name), _config(topic)[name]
            if found != want:
                raise WrongTopic(f"The topic {topic.name} has {name}={found}; Rondo needs {name}={want}. Alter it.")


def _configs(responses: Iterable[Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        for _code, _message, _type, name, entries in response.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
