"""A partition's task, whatever happens in any order: each record is folded once in its order, and every way ends."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.structs import ConsumerRecord
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import Struct

from bench.folds import Numbers
from schemas import records as r
from schemas.codec import Codec
from schemas.kafka.latest import Latest
from schemas.registry.client import Registry
from schemas.topics import DEAD_LETTERS, Topic
from streams.runtime import Block, Context, Stage, Topology
from streams.runtime.agents import Agents
from streams.runtime.effects import Effect, Effects
from streams.runtime.metrics import Metrics
from streams.runtime.phases import FOLLOWS, Phase, WrongPhase, follow
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from streams.runtime.task import StreamTask

TOPICS = (Topic("one", "test", (r.CompleteTask,)), Topic("other", "test", (r.CompleteTask,)))
NAMES = tuple(topic.name for topic in TOPICS)
FEW: dict[str, Any] = {"retry_pause": 1e-9, "tick": 60, "block_records": 3, "held_records": 6}
BACK, POISON = "back", "poison"


class Broken(ConnectionError):
    """Something outside fails."""


class Log:
    """A stage's inputs, how far they are folded, and what goes wrong next, by its place."""

    def __init__(self, *topics: Topic) -> None:
        self.codec: Any = Codec(cast("Registry", Numbers()))
        self.codec.log = self
        self.records: dict[str, list[ConsumerRecord]] = {topic.name: [] for topic in topics}
        self.positions: dict[str, int] = dict.fromkeys(self.records, 0)
        self.folded: defaultdict[str, list[int]] = defaultdict(list)
        self.poison: set[tuple[str, int]] = set()
        self.fails: set[str] = set()
        self.wrong: list[str] = []
        self.opened = 0

    def put(self, topic: str, record: Struct) -> int:
        """Append a record, and return its offset."""
        self.append(topic, self.codec.encode(topic, record))
        return len(self.records[topic]) - 1

    def append(self, topic: str, value: bytes) -> None:
        offset = len(self.records[topic])
        self.records[topic].append(ConsumerRecord(topic, 0, offset, 0, 0, b"ann", value, None, 0, 0, ()))

    def take(self, block: Block, positions: dict[str, int]) -> None:
        """Commit a block."""
        if topic := block.topic:
            self._compare(topic, block, [raw.offset for raw in block.raws])
        self.positions = dict(positions)

    def _compare(self, topic: str, block: Block, offsets: list[int]) -> None:
        begin = self.positions[topic]
        if offsets != list(range(begin, begin + len(offsets))):  # the task takes whatever is raised for a fault
            self.wrong.append(f"{offsets} were folded at {begin}.")
        dead = block.dead.envelopes(self.codec, lambda *_: 0)
        aside = [self.codec.decode(letter.value).offset for letter in dead]
        if aside != [at for at in offsets if (topic, at) in self.poison]:
            self.wrong.append(f"Of {offsets} these were dead-lettered: {aside}.")
        self.folded[topic] += offsets

    def come_to(self, place: str) -> None:
        if place in self.fails:
            self.fails.discard(place)
            raise Broken(place)


class Memory:
    """A store in memory: a commit is all or nothing, and its answer may be lost."""

    state: StateStore | None = None
    progress = None

    def __init__(self, _topology: Topology, context: Context, _partition: int) -> None:
        self.log: Log = context.codec.log  # type: ignore[attr-defined]
        self.latest = Latest()
        self.is_open = False

    async def open(self) -> dict[str, int]:
        await asyncio.sleep(0)
        self.log.come_to("open")
        self.log.opened += not self.is_open
        self.is_open = True
        return dict(self.log.positions)

    async def commit(self, block: Block, positions: dict[str, int]) -> dict[str, int]:
        await asyncio.sleep(0)
        self.log.come_to("commit")
        self.log.take(block, positions)
        self.log.come_to("committed")
        return positions

    async def close(self) -> None:
        self.log.opened -= self.is_open
        self.is_open = False


class Stated(Memory):
    """Such a store, with a state on the disk of its worker."""

    def __init__(self, topology: Topology, context: Context, partition: int) -> None:
        super().__init__(topology, context, partition)
        self._at, self._timed = context.settings.data, topology.timers

    async def open(self) -> dict[str, int]:
        positions = await super().open()
        self.state = StateStore(self._at, self._timed)
        return positions

    async def commit(self, block: Block, positions: dict[str, int]) -> dict[str, int]:
        positions = await super().commit(block, positions)
        assert self.state
        self.state.write(block.changes, self.state.changelog + 1, 0)
        return positions

    async def close(self) -> None:
        state, self.state = self.state, None
        if state:
            state.close()
        await super().close()


STAGE = Stage("phases", reads=TOPICS, store=Memory)


@STAGE.on(*TOPICS)
def fold_one(block: Block, command: r.CompleteTask) -> None:
    if command.task == POISON:
        raise ZeroDivisionError
    if command.task == BACK:  # as a retry does in the views: what it names is read again
        block.rewind(NAMES[0], block.record.raw.offset)


class Host:
    """A worker: its fetch loop is what the test makes of it."""

    def __init__(self, log: Log, stage: Stage, context: Context) -> None:
        self.log, self.topology, self.context = log, Topology.of(stage), context
        self.metrics = Metrics(self.topology)
        self.effects = Effects(stage.name, context.settings.effects, self.metrics.effects)
        self.agents = Agents(self.feed, self.context.settings.block_timeout)
        self.member = True
        self.crashed: list[BaseException] = []
        self.seeks: list[StreamTask] = []
        self.reads: dict[str, int] = {}
        self.paused: set[str] = set()
        self.brought: dict[str, list[ConsumerRecord]] = {}

    def shares(self) -> int:
        return 1

    async def feed(self, block: Block) -> None:
        self.log.come_to("feed")
        with block:
            block.fold()

    def perform(self, effect: Effect) -> None:
        raise AssertionError(effect)

    def seek(self, partition: StreamTask) -> None:
        self.seeks.append(partition)

    def resume(self, topic: str, _number: int) -> None:
        self.paused.discard(topic)

    async def check(self, _number: int, _positions: dict[str, int]) -> None:
        self.log.come_to("check")

    async def is_member(self) -> bool:
        return self.member

    async def crash(self, reason: BaseException) -> None:
        self.crashed.append(reason)

    def ask(self, partition: StreamTask, most: int) -> None:
        """Begin a round of the fetch loop: what it brings is from the loop's current position."""
        seeks, self.seeks = self.seeks, []
        for one in seeks:
            if one is partition:
                self.reads = dict(partition.positions)
                self.paused.clear()
                partition.on_sought()
        self.brought = {
            topic: found
            for topic, at in self.reads.items()
            if topic not in self.paused and (found := self.log.records[topic][at : at + most])
        }

    def bring(self, partition: StreamTask) -> None:
        """End the round: meanwhile the partition may have asked for other offsets."""
        brought, self.brought = self.brought, {}
        for topic, found in brought.items():
            self.reads[topic] = found[-1].offset + 1
            if partition.hold(topic, found):
                self.paused.add(topic)


class Owners(RuleBasedStateMachine):
    """One owner after the other of one partition, with whatever happens to them."""

    log: Log
    loop: asyncio.AbstractEventLoop

    def begin(self) -> None:
        async def made() -> tuple[Host, StreamTask]:
            host = self.worker()
            partition = StreamTask(host, 0, 1000)
            partition.task = asyncio.ensure_future(partition.run())
            return host, partition

        self.host, self.partition = self.loop.run_until_complete(made())

    def worker(self) -> Host:
        """Return the worker that the partition is given to."""
        raise NotImplementedError

    @rule(most=st.integers(1, 9), steps=st.integers(0, 40))
    def a_fetch_brings_records(self, most: int, steps: int) -> None:
        self.host.ask(self.partition, most)
        self.goes_on(steps)
        self.host.bring(self.partition)

    @rule(steps=st.integers(1, 30))
    def goes_on(self, steps: int) -> None:
        async def pass_() -> None:
            for _ in range(steps):
                await asyncio.sleep(0)

        self.loop.run_until_complete(pass_())

    @rule(place=st.sampled_from(["open", "check", "feed", "commit", "committed"]))
    def something_will_fail(self, place: str) -> None:
        self.log.fails.add(place)

    @rule()
    def the_group_has_lost_the_worker_or_found_it(self) -> None:
        self.host.member = not self.host.member

    @rule()
    def it_is_revoked_and_another_owner_begins(self) -> None:
        self.loop.run_until_complete(asyncio.wait_for(self.partition.close(), 10))
        self.is_closed()
        self.begin()

    @rule()
    def it_is_cut_off_and_another_owner_begins(self) -> None:
        async def cut() -> None:
            cast("asyncio.Future[None]", self.partition.task).cancel()
            await asyncio.wait([cast("asyncio.Future[None]", self.partition.task)])

        self.loop.run_until_complete(cut())
        assert self.host.crashed or self.partition.phase is Phase.CLOSED
        self.is_closed()
        self.begin()

    def is_closed(self) -> None:
        assert self.partition.phase is Phase.CLOSED
        assert self.log.opened == 0, "A store stays open."

    @invariant()
    def only_an_open_partition_takes_records(self) -> None:
        assert self.partition.phase is not Phase.CLOSED
        assert self.log.opened <= 1
        if self.partition.phase is Phase.FAILED:
            assert not self.partition.ready

    @invariant()
    def no_record_is_passed_over_or_comes_again(self) -> None:
        assert self.log.wrong == []

    @precondition(lambda self: not self.host.crashed)
    @invariant()
    def it_never_ends_by_itself(self) -> None:
        task = cast("asyncio.Future[None]", self.partition.task)
        assert not task.done(), task

    def teardown(self) -> None:
        """Once nothing fails any more, everything is folded, and it closes."""
        self.log.fails.clear()
        self.host.member = True
        for _ in range(500):
            self.a_fetch_brings_records(9, 20)
            if self.is_done():
                break
        assert self.is_done(), self.log.positions
        for name, found in self.log.records.items():
            assert sorted(set(self.log.folded[name])) == list(range(len(found)))
        self.loop.run_until_complete(asyncio.wait_for(self.partition.close(), 10))
        self.is_closed()
        self.loop.close()

    def is_done(self) -> bool:
        return self.log.positions == {name: len(found) for name, found in self.log.records.items()}


class Folds(Owners):
    """Of a stage with two inputs, one of which is read again from further back at times."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.log = Log(*TOPICS)
        self.loop.run_until_complete(self.log.codec.publish([*TOPICS, DEAD_LETTERS]))
        for topic, tasks in ((NAMES[0], ["t"] * 12), (NAMES[1], ["t", "t", BACK, "t", "t", BACK])):
            self.records_come(topic, tasks)
        self.begin()

    def worker(self) -> Host:
        return Host(self.log, STAGE, Context(Settings(kafka="", registry="", data=Path(), **FEW), self.log.codec))

    @rule(
        topic=st.sampled_from(NAMES),
        tasks=st.lists(st.sampled_from(["t", "t", "t", BACK, POISON]), min_size=1, max_size=9),
    )
    def records_come(self, topic: str, tasks: list[str]) -> None:
        for named in tasks:
            task = "t" if named == BACK and topic == NAMES[0] else named
            offset = self.log.put(topic, r.CompleteTask("c", "ann", 0, "test", task))
            self.log.poison |= {(topic, offset)} if task == POISON else set()


TestFolds = Folds.TestCase
TestFolds.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("phase", Phase)
def test_from_each_phase_a_task_can_be_closed_and_after_that_nothing_else_follows(phase: Phase):
    if phase not in {Phase.CLOSING, Phase.CLOSED}:
        assert follow(phase, Phase.CLOSING) is Phase.CLOSING
        assert follow(phase, Phase.CLOSED) is Phase.CLOSED
        return
    assert {follow(phase, then) for then in Phase} <= {phase, Phase.CLOSED}


def test_a_phase_that_never_follows_is_a_bug():
    with pytest.raises(WrongPhase, match=r"RUNNING does not follow OPENING\."):
        follow(Phase.OPENING, Phase.RUNNING)


def test_every_phase_but_the_first_follows_one():
    assert set().union(*FOLLOWS.values()) | {Phase.OPENING} == set(Phase)
