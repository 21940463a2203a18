"""Creates the topics of the contract with explicit retention, and refuses to start on topics that differ.

Kafka's defaults would delete "the truth" after seven days, and refuse records of a clock that is an hour ahead, so none
is relied on.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import stamina
import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from schemas.kafka import clients
from schemas.kafka.refusal import not_allowed
from schemas.topics import DAYS, Topic

_ANY_TIME = (
    2**63 - 1
)  # how far a record's time may be from the broker's clock, in milliseconds: no record is refused for its time

# A disk that is further behind than this must be restored whole, or deleted keys would reappear.
TOMBSTONES = 90 * DAYS
DECISIVE = ("cleanup.policy", "retention.ms", "retention.bytes", "message.timestamp.type")
"""Settings that lose records, or their times, if wrong: then no worker starts."""
REPAIRED = ("max.message.bytes", "message.timestamp.before.max.ms", "message.timestamp.after.max.ms")
"""Limits that refuse valid records if too low: then the topic is altered."""
_OF_THE_TOPIC = 1  # the source of a setting, in the broker's answer: it was set for this topic
_BROKERS_DEFAULT = -1  # replicas: the broker's default (KIP-464)


_FORBIDDEN = (TopicAuthorizationFailedError, ClusterAuthorizationFailedError)
log = structlog.get_logger()


class WrongTopic(RuntimeError):
    """A topic exists, but its configuration is not the contract's."""


class NotAllowed(WrongTopic):
    """The user may not create a topic."""


class NoTopic(LookupError):
    """A topic does not exist."""


def _config(topic: Topic) -> dict[str, str]:
    return {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(topic.retention),
        "retention.bytes": "-1",
        "delete.retention.ms": str(TOMBSTONES),
        "max.message.bytes": str(topic.max_bytes),
        "message.timestamp.type": topic.stamped,
        "message.timestamp.before.max.ms": str(_ANY_TIME),
        "message.timestamp.after.max.ms": str(_ANY_TIME),
    }


@asynccontextmanager
async def admin(kafka: str) -> AsyncIterator[Any]:
    """Connect an admin client."""
    client = clients.admin(kafka)
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def create(kafka: str, partitions: int, topics: Iterable[Topic]) -> None:
    """Create missing topics, check existing ones, and raise limits that are too low.

    Raises ``WrongTopic`` if one differs in a ``DECISIVE`` setting or in its partitions.
    """
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
            elif error in _FORBIDDEN:
                raise NotAllowed(not_allowed(f"create the topic {name}"))
            elif code:
                raise WrongTopic(f"The topic {name} could not be created: {error.__name__} {message}.")
        await _check(asked, partitions, existing)


async def cluster(kafka: str) -> str:
    """Return the cluster's id."""
    async with admin(kafka) as asked:
        return str((await asked.describe_cluster())["cluster_id"])


async def partition_counts(kafka: str) -> dict[str, int]:
    """Return the number of partitions of each topic."""
    async with admin(kafka) as asked:
        return await _counts(asked)


async def _counts(asked: AIOKafkaAdminClient, names: list[str] | None = None) -> dict[str, int]:
    return {entry["topic"]: len(entry["partitions"]) for entry in await asked.describe_topics(names)}


async def partition_count(kafka: str, topic: str) -> int:
    """Return the number of partitions of a topic. Raises ``NoTopic``."""
    if count := (await partition_counts(kafka)).get(topic):
        return count
    raise NoTopic(f"There is no topic {topic} on {kafka}: is it another broker, or was Rondo never started on it?")


async def partitions(kafka: str, names: Collection[str]) -> list[TopicPartition]:
    """Return the partitions of those topics that exist."""
    counts = await partition_counts(kafka)
    return [TopicPartition(name, number) for name in counts.keys() & {*names} for number in range(counts[name])]


async def _check(asked: AIOKafkaAdminClient, partitions: int, topics: list[Topic]) -> None:
    if not topics:
        return
    counts = await _existing_counts(asked, [topic.name for topic in topics])
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    answers = await asked.describe_configs(resources)
    found = _configs(answers)
    for topic in topics:
        count = counts[topic.name]
        if count != (topic.partitions or partitions):
            raise WrongTopic(
                f"The topic {topic.name} has {count} partitions, but RONDO_PARTITIONS asks for "
                f"{topic.partitions or partitions}. The number is fixed when a log is begun: "
                f"set RONDO_PARTITIONS={count}."
            )
        for name, is_, want in differing(topic, found[topic.name], DECISIVE):
            raise WrongTopic(f"The topic {topic.name} has {name}={is_}; Rondo needs {name}={want}. Alter it.")
    await _repair(asked, topics, found, _configs(answers, _OF_THE_TOPIC))


async def _existing_counts(asked: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """Return the number of partitions of topics that exist. Raises ``NoTopic`` if the broker goes on to tell none.

    One that another program has just created exists before the broker's metadata has its partitions.
    """
    async for attempt in stamina.retry_context(on=NoTopic, attempts=None, timeout=10.0, wait_max=1.0):
        with attempt:
            counts = await _counts(asked, names)
            if missing := [name for name in names if not counts.get(name)]:
                raise NoTopic(f"The broker has created {', '.join(missing)}, but tells no partitions.")
    return counts


async def _repair(
    asked: Any, topics: list[Topic], found: Mapping[str, Mapping[str, str]], own: Mapping[str, Mapping[str, str]]
) -> None:
    """Raise limits of topics that are lower than the contract's, such as an earlier version's.

    The broker replaces all settings of a topic, so its ``own`` are sent again. If it refuses, log a warning: records
    that the topic refuses then wait.
    """
    raised = {topic.name: _raised(topic, found[topic.name]) for topic in topics}
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name, {**own[name], **changes})
        for name, changes in raised.items()
        if changes
    ]
    for answer in await asked.alter_configs(resources) if resources else ():
        for code, reason, _, name in answer.resources:
            if code:
                log.warning(
                    "topic not altered", topic=name, wanted=raised[name], error=for_code(code).__name__, reason=reason
                )
            else:
                log.info("topic altered", topic=name, settings=raised[name])


def _raised(topic: Topic, config: Mapping[str, str]) -> dict[str, str]:
    return {
        name: wanted
        for name, is_, wanted in differing(topic, config, REPAIRED)
        if is_ is not None and int(is_) < int(wanted)
    }


async def configs(kafka: str, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the configuration of topics that exist, by their names."""
    async with admin(kafka) as asked:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        return _configs(await asked.describe_configs(resources))


def differing(
    topic: Topic, config: Mapping[str, str], names: Iterable[str] | None = None
) -> Iterator[tuple[str, str | None, str]]:
    """Yield the drift of a topic's configuration: a setting's name, its value, and the contract's value.

    Only the settings in ``names`` are compared, by default all that the contract has.
    """
    wanted = _config(topic)
    for name in names or wanted:
        if config.get(name) != wanted[name]:
            yield name, config.get(name), wanted[name]


def _configs(responses: Iterable[Any], source: int | None = None) -> dict[str, dict[str, str]]:
    """Return topics' settings from the broker's answers; with ``source`` only those from there."""
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        for _code, _message, _type, name, entries in response.resources:
            found[name] = {entry[0]: entry[1] for entry in entries if source in {None, entry[3]}}
    return found
