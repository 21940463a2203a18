"""Prepares a block of dead letters that are sent again: their schemas, and whether they were overtaken meanwhile.

A later record about the same subject overtakes one. The sender searches for it up to some offset, the task from there
to its position, and what the block itself hands on is noted as it is folded (``put_back``). The result is recorded with
the block, so that a replay decides the same.
"""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas import records as r
from schemas.codec import Serde, Undecodable
from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import Bounds, Ends, LogReader
from streams.runtime.block import Block
from streams.runtime.put_back import OVERTAKEN, Subject
from streams.runtime.stage import Stage


class Log(Protocol):
    """The topics that are searched: a broker's, but where a block is folded without one."""

    async def ends(self, partitions: Collection[TopicPartition], /) -> Ends:
        """Return the ends of partitions, once the transactions that are open there now have ended."""

    def between(self, bounds: Bounds, /) -> AsyncGenerator[ConsumerRecord, None]:
        """Yield the committed records within bounds."""


@dataclass(frozen=True, slots=True)
class _Broker:
    """The topics of a broker. Raises KafkaError, StillOpen."""

    kafka: str

    async def ends(self, partitions: Collection[TopicPartition]) -> Ends:
        return await settled_ends(self.kafka, partitions)

    async def between(self, bounds: Bounds) -> AsyncGenerator[ConsumerRecord, None]:
        async with LogReader.of(self.kafka) as reader, aclosing(reader.between(bounds)) as found:
            async for raw in found:
                yield raw


@dataclass(frozen=True, slots=True)
class _Search:
    """A retry of a stage, and the subject to search for on its behalf, None if it makes no difference."""

    raw: ConsumerRecord
    retry: r.Retry
    stage: Stage
    about: Subject | None

    @property
    def unseen(self) -> int:
        """The first offset behind the record that the sender had not seen: usually a very recent one."""
        return max(self.retry.seen, self.retry.offset + 1)


async def prepare(block: Block, positions: Mapping[str, int], log: Log | None = None) -> None:
    """Fetch the schemas that these records need, again, and search for records that have overtaken them.

    Raises RegistryUnavailable, KafkaError, StillOpen.
    """
    searches, log = await _searches(block), log or _Broker(block.context.settings.kafka)
    newest = await _newest(block, [one for one in searches if one.about], positions, log)
    found = [one.raw.offset for one in searches if one.about and newest.get(one.about, -1) >= one.unseen]
    if found:
        block.recorded_settings = {**block.recorded_settings, OVERTAKEN: " ".join(map(str, found))}


async def _searches(block: Block) -> list[_Search]:
    codec, found = block.context.codec, []
    await codec.learn(raw.value for raw in block.raws)
    for raw in (raw for raw in block.raws if block.topology.retries and raw.topic == block.topology.retries.name):
        with suppress(Undecodable):
            retry = codec.decode(raw.value)
            if isinstance(retry, r.Retry) and (stage := block.topology.stage(retry.stage)):
                await codec.learn([retry.value], refresh=True)
                found.append(_Search(raw, retry, stage, _about(block, stage, retry)))
    return found


def _about(block: Block, stage: Stage, retry: r.Retry) -> Subject | None:
    if retry.later or retry.partition != block.partition:
        return None
    about = subject(stage, retry.topic, retry.value, block.context.codec)
    return None if about is None else (stage.name, retry.topic, retry.key, about)


async def _newest(
    block: Block, searches: Collection[_Search], positions: Mapping[str, int], log: Log
) -> dict[Subject, int]:
    """Return the offset of the last record about each of these that no sender had seen and the stage has folded.

    Each partition is read once for all.
    """
    if not searches:
        return {}
    codec, newest = block.context.codec, {}
    stages = {one.stage.name: one.stage for one in searches}
    keys = {(one.retry.topic, one.retry.key) for one in searches}
    async with aclosing(log.between(await _bounds(block, searches, positions, log))) as found:
        async for raw in found:
            if (raw.topic, raw.key) in keys:
                await codec.learn([raw.value])
                for name, stage in stages.items():
                    if about := subject(stage, raw.topic, raw.value, codec):
                        newest[name, raw.topic, raw.key, about] = raw.offset
    return newest


async def _bounds(block: Block, searches: Collection[_Search], positions: Mapping[str, int], log: Log) -> Bounds:
    """Return the offsets to search: up to the position, or all that was produced to a topic that is handed on.

    The markers of the last block's transaction come a moment after its commit: until then its records are hidden.
    """
    handed = {TopicPartition(one.retry.topic, block.partition) for one in searches}
    handed = {tp for tp in handed if tp.topic in block.topology.handed}
    ends = await log.ends(handed) if handed else {}
    bounds: Bounds = {}
    for one in searches:
        tp = TopicPartition(one.retry.topic, one.retry.partition)
        end = ends.get(tp, positions.get(tp.topic, 0))
        if one.unseen < end:
            bounds[tp] = min(one.unseen, bounds.get(tp, (end, end))[0]), end
    return bounds


def subject(stage: Stage, topic: str, message: bytes | None, codec: Serde) -> str | None:
    """Return the subject of an input's record, None if unknown; see ``Stage.on``."""
    about, folds = stage.about.get(topic), stage.wanted.get(topic)
    if about is None:
        return None
    with suppress(Undecodable):
        record = codec.decode(message)
        return about(record) if not folds or isinstance(record, folds) else None
    return None
