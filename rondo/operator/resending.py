"""Resends dead letters to their stages' retries, never to the topics that they came from.

The order is that of the log, in which the stage read the records. Resending twice is safe: a stage puts a record back
once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from common import clock
from domain.idempotency import RETENTION
from rondo.operator.dead_letters import DeadLetterRecord, Log, in_order, text
from schemas import ids
from schemas import records as r
from schemas.envelope import Source, seal
from schemas.kafka import clients
from schemas.kafka.latest import Latest
from schemas.kafka.stopping import started
from schemas.topics import DEAD_LETTERS, TASK_COMMANDS
from streams.runtime.record import NOWHERE
from streams.runtime.retries import subject

Subject = tuple[bytes | None, str]
"""A record's key, and the entity that the record is about."""


@dataclass(frozen=True)
class Later:
    """The offset up to which a topic was searched, and whether it has a later record about the same entity."""

    seen: int = 0
    found: bool = False


async def obstacle(log: Log, dead: DeadLetterRecord, now: int) -> str | None:
    """Return a sentence that says why a dead letter can't be resent; None if it can."""
    stage = log.stages.get(dead.stage)
    if stage is None:
        return f"There is no stage {dead.stage}."
    if stage.retries is None or stage.retries.name not in await log.reader.topics():
        return f"The stage {dead.stage} can't take dead letters back yet: first start its workers in this version."
    if dead.topic == stage.retries.name:
        return "It is a record on retries that is not a resent dead letter: there is nothing to put back."
    if now - dead.died > DEAD_LETTERS.retention:
        return "It is older than 90 days: whether it was put back is no longer known."
    record = await log.decoded(dead.value) if dead.topic == TASK_COMMANDS.name else None
    if record is not None and now - getattr(record, "at", now) > RETENTION:
        return "The command is older than 30 days: whether it was sent again is no longer known. Send it as a new one."
    return None


async def send(
    log: Log,
    kafka: str,
    dead_letters: Iterable[DeadLetterRecord],
    looked: Mapping[int, Later] | None = None,
    at: int | None = None,
) -> None:
    """Append these dead letters to retries, in the order of the log, and return once the broker has them all.

    ``looked`` are the results of an earlier search for later records; what it lacks, the stages search themselves.
    ``at`` is the time (ms since 1970), by default the clock's. Raises ``KafkaError``, ``RegistryUnavailable``.
    """
    ordered, at = in_order(dead_letters), clock.now() if at is None else at
    later = await look(log, ordered) if looked is None else looked
    await log.codec.publish({stage.retries for stage in log.stages.values() if stage.retries})
    latest = await _latest(log, {dead.partition for dead in ordered})
    producer = clients.producer(kafka, enable_idempotence=True, max_request_size=DEAD_LETTERS.max_bytes)
    async with started(producer):
        sent = []
        for dead in ordered:
            topic = log.stages[dead.stage].retries
            assert topic
            retry = await _retry(log, dead, at, later.get(dead.number, Later()))
            out = seal(retry, log.codec.encode(topic.name, retry), Source.RESENT)
            stamp = latest[dead.partition].stamp(topic.name, at)
            sent.append(await producer.send(topic.name, out.value, out.key, dead.partition, stamp, out.headers))
        for delivery in sent:
            await delivery


async def _latest(log: Log, partitions: Iterable[int]) -> dict[int, Latest]:
    """Return the latest timestamps on retries, so that they never go back, even if the clock does."""
    topics = {stage.retries.name for stage in log.stages.values() if stage.retries} & (await log.reader.topics()).keys()
    return {partition: await log.reader.latest(topics, partition) for partition in partitions}


async def _retry(log: Log, dead: DeadLetterRecord, at: int, later: Later) -> r.Retry:
    timer = await log.decoded(dead.value) if dead.offset == NOWHERE else None
    return r.Retry(
        id=ids.derive("retry", dead.stage, dead.place, dead.number),
        user=timer.user if isinstance(timer, r.Timer) else text(dead.key),
        at=at,
        stage=dead.stage,
        letter=dead.number,
        died_at=dead.died,
        topic=dead.topic,
        partition=dead.partition,
        offset=dead.offset,
        reason=dead.reason,
        key=dead.key,
        value=dead.value,
        headers=dead.headers,
        seen=later.seen,
        later=later.found,
    )


async def look(log: Log, dead_letters: Sequence[DeadLetterRecord]) -> dict[int, Later]:
    """Search for later records about the same entities, where a stage needs that; by the dead letters' numbers."""
    found = {dead.number: Later() for dead in dead_letters}
    wanted: dict[tuple[str, TopicPartition], dict[Subject, list[DeadLetterRecord]]] = {}
    await log.codec.learn((dead.value for dead in dead_letters), refresh=True)
    for dead in dead_letters:
        if about := subject(log.stages[dead.stage], dead.topic, dead.value, log.codec):
            tp = TopicPartition(dead.topic, dead.partition)
            wanted.setdefault((dead.stage, tp), {}).setdefault((dead.key, about), []).append(dead)
    for (stage, tp), by_subject in wanted.items():
        end, newest = await _newest(log, stage, tp, by_subject)
        for what, group in by_subject.items():
            found |= {dead.number: Later(end, newest.get(what, -1) > dead.offset) for dead in group}
    return found


async def _newest(
    log: Log, stage: str, tp: TopicPartition, wanted: Mapping[Subject, Sequence[DeadLetterRecord]]
) -> tuple[int, dict[Subject, int]]:
    """Return the end of a partition, and the offset of the last record about each of these subjects."""
    begin, end = (await log.reader.bounds([tp]))[tp]
    first = min(dead.offset for group in wanted.values() for dead in group)
    keys, newest = {key for key, _ in wanted}, {}
    async for raw in log.reader.between({tp: (max(first + 1, begin), end)}):
        if raw.key in keys:
            await log.codec.learn([raw.value])
            if about := subject(log.stages[stage], tp.topic, raw.value, log.codec):
                newest[raw.key, about] = raw.offset
    return end, newest


async def read_again(log: Log, dead_letters: Iterable[DeadLetterRecord]) -> int:
    """Return how many offsets stages without state, such as views, will read again for these dead letters."""
    firsts: dict[TopicPartition, int] = {}
    for dead in dead_letters:
        if not log.topologies[dead.stage].keeps_state:
            tp = TopicPartition(dead.topic, dead.partition)
            firsts[tp] = min(dead.offset, firsts.get(tp, dead.offset))
    bounds = await log.reader.bounds(list(firsts))
    return sum(bounds[tp][1] - first for tp, first in firsts.items())
