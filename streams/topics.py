"""Creates the topics of the contract with their retention stated, and refuses to start on topics that differ.

Kafka's defaults would delete "the truth" after seven days, so nothing is left to them.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas.topics import DAYS, Topic

_FUTURE = 60 * 60 * 1000  # a record's time may be an hour ahead of the broker's clock, for clocks that drift

# A disk that is further behind than this must be restored whole, or deleted keys would live again.
TOMBSTONES = 90 * DAYS
DECISIVE = ("cleanup.policy", "retention.ms", "retention.bytes", "message.timestamp.type")
"""What loses records, or their times, where it is wrong: without it no worker starts."""
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


@asynccontextmanager
async def admin(kafka: str) -> AsyncIterator[Any]:
    """Connect an admin client."""
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def create(kafka: str, partitions: int, topics: Iterable[Topic]) -> None:
    """Create the topics that are missing and check those that exist; raise ``WrongTopic`` where one differs."""
    wanted = {topic.name: topic for topic in topics}
    async with admin(kafka) as asked:
        new = [
            NewTopic(topic.name, topic.partitions or partitions, _BROKERS_DEFAULT, {}, _config(topic))
            for topic in wanted.values()
        ]
        response = await asked.create_topics(new)
        existing = []
        for name, code, *message in response.topic_errors:
            error = for_code(code)
            if error is TopicAlreadyExistsError:
                existing.append(wanted[name])
            elif code:
                raise WrongTopic(f"The topic {name} could not be created: {error.__name__} {message}.")
        await _check(asked, partitions, existing)


async def cluster(kafka: str) -> str:
    """Return the id of the cluster that answers."""
    async with admin(kafka) as asked:
        return str((await asked.describe_cluster())["cluster_id"])


async def _check(asked: AIOKafkaAdminClient, partitions: int, topics: list[Topic]) -> None:
    if not topics:
        return
    described = {entry["topic"]: entry for entry in await asked.describe_topics([topic.name for topic in topics])}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = _configs(await asked.describe_configs(resources))
    for topic in topics:
        count = len(described[topic.name]["partitions"])
        if count != (topic.partitions or partitions):
            raise WrongTopic(
                f"The topic {topic.name} has {count} partitions, but RONDO_PARTITIONS asks for "
                f"{topic.partitions or partitions}. The number is fixed when a log is begun: "
                f"set RONDO_PARTITIONS={count}."
            )
        for name, is_, want in differing(topic, found[topic.name], DECISIVE):
            raise WrongTopic(f"The topic {topic.name} has {name}={is_}; Rondo needs {name}={want}. Alter it.")


async def configs(kafka: str, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the configuration of topics that exist, by their names."""
    async with admin(kafka) as asked:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        return _configs(await asked.describe_configs(resources))


def differing(
    topic: Topic, config: Mapping[str, str], names: Iterable[str] | None = None
) -> Iterator[tuple[str, str | None, str]]:
    """Yield what of a topic's configuration is not as the contract wants it: its name, what it is, what it should be.

    Only the given names are compared, all that the contract states without any.
    """
    wanted = _config(topic)
    for name in names or wanted:
        if config.get(name) != wanted[name]:
            yield name, config.get(name), wanted[name]


def _configs(responses: Iterable[Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        for _code, _message, _type, name, entries in response.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
