"""The target of a verification, one partition of a topology at one moment, and its result."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import Ends, ends
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import Difference, Differs
from streams.replay.eras import Past, Stages
from streams.runtime import Context, Topology


@dataclass(frozen=True)
class Cut:
    """The ends of a topology's topics: ``seen`` before its changelogs were read, ``all`` after."""

    seen: Ends
    changelogs: Ends
    all: Ends


async def cut(kafka: str, topology: Topology, partitions: Iterable[int]) -> Cut:
    """Return consistent ends of a topology's topics in these partitions, whether it runs or not.

    A block's output, state and position are one transaction, but a transaction becomes visible partition by partition.
    So the ends of the outputs are read first, then those of the changelogs once every transaction that had begun by
    then has ended, then those of all again. Records below the first ends follow from the state at the second; records
    that follow from that state are below the third.
    """
    numbers = list(partitions)

    def of(*names: str) -> list[TopicPartition]:
        return [TopicPartition(name, number) for name in names for number in numbers]

    outputs = [topic.name for topic in topology.writes]
    every = {*outputs, *(topic.name for topic in topology.reads), *((topology.blocks.name,) if topology.blocks else ())}
    seen = await ends(kafka, of(*outputs))
    changelogs = await settled_ends(kafka, of(topology.changelog_name))
    return Cut(seen, changelogs, await settled_ends(kafka, of(*sorted(every))))


@dataclass(frozen=True)
class Target:
    """One partition of a topology, and everything needed to verify it.

    ``stages`` are those that it may have been grouped with before, and ``past`` has the states that this led to.
    """

    context: Context
    topology: Topology
    number: int
    cut: Cut
    dead_letters: DeadLetters
    stages: Stages
    past: Past

    def at(self, topic: str) -> TopicPartition:
        """Return this partition of a topic."""
        return TopicPartition(topic, self.number)

    def differs(self, place: str, reason: str, **more: str | None) -> Differs:
        """Return a difference of this partition, to be raised."""
        return Differs(Difference(self.topology.name, self.number, place, reason, **more))


@dataclass
class Verified:
    """The result of a verification, filled while it runs; it ends at the first difference."""

    topology: str
    partition: int | None = None
    records: int = 0
    outputs: int = 0
    kept: int = 0
    """Keys of the state, or rows."""
    difference: Difference | None = None
    undecided: str | None = None
    """The place from which on outputs and state could not be decided again, and why, as a clause; None if all were."""
    notes: list[str] = field(default_factory=list)
