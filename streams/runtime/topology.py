"""A topology: stages that run as one, as the processors of a Kafka Streams sub-topology do.

It has one consumer group, one task a partition, one changelog and one pair of producers. A topic that one of its stages
writes and one reads is handed on in memory, decoded and in order, within the block: only the others are inputs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from aiokafka import TopicPartition
from msgspec import Struct

from schemas import topics
from schemas.codec import Serde
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.runtime.backfill import Backfill
from streams.runtime.put_back import put_back
from streams.runtime.settings import Settings
from streams.runtime.stage import Fold, MakeStore, Stage


class Reader(NamedTuple):
    """A stage that reads a topic, the record types that it folds, empty for all, and the function that folds them."""

    stage: Stage
    wanted: tuple[type[Struct], ...]
    fold: Fold


class WrongTopology(ValueError):
    """Stages that can't run as one, or a stage that runs nowhere or twice."""


@dataclass(frozen=True)
class Topology:
    """Stages that run as one. A record passes them in this order. Raises ``WrongTopology``.

    It freezes its stages: see ``Stage``.
    """

    name: str
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if len(names) > len({*names}):
            raise WrongTopology(f"The topology {self.name} names a stage twice: {', '.join(names)}.")
        for stage in self.stages if len(names) > 1 else ():
            if reason := stage.alone:
                raise WrongTopology(f"The topology {self.name} groups {stage.name} with others, but {reason}.")
        for stage in self.stages:
            stage.freeze()

    @classmethod
    def of(cls, stage: Stage) -> Self:
        """Return the topology of a stage alone, which has its name."""
        return cls(stage.name, (stage,))

    def stage(self, name: str) -> Stage | None:
        """Return its stage with a name."""
        return next((stage for stage in self.stages if stage.name == name), None)

    @cached_property
    def writes(self) -> tuple[Topic, ...]:
        """The topics that only this topology produces to."""
        return _once(topic for stage in self.stages for topic in stage.writes)

    @cached_property
    def handed(self) -> frozenset[str]:
        """The topics whose records are handed on in memory, besides being produced."""
        outside = {topic for stage in self.stages for topic in stage.outside}
        read = {topic for stage in self.stages for topic in stage.reads}
        return frozenset(topic.name for topic in self.writes if topic in read - outside)

    @cached_property
    def reads(self) -> tuple[Topic, ...]:
        """Its inputs: the topics that its consumer reads."""
        return _once(topic for stage in self.stages for topic in stage.reads if topic.name not in self.handed)

    @cached_property
    def readers(self) -> Mapping[str, tuple[Reader, ...]]:
        """The stages that fold each topic's records, in order, for topics that are handed on, too."""
        return MappingProxyType({name: tuple(self._readers_of(name)) for name in self.topic})

    def _readers_of(self, topic: str) -> Iterator[Reader]:
        for stage in self.stages:
            if stage.retries and stage.retries.name == topic:
                yield Reader(stage, (), put_back)
            elif topic in stage.folds:
                yield Reader(stage, stage.wanted[topic], stage.folds[topic])

    @cached_property
    def folded_by(self) -> Mapping[str, Mapping[type[Struct], tuple[Reader, ...]]]:
        """The stages that fold each type of each topic's records, in order: none for a type that all pass over."""
        return MappingProxyType({name: self._folded_by(topic) for name, topic in self.topic.items()})

    def _folded_by(self, topic: Topic) -> Mapping[type[Struct], tuple[Reader, ...]]:
        readers = self.readers[topic.name]
        return MappingProxyType(
            {kind: tuple(one for one in readers if not one.wanted or kind in one.wanted) for kind in topic.records}
        )

    @cached_property
    def passed_over(self) -> Mapping[str, frozenset[type[Struct]]]:
        """The types of each topic's records that no stage folds."""
        return MappingProxyType(
            {name: frozenset(kind for kind in by if not by[kind]) for name, by in self.folded_by.items()}
        )

    @cached_property
    def ending(self) -> tuple[Stage, ...]:
        """The stages that end a block."""
        return tuple(stage for stage in self.stages if stage.end)

    @cached_property
    def topic(self) -> Mapping[str, Topic]:
        """Every topic that its stages read, by name."""
        return MappingProxyType({topic.name: topic for stage in self.stages for topic in stage.reads})

    @cached_property
    def retries(self) -> Topic | None:
        """The input of retried dead letters."""
        return next((stage.retries for stage in self.stages if stage.retries), None)

    @cached_property
    def timed(self) -> tuple[Stage, ...]:
        """The stages that have timers."""
        return tuple(stage for stage in self.stages if stage.timers)

    @cached_property
    def backfills(self) -> tuple[Backfill, ...]:
        """The indexes that a state of an earlier version lacks."""
        return tuple(one for stage in self.stages for one in stage.backfills)

    @cached_property
    def opened(self) -> tuple[Stage, ...]:
        """The stages that may fire a timer when a task is opened."""
        return tuple(stage for stage in self.stages if stage.opened)

    @cached_property
    def timers(self) -> tuple[bytes, ...]:
        """The prefixes of the keys of timers in the state."""
        return tuple(stage.timers.prefix for stage in self.timed if stage.timers)

    @cached_property
    def store(self) -> MakeStore | None:
        """Returns the store of a partition's state, None for the default."""
        return self.stages[0].store

    @cached_property
    def mixes(self) -> bool:
        """Whether a block takes from all inputs at once."""
        return self.stages[0].mixes

    @cached_property
    def keeps_state(self) -> bool:
        """Whether it has its own state, in RocksDB with a changelog."""
        return self.stages[0].keeps_state

    def serde(self, registry: Registry) -> Serde:
        """Return the codec of its records."""
        return self.stages[0].serde(registry)

    def recorded(self, settings: Settings) -> dict[str, str]:
        """Return the settings that affect decisions, recorded for replay."""
        found: dict[str, str] = {}
        for stage in self.stages:
            found |= stage.recorded(settings) if stage.recorded else {}
        return found

    @cached_property
    def changelog_name(self) -> str:
        """The name of its changelog."""
        return topics.changelog(self.name, ()).name

    @cached_property
    def changelog(self) -> Topic:
        """The topic that its state is restored from."""
        return topics.changelog(self.name, _once(kept for stage in self.stages for kept in stage.kept))

    @cached_property
    def blocks(self) -> Topic | None:
        """The topic that records its blocks: how its inputs were interleaved, and when timers fired."""
        return topics.blocks(self.name) if self.keeps_state else None

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        """Every topic that it reads or writes."""
        own = (self.changelog, *((self.blocks,) if self.blocks else ())) if self.keeps_state else ()
        return _once((*self.reads, *self.writes, *own, topics.DEAD_LETTERS))

    def partitions(self, number: int) -> set[TopicPartition]:
        """Return the partitions that one task reads and writes: an unfinished transaction there hides records."""
        numbered = {*(self.topics if self.keeps_state else self.reads)} - {topics.DEAD_LETTERS}
        found = {TopicPartition(topic.name, number) for topic in numbered}
        return found | ({TopicPartition(topics.DEAD_LETTERS.name, 0)} if self.keeps_state else set())


def stages_of(topology: Topology) -> tuple[str, ...]:
    """Return the names of a topology's stages, in their order."""
    return tuple(stage.name for stage in topology.stages)


def grouping_of(topologies: Iterable[Topology]) -> str:
    """Return how stages are grouped, as in RONDO_TOPOLOGIES."""
    groups = ((one.name, stages_of(one)) for one in topologies)
    return " ".join(name if stages == (name,) else f"{name}={','.join(stages)}" for name, stages in groups)


def _once(found: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(found))
