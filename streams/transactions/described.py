"""Queries a cluster for the transactions that are open in partitions, and their coordinators for the state of these."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import IncompatibleBrokerVersion, LeaderNotAvailableError, for_code

from schemas.kafka import clients
from streams.transactions.wire import DescribeProducers, DescribeTransactions, ListTransactions, WriteTxnMarkers

LIVE = frozenset({"Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence"})
"""States of transactions that a coordinator will still end."""

_NO_SUCH_ID = 105


class NotOffered(RuntimeError):
    """The broker does not let clients describe transactions, or end them."""


@dataclass(frozen=True, slots=True)
class Open:
    """A transaction that is open in a partition, from offset ``start`` on. ``coordinator`` is an epoch."""

    partition: TopicPartition
    producer: int
    epoch: int
    start: int
    coordinator: int


@dataclass(frozen=True, slots=True)
class KnownTransaction:
    """A coordinator's description of a transactional id: its state, and the partitions still without a marker."""

    id: str
    producer: int
    epoch: int
    state: str
    partitions: frozenset[TopicPartition]

    def is_at_work_on(self, found: Open) -> bool:
        """Return whether the coordinator itself will end this transaction in its partition."""
        is_it = self.epoch == found.epoch or self.state != "Ongoing"  # fencing ends it with a higher epoch
        return self.state in LIVE and is_it and found.partition in self.partitions


class Cluster:
    """A connection to all brokers that are leaders of some partitions."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def of(cls, kafka: str, partitions: Iterable[TopicPartition]) -> AsyncIterator[Self]:
        """Connect. Raises KafkaConnectionError if there is no broker."""
        client = clients.bare(kafka)
        try:
            await client.bootstrap()
            await client.set_topics({tp.topic for tp in partitions})
            yield cls(client)
        finally:
            await client.close()

    async def open_in(self, partitions: Collection[TopicPartition]) -> list[Open]:
        """Return the transactions that are open in partitions. Raises KafkaError if a leader can't be asked."""
        found: list[Open] = []
        for node, led in self._by_leader(partitions).items():
            answer = await self._ask(node, DescribeProducers([(*each, {}) for each in _grouped(led)]))
            for name, described, _ in answer.topics:
                for number, code, _, producers, _ in described:
                    _check(code)
                    found += [
                        Open(TopicPartition(name, number), producer, epoch, start, coordinator)
                        for producer, epoch, _, _, coordinator, start, _ in producers
                        if start >= 0
                    ]
        return found

    async def known(self, producers: Collection[int]) -> dict[int, KnownTransaction]:
        """Return the coordinators' descriptions of producers, for those that they know."""
        found: dict[int, KnownTransaction] = {}
        for node in [broker.nodeId for broker in self._client.cluster.brokers()]:
            listed = await self._ask(node, ListTransactions([], sorted(producers)))
            _check(listed.error_code)
            if ids := [identity for identity, *_ in listed.transactions]:
                found |= {one.producer: one for one in await self._described(node, ids)}
        return found

    async def named(self, identity: str) -> KnownTransaction | None:
        """Return the coordinator's description of a transactional id, None if it has none.

        Unlike ``known``, this raises KafkaError while a coordinator is away or still loading its state.
        """
        node = await self._client.coordinator_lookup(CoordinationType.TRANSACTION, identity)
        return next(iter(await self._described(node, [identity])), None)

    async def _described(self, node: int, ids: list[str]) -> list[KnownTransaction]:
        answer = await self._ask(node, DescribeTransactions(ids))
        found = []
        for code, identity, state, _, _, producer, epoch, topics, _ in answer.transactions:
            if code == _NO_SUCH_ID:
                continue
            _check(code)
            partitions = frozenset(TopicPartition(topic, number) for topic, some, _ in topics for number in some)
            found.append(KnownTransaction(identity, producer, epoch, state, partitions))
        return found

    async def mark(self, found: Open, *, committed: bool) -> None:
        """End an open transaction in its partition."""
        tp, coordinator = found.partition, max(0, found.coordinator)
        topics: list[tuple[Any, ...]] = [(tp.topic, [tp.partition], {})]
        (node,) = self._by_leader([tp])
        marker: tuple[Any, ...] = (found.producer, found.epoch, committed, topics, coordinator, {})
        answer = await self._ask(node, WriteTxnMarkers([marker]))
        for _, marked, _ in answer.markers:
            for _, partitions, _ in marked:
                for _, code, _ in partitions:
                    _check(code)

    def _by_leader(self, partitions: Collection[TopicPartition]) -> dict[int, list[TopicPartition]]:
        led = defaultdict[int, list[TopicPartition]](list)
        for tp in partitions:
            leader = self._client.cluster.leader_for_partition(tp)
            if leader is None or leader < 0:
                raise LeaderNotAvailableError(f"{tp.topic}/{tp.partition} has no leader just now.")
            led[leader].append(tp)
        return led

    async def _ask(self, node: int, request: Any) -> Any:
        try:
            return await self._client.send(node, request)
        except (IncompatibleBrokerVersion, NotImplementedError) as error:
            raise NotOffered(f"The broker does not serve {type(request).__name__} ({error}).") from error


def _grouped(partitions: Iterable[TopicPartition]) -> list[tuple[str, list[int]]]:
    by_topic = defaultdict[str, list[int]](list)
    for tp in partitions:
        by_topic[tp.topic].append(tp.partition)
    return list(by_topic.items())


def _check(code: int) -> None:
    if code:
        raise for_code(code)
