"""Settles unfinished transactions, by writing the missing marker into a partition.

A transaction is unfinished if it is open in a partition and its coordinator will not end it. This is certain if two
looks at the partition agree, one before and one after asking the coordinator, which reports a transaction as ended only
when all its partitions have their markers. Other users of its producer are fenced before the marker is written, since
the marker would also end a transaction begun meanwhile.
"""

import asyncio
from collections.abc import Collection, Iterable

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import CoordinatorLoadInProgressError, KafkaError

from schemas.kafka import clients
from schemas.kafka.admin import NoTopic
from schemas.kafka.hidden import OVERDUE, overdue
from schemas.kafka.log_reader import committed
from schemas.kafka.stopping import stop
from streams.transactions import history
from streams.transactions.described import LIVE, Cluster, KnownTransaction, NotOffered, Open

_RETRIED = 5.0  # seconds to retry transient errors of the broker
_FENCED = 10.0  # seconds to fence an id
_READ = 120.0  # seconds to read the coordinators' log
_TIMEOUT_MS = 10_000  # of a producer that begins no transaction

log = structlog.get_logger()


class Unsettled(RuntimeError):
    """A transaction is unfinished, and its end is unknown, or the broker does not let a client end it."""


async def settle(kafka: str, partitions: Iterable[TopicPartition], fenced: Collection[str] = ()) -> int:
    """End the unfinished transactions in partitions as they were decided; return their number.

    ``fenced`` are transactional ids that the caller has just initialised. Raises ``Unsettled``, KafkaError.
    """
    wanted, clock = set(partitions), asyncio.get_running_loop().time
    deadline = clock() + _RETRIED
    while True:
        try:
            return await _settled(kafka, wanted, fenced)
        except KafkaError as error:  # as while a partition's leader is being elected
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
    """If the broker does not describe transactions, wait for the open ones to end by themselves."""
    if hidden := await overdue(kafka, wanted, OVERDUE):
        tp, offset = next(iter(hidden.items()))
        raise Unsettled(f"{tp.topic}/{tp.partition} is hidden from offset {offset} on. {error}") from error


async def half_done(cluster: Cluster, partitions: Collection[TopicPartition]) -> dict[Open, KnownTransaction | None]:
    """Return the transactions that no coordinator will end, with the coordinators' descriptions of their producers."""
    if not (found := await cluster.open_in(partitions)):
        return {}
    known = await cluster.known({one.producer for one in found})
    left = {one: known.get(one.producer) for one in found}
    left = {one: by for one, by in left.items() if by is None or not by.is_at_work_on(one)}
    if not left:
        return {}
    still = set(await cluster.open_in({one.partition for one in left}))
    return {one: by for one, by in left.items() if one in still}


async def _end(kafka: str, cluster: Cluster, left: dict[Open, KnownTransaction | None], fenced: Collection[str]) -> int:
    entries = await recorded(kafka)
    ended: set[Open] = set()
    for one, by in left.items():
        if await is_to_end(cluster, entries, one, by):
            continue
        committed = history.committed(entries, one.producer, one.epoch, one.partition)
        if committed is not False and by and by.state in LIVE and by.id not in fenced:
            continue  # fencing would abort its current transaction: its next commit here marks this one, too
        if committed is None:
            raise Unsettled(_unknown(one))
        await end(kafka, cluster, one, by if by and by.id not in fenced else None, committed=committed)
        ended.add(one)
    if still := ended & set(await cluster.open_in({one.partition for one in ended})):
        raise Unsettled(f"The broker took a marker, and {next(iter(still))} is open still.")
    return len(ended)


async def is_to_end(cluster: Cluster, entries: list[history.Entry], one: Open, by: KnownTransaction | None) -> bool:
    """Return whether, by the coordinators' log, a coordinator will still end a transaction that it did not report.

    A coordinator that is still loading reports no producers if it is asked for many, and that it is loading if asked
    for one. Raises a retriable KafkaError in that case.
    """
    if by is None:
        await _ask_again(cluster, entries, one)
    return history.is_to_end(entries, one.producer, one.partition)


async def _ask_again(cluster: Cluster, entries: list[history.Entry], one: Open) -> None:
    for identity in {entry.id for entry in entries if entry.producer == one.producer}:
        by = await cluster.named(identity)
        if by and by.producer == one.producer:
            raise CoordinatorLoadInProgressError(f"The coordinator of {identity} was still to load it.")


async def end(kafka: str, cluster: Cluster, one: Open, by: KnownTransaction | None, *, committed: bool) -> None:
    """Fence other users of the producer (``by``), and end an open transaction in its partition.

    Raises ``Unsettled``, ``NotOffered``, KafkaError.
    """
    if by:
        await _fence(kafka, by.id)
    await cluster.mark(one, committed=committed)
    _log_settled(one, by, committed=committed)


def _log_settled(one: Open, by: KnownTransaction | None, *, committed: bool) -> None:
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
    """Initialise a transactional id: its current user can write nothing more, and must start over."""
    producer = clients.producer(kafka, transactional_id=identity, transaction_timeout_ms=_TIMEOUT_MS)
    try:
        async with asyncio.timeout(_FENCED):
            await producer.start()
    except TimeoutError as error:  # as while its coordinator is still writing the markers of its last transaction
        raise Unsettled(f"{identity} could not be fenced within {_FENCED:.0f} seconds: try again later.") from error
    finally:
        await stop(producer)


async def recorded(kafka: str) -> list[history.Entry]:
    """Return the entries of the coordinators' log, in order for each id; an empty list if there is no log.

    Raises ``Unsettled``, KafkaError.
    """
    try:
        async with asyncio.timeout(_READ):
            entries = [history.entry(raw.key, raw.value) async for raw in committed(kafka, history.TOPIC)]
    except NoTopic:
        return []
    except TimeoutError as error:  # as if one of its partitions has no leader
        raise Unsettled(f"{history.TOPIC} could not be read within {_READ:.0f} seconds: try again later.") from error
    return [one for one in entries if one]


def _unknown(one: Open) -> str:
    tp = one.partition
    return (
        f"Since offset {one.start} of {tp.topic}/{tp.partition} a transaction of producer {one.producer} (epoch"
        f" {one.epoch}) is open, and it is unknown whether it was committed. Records behind it are not"
        " read. docs/operating.md says how to end it (Transactions)."
    )
