"""A consistent cut through what a running stage has written.

A block's output, state and position are one transaction, but a transaction becomes visible partition by partition. So
the ends of the outputs are read first, then those of the changelogs once every transaction that had begun by then has
ended, then those of all again. What is below the first ends follows from the state at the second; what follows from
that state is below the third.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka import TopicPartition

from streams.kafka.hidden import settled_ends
from streams.kafka.log_reader import Ends, ends
from streams.runtime import Stage


@dataclass(frozen=True)
class Cut:
    """Where a stage's topics ended: ``seen`` before its changelogs were looked at, ``all`` after."""

    seen: Ends
    changelogs: Ends
    all: Ends


async def cut(kafka: str, stage: Stage, partitions: Iterable[int]) -> Cut:
    """Fix the ends of a stage's topics in these partitions."""
    numbers = list(partitions)

    def of(*names: str) -> list[TopicPartition]:
        return [TopicPartition(name, number) for name in names for number in numbers]

    outputs = [topic.name for topic in stage.writes]
    every = {*outputs, *(topic.name for topic in stage.reads), *((stage.blocks.name,) if stage.blocks else ())}
    seen = await ends(kafka, of(*outputs))
    changelogs = await settled_ends(kafka, of(stage.changelog.name))
    return Cut(seen, changelogs, await settled_ends(kafka, of(*sorted(every))))
