"""However stages are grouped and blocks are cut, the topics hold the same records in the same order."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from aiokafka.structs import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.folds import Numbers
from schemas.codec import Codec
from schemas.envelope import Envelope, Source, seal
from schemas.registry.client import Registry
from schemas.topics import REMINDERS, TASK_COMMANDS
from streams.runtime import Block, Context, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from streams.topologies import DEFAULT, find
from tests.chaos.load import People

CORE = DEFAULT["core"]
BEGIN, PAUSE = 2_051_222_400_000, 6_000  # 2035-01-01; milliseconds until every reminder that was asked for is due

_NUMBER = 5  # bytes before a record: the number of its schema, which differs

Grouping = tuple[tuple[str, ...], ...]
Sources = dict[str, list[bytes | None]]
"""The sources that the records of each topic name, None for those of users and timers."""


def groupings(stages: tuple[str, ...]) -> Iterator[Grouping]:
    """Every way to group these stages."""
    if not stages:
        yield ()
        return
    first, *rest = stages
    for others in groupings(tuple(rest)):
        yield ((first,), *others)
        for number, group in enumerate(others):
            yield (*others[:number], (first, *group), *others[number + 1 :])


class Machine:
    """One partition of the log, and topologies that fold it in blocks of any size, one after the other."""

    def __init__(self, grouping: Grouping, at: Path, seed: int) -> None:
        self.topologies = [Topology(group[0], tuple(map(find, group))) for group in grouping]
        self.codec = Codec(cast("Registry", Numbers()))
        self.context = Context(Settings(kafka="", registry="", data=at, partitions=1), self.codec)
        self.topics: dict[str, list[ConsumerRecord]] = {}
        self.states = {one.name: StateStore(at / one.name, one.timers) for one in self.topologies}
        self.positions: dict[tuple[str, str], int] = {}
        self.chance = Random(seed)

    async def prepare(self) -> None:
        for topology in self.topologies:
            await self.codec.publish(topology.topics)

    def say(self, command: Any) -> None:
        self.append(TASK_COMMANDS.name, seal(command, self.codec.encode(TASK_COMMANDS.name, command), Source.API))

    def append(self, topic: str, out: Envelope) -> None:
        log = self.topics.setdefault(topic, [])
        log.append(ConsumerRecord(topic, 0, len(log), out.at, 0, out.key, out.value, None, 0, 0, out.headers))

    def open(self, now: int) -> None:
        """Let the stages notice what has changed outside the log."""
        for topology in self.topologies:
            for stage in topology.opened:
                with (block := self.block(topology, [], now)):
                    block.open(stage)
                self.commit(block)

    def run(self, now: int) -> None:
        """Fold until there is nothing left, and no timer is due."""
        while sum(self._advance(one, now) for one in self.chance.sample(self.topologies, len(self.topologies))):
            pass

    def _advance(self, topology: Topology, now: int) -> bool:
        folded = False
        for topic in topology.reads:
            at, most = self.positions.get((topology.name, topic.name), 0), self.chance.randint(1, 5)
            if raws := self.topics.get(topic.name, [])[at : at + most]:
                with (block := self.block(topology, raws, now)):
                    block.fold()
                self.commit(block)
                self.positions[topology.name, topic.name] = at + block.taken
                folded = True
        return folded or bool(sum(self._punctuate(topology, stage, now) for stage in topology.timed))

    def _punctuate(self, topology: Topology, stage: Any, now: int) -> bool:
        with (block := self.block(topology, [], now)):
            block.begin(stage)
            due = list(stage.timers.due(now, self.chance.randint(1, 5)))
            for timer in due:
                block.fire(stage, timer)
            block.end()
        self.commit(block)
        return bool(due)

    def block(self, topology: Topology, raws: list[ConsumerRecord], now: int) -> Block:
        block = Block(topology, self.context, 0, raws, state=self.states[topology.name], now=now)
        block.logged = False
        return block

    def commit(self, block: Block) -> None:
        block.folded.result()
        assert len(block.dead) == 0
        for topic, outputs in block.outputs.items():
            for out in outputs:
                self.append(topic, out)
        self.states[block.topology.name].write(block.changes, 0, 0)

    def written(self) -> dict[str, list[Any]]:
        """What is on the topics, but for the places of sources: they name what a topology read, and not its own."""
        return {topic: [*map(_seen, raws)] for topic, raws in sorted(self.topics.items())}

    def sources(self) -> Sources:
        """The source that each record on the topics names."""
        return {topic: [dict(raw.headers).get("rondo_source") for raw in raws] for topic, raws in self.topics.items()}

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every entry of the states."""
        for state in self.states.values():
            yield from state.items()

    def kept(self) -> dict[bytes, bytes]:
        """What the stages keep, but for what depends on how blocks are cut: cursors, and which ids were dropped."""
        return {
            key: value[_NUMBER:]
            for key, value in sorted(self.items())
            if not key.startswith((b"cursor", b"tasks/remembered", b"tasks/memory"))
        }


def _seen(raw: ConsumerRecord) -> tuple[Any, ...]:
    headers = [(name, value) for name, value in raw.headers if name != "rondo_source"]
    return raw.key, raw.value[_NUMBER:], raw.timestamp, headers


@contextmanager
def machine(grouping: Grouping, seed: int) -> Iterator[Machine]:
    with TemporaryDirectory(prefix="rondo-test-") as at:
        made = Machine(grouping, Path(at), seed)
        try:
            yield made
        finally:
            for state in made.states.values():
                state.close()


async def lived(
    grouping: Grouping, seed: int, days: int, *, at_once: bool
) -> tuple[dict[str, list[Any]], dict[bytes, bytes]]:
    """What there is after some commands, timers, and commands again; ``at_once`` in blocks over several commands."""
    with machine(grouping, seed) as made:
        await live(made, seed, days, at_once=at_once)
        return made.written(), made.kept()


async def live(made: Machine, seed: int, days: int, *, at_once: bool) -> None:
    """Live as ``lived`` says."""
    await made.prepare()
    people, now = People(f"grouping {seed}", 1, by_calendar=False), BEGIN
    for _ in range(days):
        for _ in range(12):
            now += 1
            made.say(people.next(now))
            if not at_once:
                made.run(0)  # nobody acts until it has led to all that it leads to
        made.run(0)
        now += PAUSE
        made.run(now)


@settings(max_examples=12, deadline=None)
@given(grouping=st.sampled_from([*groupings(CORE)]), seed=st.integers(0, 10_000))
async def test_however_stages_are_grouped_and_blocks_are_cut_the_topics_hold_the_same(grouping: Grouping, seed: int):
    together = await lived((CORE,), seed, 3, at_once=True)
    assert await lived(grouping, seed, 3, at_once=False) == together


@pytest.mark.parametrize(
    "grouping", [*groupings(CORE)], ids=lambda grouping: "+".join("-".join(one) for one in grouping)
)
async def test_every_grouping_leads_to_the_same(grouping: Grouping, together: Any, direct: Sources):
    with machine(grouping, 1) as made:
        await live(made, 1, 2, at_once=False)
        assert (made.written(), made.kept()) == together
        assert made.sources() == {topic: list(through(made, topic, direct)) for topic in direct}


@pytest.fixture(scope="module")
async def together() -> Any:
    """What there is where the stages are one topology."""
    return await lived((CORE,), 1, 2, at_once=True)


@pytest.fixture(scope="module")
async def direct() -> Sources:
    """The sources that records name where each stage reads from the log what others write."""
    with machine(tuple((stage,) for stage in CORE), 1) as made:
        await live(made, 1, 2, at_once=False)
        return made.sources()


def through(made: Machine, topic: str, direct: Sources) -> Iterator[bytes | None]:
    """Yield the source that each record of a topic names if what its topology hands on has no offset yet.

    It is the record of the log that led to it, as a command; or a notice of the topology's own, by its id.
    """
    writers = (one for one in made.topologies if topic in {each.name for each in one.writes})
    handed = next((one.handed for one in writers), frozenset())

    def beyond(source: bytes | None) -> bytes | None:
        name, _, at = source.decode().split("/") if source else ("", "", "")
        return beyond(direct[name][int(at)]) if name in handed and at.isdigit() else source

    yield from map(beyond, direct[topic])


async def test_what_a_notice_leads_to_names_it_by_its_id(direct: Sources):
    """However stages are grouped: each reads its own notices as they are handed on."""
    named = [source.decode() for source in direct[REMINDERS.name] if source and b"-notices/" in source]
    assert named
    assert not any(source.rpartition("/")[2].isdigit() for source in named)
