"""How far the stages are behind, by their own positions: on their changelogs, for views in Postgres.

Group offsets are not asked, as nobody commits them. No worker has to run, and nothing is written.
"""

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

import asyncpg
from aiokafka import TopicPartition

from postgres import writer
from schemas import records as r
from schemas.codec import Codec
from schemas.registry.client import Registry
from streams.runtime import Stage
from streams.runtime.kafka import POSITION
from streams.slices import Slices

_WINDOW = 10  # offsets from the end of a changelog: every block ends with its position


class NoViews(RuntimeError):
    """Postgres can't be asked for the positions of views."""


@dataclass(frozen=True, slots=True)
class Lag:
    """Where a stage stands in one partition of an input: ``age`` in seconds, the others are offsets.

    ``lag`` counts from the first record that waits; it is negative where the position is beyond the log. ``age`` is
    that record's, by its own time, None where none waits.
    """

    stage: str
    topic: str
    partition: int
    position: int
    end: int
    lag: int
    age: float | None


async def lags(kafka: str, registry: str, postgres: str, stages: Iterable[Stage], now: int) -> list[Lag]:
    """Return the lag of every input of these stages at ``now`` (ms since 1970).

    Raises KafkaConnectionError, RegistryUnavailable, ``NoViews``.
    """
    client = Registry(registry)
    try:
        async with Slices.of(kafka) as slices:
            return [
                await _lag(slices, stage.name, tp, position, now)
                for stage in stages
                for tp, position in (await _positions(slices, Codec(client), postgres, stage)).items()
            ]
    finally:
        await client.aclose()


async def _positions(slices: Slices, codec: Codec, postgres: str, stage: Stage) -> dict[TopicPartition, int]:
    """Return a stage's positions in every partition of its inputs, 0 where it never was."""
    found = {tp: 0 for topic in stage.reads for tp in slices.numbered(topic.name)}
    if not stage.keeps_state:
        return found | {tp: at for tp, at in (await _in_postgres(postgres)).items() if tp in found}
    changelog = slices.numbered(stage.changelog.name)
    for tp, (begin, end) in (await slices.bounds(changelog)).items():
        if raw := await _newest(slices, tp, begin, end):
            await codec.learn([raw])
            offsets = cast("r.Position", codec.decode(raw)).offsets
            found |= {TopicPartition(topic, tp.partition): at for topic, at in offsets.items()}
    return found


async def _newest(slices: Slices, changelog: TopicPartition, begin: int, end: int) -> bytes | None:
    """Return the last position on a changelog, looked for in ever larger windows at its end."""
    window, start, found = _WINDOW, end, None
    while found is None and start > begin:
        start = max(begin, end - window)
        async for record in slices.between(changelog, start, end):
            found = record.value if record.key == POSITION else found
        window *= 100
    return found


async def _in_postgres(postgres: str) -> dict[TopicPartition, int]:
    try:
        connection = await asyncpg.connect(postgres, timeout=10)
        try:
            rows = await writer.all_positions(connection)
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:  # its address has a password: it is not told
        raise NoViews(f"Postgres does not tell the positions of views ({type(error).__name__}): {error}") from None
    return {TopicPartition(topic, partition): position for (topic, partition), position in rows.items()}


async def _lag(slices: Slices, stage: str, tp: TopicPartition, position: int, now: int) -> Lag:
    _, end = (await slices.bounds([tp]))[tp]
    async with aclosing(slices.between(tp, position, end)) as waiting:
        first = await anext(waiting, None)
    if first is None:
        return Lag(stage, tp.topic, tp.partition, position, end, min(0, end - position), None)
    return Lag(stage, tp.topic, tp.partition, position, end, end - first.offset, max(0, now - first.timestamp) / 1000)
