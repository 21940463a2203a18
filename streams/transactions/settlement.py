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
from aiokafka.errors import CoordinatorLoadInProgressError, KafkaError

from streams.kafka.hidden import OVERDUE, overdue
from streams.kafka.log_reader import committed
from streams.kafka.stopping import stop
from streams.kafka.topics import NoTopic
from streams.transactions import history
from streams.transactions.described import LIVE, Cluster, Known, NotOffered, Open

_RETRIED = 5.0  # seconds for the broker to get over what passes
_FENCED = 10.0  # seconds to fence an id
_READ = 120.0  # seconds to read the coordinators' log
_TIMEOUT_MS = 10_000  # of a producer that begins no transaction

log = structlog.get_logger()


class Unsettled(RuntimeError):
    """A transaction is half done, and nothing tells how it ended, or the broker does not let a client end it."""


async def settle(kafka: str, partitions: Iterable[TopicPartition], fenced: Collection[str] = ()) -> int:
    """End what was left half done in partitions as it was decided; return in how many of them.

    ``fenced`` are transactional ids that the caller has just initialised. Raises ``Unsettled``, KafkaError.
    """
    wanted, clock = set(partitions), asyncio.get_running_loop().time
    deadline = clock() + _RETRIED
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
        except NotOffered as error:
            await _wait(kafka, wanted, error)
            return 0
        try:
            return await _end(kafka, cluster, left, fenced) if left else 0
        except NotOffered as error:
            raise Unsettled(str(error)) from error


async def _wait(kafka: str, wanted: set[TopicPartition], error: NotOffered) -> None:
    """Where the broker tells nothing of transactions, wait for those that are open to end by themselves."""
    if hidden := await overdue(kafka, wanted, OVERDUE):
        tp, offset = next(iter(hidden.items()))
        raise Unsettled(f"{tp.topic}/{tp.partition} is hidden from offset {offset} on. {error}") from error


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


async def _end(kafka: str, cluster: Cluster, left: dict[Open, Known | None], fenced: Collection[str]) -> int:
    entries = await recorded(kafka)
    ended: set[Open] = set()
    for one, by in left.items():
        if await is_to_end(cluster, entries, one, by):
            continue
        committed = history.committed(entries, one.producer, one.epoch, one.partition)
        if committed is not False and by and by.state in LIVE and by.id not in fenced:
            continue  # fencing would abort all of what it is at now: its next commit here marks this, too
        if committed is None:
            raise Unsettled(_unknown(one))
        await end(kafka, cluster, one, by if by and by.id not in fenced else None, committed=committed)
        ended.add(one)
    if still := ended & set(await cluster.open_in({one.partition for one in ended})):
        raise Unsettled(f"The broker took a marker, and {next(iter(still))} is open still.")
    return len(ended)


async def is_to_end(cluster: Cluster, entries: list[history.Entry], one: Open, by: Known | None) -> bool:
    """Tell whether the coordinators' log says that somebody is at work on a transaction, who said nothing of it.

    A coordinator that is only just taking over tells of no producer where it is asked for many, and says that it is
    where it is asked for one. Raises a KafkaError, which can be tried again, where that is so.
    """
    if by is None:
        await _ask_again(cluster, entries, one)
    return history.is_to_end(entries, one.producer, one.partition)


async def _ask_again(cluster: Cluster, entries: list[history.Entry], one: Open) -> None:
    for identity in {entry.id for entry in entries if entry.producer == one.producer}:
        by = await cluster.named(identity)
        if by and by.producer == one.producer:
            raise CoordinatorLoadInProgressError(f"The coordinator of {identity} was still to load it.")


async def end(kafka: str, cluster: Cluster, one: Open, by: Known | None, *, committed: bool) -> None:
    """Fence who could still use its producer (``by``), and end an open transaction in its partition.

    Raises ``Unsettled``, ``NotOffered``, KafkaError.
    """
    if by:
        await _fence(kafka, by.id)
    await cluster.mark(one, committed=committed)
    _tell(one, by, committed=committed)


def _tell(one: Open, by: Known | None, *, committed: bool) -> None:
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
        async with asyncio.timeout(_FENCED):
            await producer.start()
    except TimeoutError as error:  # as while its coordinator is still at work on what it ended last
        raise Unsettled(f"{identity} could not be fenced within {_FENCED:.0f} seconds: try again later.") from error
    finally:
        await stop(producer)


async def recorded(kafka: str) -> list[history.Entry]:
    """Return what the coordinators' log holds, of each id in its order; nothing where there is none.

    Raises ``Unsettled``, KafkaError.
    """
    try:
        async with asyncio.timeout(_READ):
            entries = [history.entry(raw.key, raw.value) async for raw in committed(kafka, history.TOPIC)]
    except NoTopic:
        return []
    except TimeoutError as error:  # as where one of its partitions has no leader
        raise Unsettled(f"{history.TOPIC} could not be read within {_READ:.0f} seconds: try again later.") from error
    return [one for one in entries if one]


def _unknown(one: Open) -> str:
    tp = one.partition
    return (
        f"Since offset {one.start} of {tp.topic}/{tp.partition} a transaction of producer {one.producer} (epoch"
        f" {one.epoch}) is open, and nothing tells whether it was committed. What stands behind it is not"
        " read. docs/operating.md says how to end it (Transactions)."
    )
