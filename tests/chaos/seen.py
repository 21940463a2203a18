"""What was committed on the topics, and in which order the stages of a topology folded it."""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from domain import times
from domain.decision import VERSION
from domain.recurrence.awaiting import Awaiting
from domain.recurrence.derived import CLOSING, derived
from domain.store import Store
from domain.tasks import TASK
from domain.user import User
from schemas import records as r
from schemas.topics import SERIES_NOTICES, TASK_COMMANDS, TASK_EVENTS, TASK_FOLLOWUPS
from streams import topologies
from streams.runtime import Topology
from tests.unit.domain.given import awaiting_in_memory, in_memory

ALONE = " ".join(topologies.STAGES)
"""The grouping in which each stage is alone."""
COMMANDS = (*TASK_COMMANDS.records, *TASK_FOLLOWUPS.records)

Passing = tuple[str, Any]
"""A record, and the topic that it is on."""


@dataclass(frozen=True)
class Entry:
    """A committed record and its place."""

    partition: int
    offset: int
    value: Any


@dataclass(frozen=True)
class Seen:
    """The log since some moment, by topic; each partition in its order. ``users`` began after it.

    ``grouping`` is ``RONDO_TOPOLOGIES`` of the workers that wrote it.
    """

    topics: Mapping[str, Sequence[Entry]]
    users: frozenset[str]
    grouping: str = ""

    def of(self, topic: str) -> list[Any]:
        """Return the users' records on a topic."""
        return [entry.value for entry in self.topics.get(topic, ()) if entry.value.user in self.users]

    def within(self, topic: str, partition: int, first: int, last: int) -> Sequence[Entry]:
        """Return the entries from offset ``first`` to ``last`` of one partition."""
        entries = self._partitions.get((topic, partition), [])
        begin, end = (bisect_left(entries, offset, key=lambda entry: entry.offset) for offset in (first, last + 1))
        return entries[begin:end]

    @cached_property
    def _partitions(self) -> dict[tuple[str, int], list[Entry]]:
        found: dict[tuple[str, int], list[Entry]] = defaultdict(list)
        for topic, entries in self.topics.items():
            for entry in entries:
                found[topic, entry.partition].append(entry)
        return found

    def by_user(self, topic: str) -> dict[str, list[Any]]:
        """Return the users' records on a topic, each user's in order."""
        found: dict[str, list[Any]] = {user: [] for user in self.users}
        for record in self.of(topic):
            found[record.user].append(record)
        return found

    @property
    def topologies(self) -> Sequence[Topology]:
        """The topologies of the workers that wrote it."""
        return topologies.parsed(self.grouping)

    def folded(self, stage: str) -> list[Any]:
        """Return the users' records that the topology of a stage folds, in order: its inputs, as its blocks say.

        With the stage tasks in it, what that emits follows behind the input that led to it, and what is handed on to it
        behind that.
        """
        inputs = topologies.find(stage).inputs
        return [record for topic, record in self.passing(stage) if topic in inputs]

    def passing(self, stage: str) -> list[Passing]:
        """Return all records that pass through the topology of a stage, in order, with their topics."""
        return self._folded[next(one.name for one in self.topologies if one.stage(stage))]

    @cached_property
    def _folded(self) -> dict[str, list[Passing]]:
        return {one.name: [*self._passing(one)] for one in self.topologies if one.blocks}

    def _passing(self, topology: Topology) -> Iterator[Passing]:
        store, decides = in_memory(), topology.stage("tasks") is not None
        series, derives = Series(), TASK_FOLLOWUPS.name in topology.handed
        for read in self._inputs(topology):
            passing = deque([read])
            while passing:
                yield (one := passing.popleft())
                passing += ((TASK_EVENTS.name, each) for each in _decided(store, one[1])) if decides else ()
                passing += ((TASK_FOLLOWUPS.name, each) for each in series.derived(*one)) if derives else ()

    def _inputs(self, topology: Topology) -> Iterator[Passing]:
        """Yield the users' records in the order in which the blocks of a topology took them.

        But for dead letters that are sent again: see ``_set_aside`` of the oracle.
        """
        assert topology.blocks
        for one in self.topics.get(topology.blocks.name, ()):
            for entry in self.within(one.value.topic, one.partition, one.value.first, one.value.last):
                if entry.value.user in self.users and not isinstance(entry.value, r.Retry):
                    yield one.value.topic, entry.value


def _decided(store: Store, record: Any) -> list[Any]:
    """Return what the stage tasks emits for a record."""
    user = User(store, record.user)
    if isinstance(record, r.TaskNotice):
        return [*user.purge(record)]
    decision = user.decide(record) if isinstance(record, COMMANDS) else None
    return [*decision.events, decision.outcome] if decision else []


class Series:
    """What the stage recurrence emits for the records of its topics, folded in their order."""

    def __init__(self) -> None:
        self.store = awaiting_in_memory()
        self._awaiting = Awaiting(self.store, VERSION, times.tzdata_version())

    def derived(self, topic: str, record: Any) -> list[Any]:
        """Return the commands that a record leads to: at most one."""
        command: Any = None
        if topic == SERIES_NOTICES.name:
            command = self._awaiting.decide(record)
        elif topic == TASK_EVENTS.name and isinstance(record, (*TASK.events, r.SettingsUpdated)):
            command = derived(record, VERSION) if isinstance(record, CLOSING) else None
            self._awaiting.follow(record)
        return [command] if command else []
