"""However often and whenever stages are regrouped, the topics hold the same as if they never had been."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import records as r
from schemas.kafka.log_reader import LogReader
from streams.regrouping import NotRegroupable, plan
from streams.regrouping.held import Held
from streams.regrouping.transfer import differing
from streams.runtime import Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.tables import stage_of
from streams.runtime.topology import grouping_of, stages_of
from streams.topologies import find, parsed
from tests.chaos.load import People
from tests.unit.runtime.test_grouping import BEGIN, CORE, PAUSE, Grouping, Machine, groupings, lived

ALONE = "tasks recurrence reminders audit"
GROUPINGS = [*groupings(CORE)]


class Reader:
    """Reads the topics of a machine as a ``LogReader`` those of a broker."""

    def __init__(self, topics: dict[str, list[ConsumerRecord]]) -> None:
        self._topics = topics

    async def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: len(self._topics.get(tp.topic, ())) for tp in partitions}

    async def between(self, bounds: dict[TopicPartition, tuple[int, int]]) -> AsyncGenerator[ConsumerRecord, None]:
        for tp, (start, end) in bounds.items():
            for record in self._topics.get(tp.topic, [])[start:end]:
                yield record


class Regrouped(Machine):
    """A machine whose stages can be regrouped; the states of former topologies stay, as their changelogs do."""

    async def regroup(self, grouping: Grouping, unread: Topology | None = None) -> None:
        """Regroup; ``unread`` is a topology that has never run."""
        wanted = [Topology(group[0], tuple(map(find, group))) for group in grouping]
        states = [self._held(one) for one in self.topologies if one is not unread]
        found = plan.made(states, wanted, grouping_of(wanted))
        offsets = {one.name: dict(self._held(one).positions[0].offsets) for one in found.former}
        reading = plan.Reading(cast("LogReader", Reader(self.topics)), self.codec, 0)
        begins = await reading.begins(found, offsets)
        self.topologies = wanted
        await self.prepare()
        for one in found.wanted:
            self._fill(found, one)
            self.positions |= {(one.name, topic): offset for topic, offset in begins[one.name].items()}

    def _held(self, topology: Topology) -> Held:
        offsets = {topic.name: self.positions.get((topology.name, topic.name), 0) for topic in topology.reads}
        return Held(topology.name, stages_of(topology), {0: r.Position(offsets, stages_of(topology))})

    def _fill(self, found: plan.Plan, topology: Topology) -> None:
        owners = ((stage, found.owner(stage)) for stage in topology.stages)
        sources = {stage.name: self.states[owner.name] for stage, owner in owners if owner}
        if topology.name not in self.states:
            self.states[topology.name] = StateStore(self.context.settings.data / topology.name, topology.timers)
        state = self.states[topology.name]
        state.write(dict(differing(topology, state, sources)), 0, 0)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        for one in self.topologies:
            own = self.states[one.name].items()
            yield from ((key, value) for key, value in own if one.stage(stage_of(key)))


@contextmanager
def machine(grouping: Grouping, seed: int) -> Iterator[Regrouped]:
    with TemporaryDirectory(prefix="rondo-test-") as at:
        made = Regrouped(grouping, Path(at), seed)
        try:
            yield made
        finally:
            for state in made.states.values():
                state.close()


async def regrouped(made: Regrouped, grouping: Grouping) -> None:
    """Regroup, at the latest once all stages have read what is there."""
    try:
        await made.regroup(grouping)
    except NotRegroupable:
        made.run(0)
        await made.regroup(grouping)


async def lived_in(chosen: list[Grouping], seed: int, days: int) -> tuple[dict[str, list[Any]], dict[bytes, bytes]]:
    """What there is after the life of ``lived``, in these groupings one after the other, changed at any moment."""
    with machine(chosen[0], seed) as made:
        await made.prepare()
        people, now, left = People(f"grouping {seed}", 1, by_calendar=False), BEGIN, chosen[1:]
        moments = sorted(made.chance.sample(range(days * 13 * 2), len(left)))
        moment = -1

        async def passes() -> None:
            nonlocal moment
            moment += 1
            if left and moments[0] == moment:
                moments.pop(0)
                await regrouped(made, left.pop(0))

        for _ in range(days):
            for _ in range(12):
                now += 1
                made.say(people.next(now))
                await passes()  # a command waits, and may be a part of what it leads to
                made.run(0)
                await passes()
            now += PAUSE
            await passes()  # timers have come, and nobody has looked
            made.run(now)
            await passes()
        assert not left
        return made.written(), made.kept()


@settings(max_examples=5, deadline=None)
@given(chosen=st.lists(st.sampled_from(GROUPINGS), min_size=2, max_size=5), seed=st.integers(0, 10_000))
async def test_however_stages_are_regrouped_the_topics_hold_the_same(chosen: list[Grouping], seed: int):
    assert await lived_in(chosen, seed, 3) == await lived((CORE,), seed, 3, at_once=True)


async def test_every_grouping_follows_every_other_and_nothing_changes():
    assert await lived_in([*GROUPINGS, *reversed(GROUPINGS)], 1, 3) == await lived((CORE,), 1, 3, at_once=True)


async def test_a_stage_that_is_behind_must_read_before_it_is_handed_records():
    with machine(tuple((stage,) for stage in CORE), 1) as made:
        await made.prepare()
        made.say(People("behind", 1).next(BEGIN))
        made._advance(made.topologies[0], 0)
        with pytest.raises(NotRegroupable, match=r"The stage recurrence has not read task-events/0 from 0 on\. Group"):
            await made.regroup((CORE,))
        made.run(0)
        await made.regroup((CORE,))


@pytest.mark.parametrize("later", ["reminders", "audit"])
async def test_a_stage_that_is_added_later_reads_the_log_from_its_beginning_and_is_then_grouped(later: str):
    """It handles nothing twice and misses nothing; what it leads to is the same as if it had always run there."""
    with machine((tuple(stage for stage in CORE if stage != later),), 1) as made:
        await made.prepare()
        people = People("later", 1)
        for number in range(20):
            made.say(people.next(BEGIN + number))
        made.run(0)
        before = {topic: [*raws] for topic, raws in made.topics.items()}
        added = Topology.of(find(later))
        made.topologies.append(added)
        made.states[later] = StateStore(made.context.settings.data / later, added.timers)
        await made.prepare()
        with pytest.raises(
            NotRegroupable, match=rf"{later} has not read .*\. Let {later} run as a topology of its own"
        ):
            await made.regroup((CORE,), unread=added)
        made.run(0)
        assert all(made.topics[topic][: len(raws)] == raws for topic, raws in before.items())
        await made.regroup((CORE,))
        said = len(made.topics[added.writes[0].name])
        assert said > 0
        made.run(0)
        assert len(made.topics[added.writes[0].name]) == said
        for number in range(20, 40):
            made.say(people.next(BEGIN + number))
        made.run(BEGIN + PAUSE)
        together = made.written()[added.writes[0].name]
    assert sorted(together, key=repr) == sorted((await said_by((CORE,), later)), key=repr)


async def said_by(grouping: Grouping, stage: str) -> list[Any]:
    """What a stage writes that runs in a grouping from the beginning on."""
    with machine(grouping, 1) as made:
        await made.prepare()
        people = People("later", 1)
        for number in range(40):
            made.say(people.next(BEGIN + number))
            made.run(0)
        made.run(BEGIN + PAUSE)
        return made.written()[find(stage).writes[0].name]


def held(topology: Topology, standing: r.Standing = r.Standing.OPEN) -> Held:
    position = r.Position({"task-commands": 1}, stages_of(topology), standing)
    return Held(topology.name, stages_of(topology), {0: position})


def grouped(text: str) -> list[Topology]:
    return [*parsed(f"{text} notify views")]


def planned(found: plan.Plan) -> tuple[list[str], list[str]]:
    return [one.name for one in found.former], [one.name for one in found.wanted]


@pytest.mark.parametrize(
    ("before", "wanted", "former", "begun"),
    [
        ("core=tasks,recurrence,reminders,audit", "core=tasks,recurrence,reminders,audit", [], []),
        ("a=tasks,recurrence b=reminders,audit", "a=tasks,recurrence reminders audit", ["b"], ["reminders", "audit"]),
        ("a=tasks,recurrence b=reminders,audit", "a=reminders,audit b=tasks,recurrence", ["a", "b"], ["a", "b"]),
        ("a=tasks,recurrence b=reminders,audit", "a=recurrence,tasks b=reminders,audit", ["a"], ["a"]),
    ],
)
def test_only_topologies_that_change_end_and_begin(before: str, wanted: str, former: list[str], begun: list[str]):
    states = [held(one) for one in grouped(before) if one.keeps_state]
    assert planned(plan.made(states, grouped(wanted), "")) == (former, begun)


def test_a_regrouping_that_did_not_end_is_finished_into_any_grouping():
    frozen = held(grouped("core=tasks,recurrence,reminders,audit")[0], r.Standing.FROZEN)
    filling = [held(one, r.Standing.FILLING) for one in grouped(ALONE)[:4]]
    for wanted in (ALONE, "a=tasks,recurrence b=reminders,audit"):
        assert planned(plan.made([frozen, *filling], grouped(wanted), ""))[0] == ["core"]
    found = plan.made([frozen, *filling], grouped("core=tasks,recurrence,reminders,audit"), "")
    assert planned(found) == (["core"], ["core"])
    assert found.resumes(found.wanted[0])


def test_states_that_can_not_be_taken_over_are_refused():
    known = Held("old", ("tasks", "summaries"), {0: r.Position({"task-commands": 1}, ("tasks", "summaries"))})
    with pytest.raises(NotRegroupable, match="old has the stages summaries, which this Rondo does not know"):
        plan.made([known], grouped("core=tasks,recurrence,reminders,audit"), "")
    both = [held(one) for one in (*grouped("core=tasks,recurrence,reminders,audit")[:1], *grouped(ALONE)[:1])]
    with pytest.raises(NotRegroupable, match="Both topologies core and tasks have a state of the stage tasks"):
        plan.made(both, grouped("a=tasks,recurrence reminders audit"), "")
