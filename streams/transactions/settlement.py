"""Gives a transaction that was left half done the marker that belongs into a partition.

A transaction is left half done where it is open in a partition and its coordinator is not at work on it. That is sure
where two looks at the partition found the same, one before and one after the coordinator was asked: it says that a
transaction is over only when all of its partitions have their markers. Who could still use its producer is fenced
before the marker is written, since that would also end what was begun meanwhile.
"""

import asyncio
from collections.abc import Collection, Iterable

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from streams import reading
from streams.runtime.stopping import stop
from streams.transactions import history
from streams.transactions.described import Cluster, Known, NotOffered, Open

_PATIENCE = 5.0  # seconds for the broker to get over what passes
_TIMEOUT_MS = 10_000  # of a producer that begins no transaction

log = structlog.get_logger()


class Unsettled(RuntimeError):
    """A transaction is half done, and nothing tells how it ended, or the broker does not let a client end it."""


async def settle(kafka: str, partitions: Iterable[TopicPartition], fenced: Collection[str] = ()) -> int:
    """End what was left half done in partitions as it was decided; return in how many of them.

    ``fenced`` are transactional ids that the caller has just initialised. Raises ``Unsettled``, KafkaError.
    """
    wanted, clock = set(partitions), asyncio.get_running_loop().time
    deadline = clock() + _PATIENCE
    while True:
        try:
            return await _settled(kafka, wanted, fenced)
        except KafkaError as error:  # as where a partition's leader is only just becoming one
            if not error.retriable or clock() > deadline:
                raise
            await asyncio.sleep(0.1)


async def _settled(kafka: str, wanted: set[TopicPartition], fenced: Collection[str]) -> int:
    async with Cluster.of(kafka, wanted) as cluster:
        try:
            left = await half_done(cluster, wanted)
            if left:
                await _end(kafka, cluster, left, fenced)
        except NotOffered as error:
            raise Unsettled(str(error)) from error
    return len(left)


async def half_done(cluster: Cluster, partitions: Collection[TopicPartition]) -> dict[Open, Known | None]:
    """Return the transactions that nobody will end, with what their coordinators say of their producers."""
    if not (found := await cluster.open_in(partitions)):
        return {}
    known = await cluster.known({one.producer for one in found})
    left = {one: known.get(one.producer) for one in found}
    left = {one: by for one, by in left.items() if by is None or not by.is_at_work_on(one)}
    if not left:
        return {}
    still = set(await cluster.open_in({one.partition for one in left}))
    return {one: by for one, by in left.items() if one in still}


async def _end(kafka: str, cluster: Cluster, left: dict[Open, Known | None], fenced: Collection[str]) -> None:
    entries = await _history(kafka)
    for one, by in left.items():
        if (committed := history.committed(entries, one.producer, one.epoch, one.partition)) is None:
            committed = by.committed(one.epoch) if by else None
        if committed is None:
            raise Unsettled(_unknown(one))
        if by and by.id not in fenced:
            await _fence(kafka, by.id)
        await cluster.mark(one, committed=committed)
        log.error(
            "transaction settled",
            topic=one.partition.topic,
            partition=one.partition.partition,
            offset=one.start,
            id=by.id if by else None,
            producer=one.producer,
            epoch=one.epoch,
            committed=committed,
        )


async def _fence(kafka: str, identity: str) -> None:
    """Initialise a transactional id: who used it so far can write nothing more, and begins anew."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=identity, transaction_timeout_ms=_TIMEOUT_MS)
    try:
        await producer.start()
    finally:
        await stop(producer)


async def _history(kafka: str) -> list[history.Entry]:
    """Return what the coordinators' log holds, of each id in its order; nothing where it can't be read."""
    try:
        entries = [history.entry(raw.key, raw.value) async for raw in reading.committed(kafka, history.TOPIC)]
    except reading.NoTopic:
        return []
    return [one for one in entries if one]


def _unknown(one: Open) -> str:
    tp = one.partition
    return (
        f"Since offset {one.start} of {tp.topic}/{tp.partition} a transaction of producer {one.producer} (epoch"
        f" {one.epoch}) is open, its coordinator has forgotten it, and nothing tells whether it was committed. What"
        " stands behind it is not read. docs/operating.md says how to end it (Transactions)."
    )
