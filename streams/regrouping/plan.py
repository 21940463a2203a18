"""Plans a regrouping: which topologies end, which begin, and at which positions they go on."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from aiokafka import TopicPartition

from schemas.codec import Serde
from schemas.kafka.log_reader import LogReader
from schemas.topics import Topic
from streams.regrouping.held import Held
from streams.replay.fold import recordable
from streams.runtime import Stage, Topology
from streams.runtime.topology import stages_of

Offsets = dict[str, int]
"""The next offset to read, by topic."""


class NotRegroupable(RuntimeError):
    """The log can't be regrouped now, or not like this; the text says what to do."""


@dataclass(frozen=True)
class Plan:
    """The topologies that a regrouping ends and begins; a topology that stays is in neither."""

    former: tuple[Topology, ...]
    wanted: tuple[Topology, ...]
    grouping: str
    """All topologies, also those that stay, as in RONDO_TOPOLOGIES."""

    def owner(self, stage: Stage) -> Topology | None:
        """Return the topology that a stage ran in, None if it has not run yet."""
        return next((one for one in self.former if one.stage(stage.name)), None)

    def formers(self, topology: Topology) -> list[Topology]:
        """Return the topologies that a topology's stages ran in."""
        found = (self.owner(stage) for stage in topology.stages)
        return list(dict.fromkeys(one for one in found if one))

    def resumes(self, topology: Topology) -> bool:
        """Return whether a topology goes on as it was, as a regrouping that did not end has only frozen it."""
        return self.formers(topology) == [topology]


def made(held: Iterable[Held], topologies: Sequence[Topology], grouping: str) -> Plan:
    """Return the plan for a log whose states are ``held``. Raises ``NotRegroupable``."""
    kept = [one for one in topologies if one.keeps_state]
    stages = {stage.name: stage for one in kept for stage in one.stages}
    current = {one.name: one for one in held if one.is_current}
    stay = {one.name for one in kept if one.name in current and _stays(current[one.name], one)}
    _check_once(current.values())
    former = [_topology(one, stages) for name, one in current.items() if name not in stay]
    begun = {stage.name for one in former for stage in one.stages}
    wanted = [one for one in kept if one.name not in stay and begun & {stage.name for stage in one.stages}]
    return Plan(tuple(former), tuple(wanted), grouping)


def _check_once(current: Iterable[Held]) -> None:
    found: dict[str, str] = {}
    for one in current:
        for stage in one.stages:
            if (other := found.setdefault(stage, one.name)) != one.name:
                raise NotRegroupable(
                    f"Both topologies {other} and {one.name} have a state of the stage {stage}: begin with an empty "
                    "log, or with a backup."
                )


def _stays(held: Held, topology: Topology) -> bool:
    return held.is_open and held.stages == stages_of(topology)


def forgotten(held: Iterable[Held], topologies: Sequence[Topology]) -> dict[Topology, list[int]]:
    """Return the topologies that are not to be and only claim partitions, and these: no worker of theirs withdraws."""
    stages = {stage.name: stage for one in topologies for stage in one.stages}
    names = {one.name for one in topologies}
    claiming = [one for one in held if one.claimed and not one.is_current and one.name not in names]
    return {_topology(one, stages): one.claimed for one in claiming if {*one.stages} <= stages.keys()}


def _topology(held: Held, stages: Mapping[str, Stage]) -> Topology:
    if unknown := {*held.stages} - stages.keys():
        raise NotRegroupable(
            f"The topology {held.name} has the stages {', '.join(sorted(unknown))}, which this Rondo does not know: "
            "regroup with the version that ran last."
        )
    return Topology(held.name, tuple(stages[name] for name in held.stages))


@dataclass(frozen=True)
class Reading:
    """Reads what stages have not read yet: from the log, in a partition."""

    reader: LogReader
    codec: Serde
    number: int

    async def begins(self, plan: Plan, positions: Mapping[str, Mapping[str, int]]) -> dict[str, Offsets]:
        """Return the positions that each new topology begins with, by the former ones'.

        Raises ``NotRegroupable`` if a stage has not read yet what is handed on to it from now on, or what others that
        it is grouped with have read.
        """
        names = {topic.name for one in (*plan.former, *plan.wanted) for topic in (*one.reads, *one.writes)}
        found = await self.reader.ends(TopicPartition(name, self.number) for name in names)
        ends = {tp.topic: end for tp, end in found.items()}
        return {one.name: await self._begin(plan, one, ends, positions) for one in plan.wanted}

    async def _begin(
        self, plan: Plan, topology: Topology, ends: Mapping[str, int], positions: Mapping[str, Mapping[str, int]]
    ) -> Offsets:
        begin: Offsets = {}
        for name, topic in topology.topic.items():
            read = {stage: _position(plan.owner(stage), name, ends, positions) for stage in _readers(topology, topic)}
            begin[name] = ends[name] if name in topology.handed else max(read.values())
            for stage, at in read.items():
                if (offset := await self._first(stage, name, at, begin[name])) is not None:
                    raise NotRegroupable(_unread(stage, plan.owner(stage), f"{name}/{self.number}", offset))
        return {topic.name: begin[topic.name] for topic in recordable(topology)}

    async def _first(self, stage: Stage, topic: str, begin: int, end: int) -> int | None:
        """Return the offset of the first record between these that a stage folds, None if there is none."""
        wanted = stage.wanted.get(topic, ())
        async with aclosing(self.reader.between({TopicPartition(topic, self.number): (begin, end)})) as unread:
            async for raw in unread:
                await self.codec.learn([raw.value])
                kind = self.codec.kind(raw.value)
                if not wanted or kind is None or kind in wanted:
                    return int(raw.offset)
        return None


def _readers(topology: Topology, topic: Topic) -> list[Stage]:
    return [stage for stage in topology.stages if topic in stage.reads]


def _position(
    owner: Topology | None, topic: str, ends: Mapping[str, int], positions: Mapping[str, Mapping[str, int]]
) -> int:
    """Return the next offset that a topology's stages read of a topic: all that was handed on has been read."""
    if owner is None:
        return 0
    return ends[topic] if topic in owner.handed else positions[owner.name].get(topic, 0)


def _unread(stage: Stage, owner: Topology | None, partition: str, offset: int) -> str:
    run = "Group the stages as before" if owner else f"Let {stage.name} run as a topology of its own"
    return (
        f"The stage {stage.name} has not read {partition} from {offset} on. {run}, start the workers, wait "
        "until `rondo lag` shows no lag, stop them, and regroup then."
    )
