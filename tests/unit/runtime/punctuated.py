"""The punctuations of one partition without a worker: of stages with timers, and of one whose timers have effects."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from aiokafka.structs import ConsumerRecord
from prometheus_client import Counter

from bench.folds import Numbers
from schemas import records as r
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.runtime import Block, Context, Stage, Topology
from streams.runtime.effects import Effects, Outcomes
from streams.runtime.intake import Intake
from streams.runtime.punctuation import Punctuation, Punctuations
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings

NOW, TICK, LEASE, MOST, SLOTS = 1_000_000, 60, 30, 3, 4
READ = Topic("read", "test", (r.ReminderNotice,))
TOLD = Topic("told", "law", (r.ReminderNotice,))


def tell(block: Block, timer: r.Timer) -> None:
    if timer.subject != "silent":
        block.emit(TOLD, r.ReminderNotice(timer.id, "ann", timer.due, "t", timer.due))


def timed(name: str) -> Stage:
    """A stage with timers."""
    stage = Stage(name, reads=(READ,), writes=(TOLD,))
    stage.timer("timers")
    stage.on(READ)(lambda *_: None)
    stage.on_timer(TOLD)(tell)
    return stage


def sender() -> Stage:
    """One whose timers and queue lead to effects, which it notes in ``claims``; its timers are waits of no time."""
    stage = Stage("sends", reads=(READ, TOLD), writes=(TOLD,), outside=(TOLD,))
    claims = stage.table("claims", r.ReminderNotice)
    stage.timer("timers", began=lambda timer: timer.due)
    stage.queued("queue")
    stage.on(READ, TOLD)(lambda *_: None)
    stage.on_timer(TOLD)(tell)
    stage.on_lost(claims, leases=lambda claim: 2 if claim.task == "handed over" else 1)(
        lambda block, key: tell(block, r.Timer(f"again {key}", "ann", "t", 1))
    )
    return stage


class Law:
    """The punctuations of a partition, and the worker that asks for them."""

    state: StateStore | None
    progress = None

    def __init__(self, at: Path, *stages: Stage, block_records: int = MOST) -> None:
        self.now, self.full = NOW, False
        self.topology = Topology("law", stages)
        chosen = Settings(kafka="", registry="", data=at, tick=TICK, lease=LEASE, block_records=block_records)
        self.context = Context(chosen, Codec(cast("Registry", Numbers())), "", lambda: self.now)
        outcomes = Outcomes(Counter("law_done", "", registry=None), Counter("law_failed", "", registry=None))
        self.effects = Effects("law", SLOTS, outcomes)
        self.state = StateStore(at, self.topology.timers)
        self.intake = Intake(self.topology, chosen, 1_000_000, lambda _: None, self.context.codec.kind)
        self.all = Punctuations(self, 0, cast("Any", self), self.intake)

    @property
    def one(self) -> Punctuation:
        return self.all.each[0]

    def shares(self) -> int:
        return 100 if self.full else 1

    def fill(self) -> None:
        """Let many other partitions take all the room."""
        self.full, self.effects.expected[1] = True, SLOTS

    async def begin(self) -> None:
        await self.context.codec.publish(self.topology.topics)

    def _block(self, raws: Iterable[ConsumerRecord] = ()) -> Block:
        block = Block(self.topology, self.context, 0, [*raws], state=self.state, now=self.now)
        block.stage = self.topology.stages[0]
        return block

    def set(self, dues: Iterable[int], stage: int = 0, *, queued: bool = False, subject: str = "t") -> None:
        """Commit timers, or entries of the queue."""
        of = self.topology.stages[stage]
        with (block := self._block()):
            block.begin(of)
            for number, due in enumerate(dues):
                into = of.queue if queued else of.timers
                assert into
                into.set(r.Timer(f"{'q' if queued else 't'}{number}", "ann", subject, due))
        self._write(block)

    def claim(self, key: str, task: str | None = "t") -> dict[bytes, bytes | None]:
        """Commit that an effect has begun, or, without a task, that it has ended."""
        [stage] = self.topology.stages
        assert stage.lost
        claims, _, _ = stage.lost
        with (block := self._block()):
            block.begin(stage)
            if task:
                claims[key] = r.ReminderNotice(key, "ann", NOW, task, NOW)
            else:
                del claims[key]
        self._write(block)
        return block.changes

    def _write(self, block: Block) -> None:
        block.folded.result()
        assert self.state
        self.state.write(block.changes, 0, 0)

    def punctuate(self, *, waited: r.Timer | None = None) -> Block:
        """Fold one and commit it."""
        block = self._block()
        block.waited = waited
        self.one.fold(block)
        self._write(block)
        self.one.committed(block)
        return block

    def takes(self, *offsets: int, emits: bytes | None = None) -> None:
        """Commit a block of the records that the last punctuation, or another block, has emitted."""
        raws = [ConsumerRecord(TOLD.name, 0, at, 0, 0, b"ann", self.told[at], None, 0, 0, ()) for at in offsets]
        block = self._block(raws)
        if emits:
            block.outputs[TOLD.name].append(cast("Any", type("Out", (), {"value": emits})))
        self.one.committed(block)

    told: list[bytes]


def ids(block: Block) -> list[str]:
    return [dict(out.headers)["ce_id"].decode() for out in block.outputs[TOLD.name]]
