"""Membership of a consumer group, by the user data of a worker's subscription.

The client id does not identify a member: for a static member (KIP-345) the broker keeps that of the first join, over
every restart. Nor does the instance's name: a zombie has the name of the worker that has replaced it. Each join
replaces the user data of the subscription, so it is always that of the process that is the member now.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from schemas.kafka.admin import admin


@dataclass(frozen=True)
class Worker:
    """A process in a group: the instance's name, kept over restarts, or "", and a unique id."""

    instance: str = ""
    id: str = field(default_factory=lambda: uuid4().hex)


class Assignor:
    """The range assignor, with user data that identifies the member: aiokafka takes any object with these methods."""

    name = RangePartitionAssignor.name

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._asked = 0

    def insist(self) -> None:
        """Change the user data of the next join: else the group may keep the assignment."""
        self._asked += 1

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Return this member's subscription."""
        return ConsumerProtocolMemberMetadata(RangePartitionAssignor.version, list(topics), self._user_data())

    def _user_data(self) -> bytes:
        return f"{self._worker.id} {self._asked} {self._worker.instance}".encode()

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Return the partitions of each member."""
        assigned: dict[str, ConsumerProtocolMemberAssignment] = RangePartitionAssignor.assign(cluster, members)
        return assigned

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Do nothing: the rebalance listener is called as well."""


async def is_member(kafka: str, group: str, worker: Worker) -> bool:
    """Return whether the group is stable and has this worker as a member.

    Raises KafkaError if the group can't be asked.
    """
    return worker in await _members(kafka, group)


async def is_replaced(kafka: str, group: str, worker: Worker) -> bool:
    """Return whether another worker with the same instance's name has replaced this one in a stable group.

    Raises KafkaError if the group can't be asked.
    """
    members = await _members(kafka, group)
    return worker not in members and worker.instance in {member.instance for member in members if member.instance}


async def has_members(kafka: str, group: str) -> bool:
    """Return whether a group has members, also such as it has not missed yet. Raises KafkaError."""
    return bool((await _described(kafka, group))["members"])


async def _members(kafka: str, group: str) -> set[Worker]:
    """Return a stable group's members that identify themselves."""
    described = await _described(kafka, group)
    stable = described["state"] == "Stable"
    return set(_workers(member["member_metadata"] for member in described["members"])) if stable else set()


async def _described(kafka: str, group: str) -> dict[str, Any]:
    async with admin(kafka) as asked:
        (answer,) = await asked.describe_consumer_groups([group])
    (described,) = answer.to_object()["groups"]
    return cast("dict[str, Any]", described)


def _workers(subscriptions: Iterable[bytes]) -> Iterator[Worker]:
    for subscription in subscriptions:
        data = ConsumerProtocolMemberMetadata.decode(subscription).user_data or b""
        match data.decode(errors="replace").split(" ", 2):
            case [who, _, instance]:
                yield Worker(instance, who)
