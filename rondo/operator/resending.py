"""Resends dead letters to their stages' retries, never to the topics that they came from.

The order is that of the log, in which the stage read the records. Resending twice is safe: a stage puts a record back
once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer, TopicPartition

from common import clock
from domain.idempotency import RETENTION
from rondo.operator.dead_letters import Letter, Log, in_order, text
from schemas import ids
from schemas import records as r
from schemas.envelope import Source, seal
from schemas.kafka.latest import Latest
from schemas.topics import DEAD_LETTERS, TASK_COMMANDS
from streams.runtime.block import NOWHERE
from streams.runtime.retries import subject

Subject = tuple[bytes | None, str]
"""A record's key, and the entity that the record is about."""


@dataclass(frozen=True)
class Later:
    """The offset up to which a topic was searched, and whether it has a later record about the same entity."""

    seen: int = 0
    found: bool = False


async def obstacle(log: Log, letter: Letter, now: int) -> str | None:
    """Return a sentence that says why a dead letter can't be resent; None if it can."""
    stage = log.stages.get(letter.stage)
    if stage is None:
        return f"There is no stage {letter.stage}."
    if stage.retries is None or stage.retries.name not in await log.reader.topics():
        return f"The stage {letter.stage} can't take dead letters back yet: first start its workers in this version."
    if letter.topic == stage.retries.name:
        return "It is a record on retries that is not a resent dead letter: there is nothing to put back."
    if now - letter.died > DEAD_LETTERS.retention:
        return "It is older than 90 days: whether it was put back is no longer known."
    record = await log.decoded(letter.value) if letter.topic == TASK_COMMANDS.name else None
    if record is not None and now - getattr(record, "at", now) > RETENTION:
        return "The command is older than 30 days: whether it was sent again is no longer known. Send it as a new one."
    return None


async def send(
    log: Log,
    kafka: str,
    letters: Iterable[Letter],
    looked: Mapping[int, Later] | None = None,
    at: int | None = None,
) -> None:
    """Append these dead letters to retries, in the order of the log, and return once the broker has them all.

    ``looked`` are the results of an earlier search for later records; what it lacks, the stages search themselves.
    ``at`` is the time (ms since 1970), by default the clock's. Raises ``KafkaError``, ``RegistryUnavailable``.
    """
    ordered, at = in_order(letters), clock.now() if at is None else at
    later = await look(log, ordered) if looked is None else looked
    await log.codec.publish({stage.retries for stage in log.stages.values() if stage.retries})
    latest = await _latest(log, {letter.partition for letter in ordered})
    async with AIOKafkaProducer(
        bootstrap_servers=kafka, enable_idempotence=True, max_request_size=DEAD_LETTERS.max_bytes
    ) as producer:
        sent = []
        for letter in ordered:
            topic = log.stages[letter.stage].retries
            assert topic
            retry = await _retry(log, letter, at, later.get(letter.number, Later()))
            out = seal(retry, log.codec.encode(topic.name, retry), Source.RESENT)
            stamp = latest[letter.partition].stamp(topic.name, at)
            sent.append(await producer.send(topic.name, out.value, out.key, letter.partition, stamp, out.headers))
        for delivery in sent:
            await delivery


async def _latest(log: Log, partitions: Iterable[int]) -> dict[int, Latest]:
    """Return the latest timestamps on retries, so that they never go back, even if the clock does."""
    topics = {stage.retries.name for stage in log.stages.values() if stage.retries} & (await log.reader.topics()).keys()
    return {partition: await log.reader.latest(topics, partition) for partition in partitions}


async def _retry(log: Log, letter: Letter, at: int, later: Later) -> r.Retry:
    timer = await log.decoded(letter.value) if letter.offset == NOWHERE else None
    return r.Retry(
        id=ids.derive("retry", letter.stage, letter.place, letter.number),
        user=timer.user if isinstance(timer, r.Timer) else text(letter.key),
        at=at,
        stage=letter.stage,
        letter=letter.number,
        died_at=letter.died,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        reason=letter.reason,
        key=letter.key,
        value=letter.value,
        headers=letter.headers,
        seen=later.seen,
        later=later.found,
    )


async def look(log: Log, letters: Sequence[Letter]) -> dict[int, Later]:
    """Search for later records about the same entities, where a stage needs that; by the dead letters' numbers."""
    found = {letter.number: Later() for letter in letters}
    wanted: dict[tuple[str, TopicPartition], dict[Subject, list[Letter]]] = {}
    await log.codec.learn((letter.value for letter in letters), refresh=True)
    for letter in letters:
        if about := subject(log.stages[letter.stage], letter.topic, letter.value, log.codec):
            tp = TopicPartition(letter.topic, letter.partition)
            wanted.setdefault((letter.stage, tp), {}).setdefault((letter.key, about), []).append(letter)
    for (stage, tp), by_subject in wanted.items():
        end, newest = await _newest(log, stage, tp, by_subject)
        for what, group in by_subject.items():
            found |= {letter.number: Later(end, newest.get(what, -1) > letter.offset) for letter in group}
    return found


async def _newest(
    log: Log, stage: str, tp: TopicPartition, wanted: Mapping[Subject, Sequence[Letter]]
) -> tuple[int, dict[Subject, int]]:
    """Return the end of a partition, and the offset of the last record about each of these subjects."""
    begin, end = (await log.reader.bounds([tp]))[tp]
    first = min(letter.offset for group in wanted.values() for letter in group)
    keys, newest = {key for key, _ in wanted}, {}
    async for raw in log.reader.between({tp: (max(first + 1, begin), end)}):
        if raw.key in keys:
            await log.codec.learn([raw.value])
            if about := subject(log.stages[stage], tp.topic, raw.value, log.codec):
                newest[raw.key, about] = raw.offset
    return end, newest


async def read_again(log: Log, letters: Iterable[Letter]) -> int:
    """Return how many offsets stages without state, such as views, will read again for these dead letters."""
    firsts: dict[TopicPartition, int] = {}
    for letter in letters:
        if not log.stages[letter.stage].keeps_state:
            tp = TopicPartition(letter.topic, letter.partition)
            firsts[tp] = min(letter.offset, firsts.get(tp, letter.offset))
    bounds = await log.reader.bounds(list(firsts))
    return sum(bounds[tp][1] - first for tp, first in firsts.items())
