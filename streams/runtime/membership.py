"""Membership of a consumer group, by what a worker says of itself in its subscription.

The broker can't be asked by client id: for a static member (KIP-345) it keeps that of the first join, over every
restart. Nor by the instance's name alone: a zombie has the name of the worker that has taken its place. What a member
says in its subscription is replaced by each join, so it is always that of the process which has the membership now.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from streams.kafka.topics import admin


@dataclass(frozen=True)
class Worker:
    """A process in a group: the instance's name that it keeps over restarts, or "", and an id that no other has."""

    instance: str = ""
    id: str = field(default_factory=lambda: uuid4().hex)


class Assignor:
    """The range assignor, for a member that says who it is: aiokafka takes any object with these methods."""

    name = RangePartitionAssignor.name

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._asked = 0

    def insist(self) -> None:
        """Let the next join say something else than the last: else the group may leave the assignment as it is."""
        self._asked += 1

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Return this member's subscription."""
        return ConsumerProtocolMemberMetadata(RangePartitionAssignor.version, list(topics), self._told())

    def _told(self) -> bytes:
        return f"{self._worker.id} {self._asked} {self._worker.instance}".encode()

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Return who gets which partitions."""
        assigned: dict[str, ConsumerProtocolMemberAssignment] = RangePartitionAssignor.assign(cluster, members)
        return assigned

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing: the rebalance listener is told as well."""


async def is_member(kafka: str, group: str, worker: Worker) -> bool:
    """Tell whether the group is stable and has this worker among its members.

    Raises KafkaError where the group can't be asked.
    """
    return worker in await _members(kafka, group)


async def is_replaced(kafka: str, group: str, worker: Worker) -> bool:
    """Tell whether another worker of the same instance's name has this one's place in a stable group.

    Raises KafkaError where the group can't be asked.
    """
    members = await _members(kafka, group)
    return worker not in members and worker.instance in {member.instance for member in members if member.instance}


async def _members(kafka: str, group: str) -> set[Worker]:
    """Return a stable group's members, as far as they say who they are."""
    async with admin(kafka) as asked:
        (answer,) = await asked.describe_consumer_groups([group])
    (described,) = answer.to_object()["groups"]
    stable = described["state"] == "Stable"
    return set(_told(member["member_metadata"] for member in described["members"])) if stable else set()


def _told(subscriptions: Iterable[bytes]) -> Iterator[Worker]:
    for subscription in subscriptions:
        told = ConsumerProtocolMemberMetadata.decode(subscription).user_data or b""
        match told.decode(errors="replace").split(" ", 2):
            case [who, _, instance]:
                yield Worker(instance, who)
