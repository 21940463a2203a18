"""A task: one owner's processing of one partition of a stage (Kafka Streams' StreamTask), from opening to closing.

A block is formed when the stage is ready for it, never when a fetch returns: queued as fetched, 500 commands a second
became blocks of one and 2.3 s of delay. A partition is processed by one asyncio task, so its inputs and its timers need
no lock.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog
from aiokafka.structs import ConsumerRecord

from common import causes
from schemas import records as r
from schemas.codec import Unlearned
from schemas.registry.client import RegistryUnavailable
from streams.runtime import failpoints, retries
from streams.runtime.agents import Agents, Hanging, Overdue
from streams.runtime.ahead import Ahead
from streams.runtime.alarm import WHOLE, Closed
from streams.runtime.backfill import Backfill
from streams.runtime.block import Block
from streams.runtime.effects import Effect
from streams.runtime.failpoints import Point
from streams.runtime.intake import POISON, TOO_MUCH, Intake
from streams.runtime.kafka_store import KafkaStore, held_positions
from streams.runtime.metrics import Metrics
from streams.runtime.pace import Pace
from streams.runtime.phases import ENDING, OPEN, Phase, follow
from streams.runtime.punctuation import Performing, Punctuations
from streams.runtime.stage import Stage
from streams.runtime.store import Store

AHEAD = 10
"""Number of pauses until a partition whose positions are ahead of the log is opened again: each opening would fence the
command that resets them."""

log = structlog.get_logger()


class NotAMember(RuntimeError):
    """The group has not confirmed this worker as a member: it must not open the partition."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The last observation of one input: its end and the fetched offset, and since when it lags (ms since 1970)."""

    end: int = 0
    fetched: int = 0
    behind_since: int | None = None


class Host(Performing, Protocol):
    """The protocol of the worker that runs a task."""

    metrics: Metrics
    agents: Agents

    def perform(self, effect: Effect) -> None:
        """Perform a committed block's effect beside the tasks."""

    def seek(self, partition: "StreamTask") -> None:
        """Seek to the task's positions, and call ``on_sought`` afterwards."""

    def resume(self, topic: str, number: int) -> None:
        """Resume fetching a topic's partition."""

    async def check(self, number: int, positions: dict[str, int]) -> None:
        """Raise ``Ahead`` if positions are beyond the topics' ends."""

    async def is_member(self) -> bool:
        """Return whether the group has this worker as a member."""

    async def crash(self, reason: BaseException) -> None:
        """End the worker."""


class StreamTask:
    """The task of one partition; ``held_bytes`` is the most bytes that each input may buffer."""

    def __init__(self, host: Host, number: int, held_bytes: int) -> None:
        self.number = number
        self.positions: dict[str, int] = {}
        self.phase = Phase.OPENING
        self.task: asyncio.Future[None] | None = None
        self.attempts = 0
        """Number of times that it was opened again after an error."""
        self.hangs = False
        """Whether the last error was an agent that did not return its block."""
        self.others = 0
        """Number of other errors: outside, such as a broker or a disk, or in the records."""
        self.closed = Closed()
        """The inputs that do no work after an error, since when and why."""
        self.sights = {topic.name: Sight() for topic in host.topology.reads}
        self._current: Block | None = None
        self._host = host
        self._topology = host.topology
        self._settings = host.context.settings
        self.store: Store = (host.topology.store or KafkaStore)(host.topology, host.context, number)
        self.intake = Intake(
            host.topology, self._settings, held_bytes, lambda topic: host.resume(topic, number), host.context.codec.kind
        )
        self._pace = Pace()
        self._punctuations = Punctuations(host, number, self.store, self.intake)
        self._wake = asyncio.Event()  # whatever the task waits for may have come

    # Called by the runtime.

    def hold(self, topic: str, records: list[ConsumerRecord]) -> bool:
        """Buffer fetched records until a block takes them; return whether fetching should pause."""
        if not self.accepting:
            return False
        self._wake.set()
        return self.intake.hold(topic, records, self.positions.get(topic, 0))

    def waiting(self, topic: str) -> ConsumerRecord | None:
        """Return the first record of a topic that is fetched but not committed."""
        raws = self._current.raws if self._current else ()
        return next((raw for raw in raws if raw.topic == topic), None) or self.intake.first(topic)

    @property
    def accepting(self) -> bool:
        """Return whether fetched records may be buffered: the consumer reads from this task's positions."""
        return self.phase is Phase.RUNNING

    @property
    def ready(self) -> bool:
        """Return whether it is open."""
        return self.phase in OPEN

    @property
    def closing(self) -> bool:
        """Return whether it ends, or has ended."""
        return self.phase in ENDING

    @property
    def works(self) -> bool:
        """Return whether it is open, and no input of it raises an alarm."""
        return self.ready and not self.closed.is_long()

    @property
    def restored(self) -> int:
        """Return the number of changelog records that the last restore has written to the state."""
        return self.store.progress.records if self.store.progress else 0

    @property
    def remaining(self) -> int:
        """Return the number of changelog offsets still to restore."""
        return self.store.progress.remaining if self.store.progress else 0

    def on_sought(self) -> None:
        """Run, as the consumer reads from this task's positions; after an error meanwhile, it will seek again."""
        if self.phase in {Phase.SEEKING, Phase.REWINDING}:
            self._become(Phase.RUNNING)

    def make_room(self, *, lost: bool) -> None:
        """Go on after an effect has ended; ``lost`` if it was this partition's and its outcome is on no topic."""
        if lost:
            for punctuation in self._punctuations.each:
                punctuation.lost()
        self._wake.set()

    async def close(self) -> None:
        """Close the task: finish the running block, drop buffered records, close producers and RocksDB."""
        try:
            await self._reach(Point.REVOKED)
        finally:  # in any case: another task of this partition begins, maybe in this process
            await self._end()

    async def _end(self) -> None:
        self._become(Phase.CLOSING)
        if self.task:
            _, running = await asyncio.wait({self.task}, timeout=self._settings.session_timeout / 3)
            if running:  # the next owner settles what it is doing
                self.task.cancel()
                await asyncio.wait(running)

    def _become(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = follow(self.phase, phase)
            self._wake.set()

    async def _until(self, come: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait until this has come, at most ``seconds`` seconds; what may change it sets ``_wake``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not come():
                    self._wake.clear()
                    await self._wake.wait()

    async def run(self) -> None:
        """Process blocks until closed. An error never ends the task: uncommitted work is discarded and done again."""
        try:
            while not self.closing:
                await self._attempt()
        finally:
            self._host.effects.forget(self.number)
            try:
                await self.store.close()
            finally:
                cut_off = not self.closing
                self._become(Phase.CLOSED)
            if cut_off:
                await self._host.crash(RuntimeError(f"The task of partition {self.number} was cut off."))

    # Its lifetime.

    async def _attempt(self) -> None:
        try:
            await self._open()
            while not self.closing:
                if block := await self._next_block():
                    self._pace = await self._process(block)
        except Exception as error:  # noqa: BLE001  # no error may lose a record
            await self._discard(error)
            with suppress(RegistryUnavailable):
                await self._learned(error if isinstance(error, Unlearned) else error.__cause__)

    async def _open(self) -> None:
        self._become(Phase.OPENING)
        self.positions = await self.store.open()
        await self._host.check(self.number, self.positions)
        await self._backfill()
        await self._wake_stages()
        if self.closing:
            return
        await self._seek(Phase.SEEKING)
        self.closed.opened()
        for punctuation in self._punctuations.each:
            punctuation.opened()

    async def _backfill(self) -> None:
        """Build the indexes that the state lacks, or that are stale, before any record needs them."""
        for backfill in self._topology.backfills:
            begin = partial(self._block, [], backfill.stage)
            while not self.closing and (block := await self._next_backfill(backfill, begin)):
                await self._reach(Point.FOLDED)
                async with asyncio.timeout(self._settings.block_timeout):
                    await self.store.commit(block, self.positions)

    async def _next_backfill(self, backfill: Backfill, begin: Callable[[], Block]) -> Any:
        """Return the next block that clears or builds an index, folded; None if it is complete."""
        assert self.store.state is not None
        held = held_positions(self.store.state, self._host.context.codec)
        if backfill.is_stale(self.store.state, held.indexes if held else ()):
            return await backfill.clear(begin, self._settings.block_records)
        return await backfill.next(self._host.context, begin)

    async def _wake_stages(self) -> None:
        """Let stages notice what has changed outside the log since the task was last open."""
        for stage in self._topology.opened:
            block = self._block([], stage)
            with block:
                block.open(stage)
            await block.folded
            if block.outputs and not self.closing:
                await self._reach(Point.FOLDED)
                async with asyncio.timeout(self._settings.block_timeout):
                    self.positions = await self.store.commit(block, self.positions)

    async def _seek(self, phase: Phase) -> None:
        """Read on from the positions; drop buffered records."""
        self._become(phase)
        self.intake.clear()
        self._host.seek(self)
        await self._until(lambda: self.phase is not phase)

    async def _rewind(self) -> None:
        """Read on from further back."""
        self.others += 1  # the watch measures progress from the beginning
        log.info("reads again", stage=self._topology.name, partition=self.number, positions=self.positions)
        await self._seek(Phase.REWINDING)

    async def _discard(self, error: Exception) -> None:
        """Discard everything since the last commit, and wait until the group confirms this worker as a member.

        A zombie that fenced at once would fence the new owner.
        """
        self.closed.failed(error, self._at_work())
        self._become(Phase.FAILED)
        self._current = None
        self.attempts += 1
        self.hangs = isinstance(error, Hanging | Overdue)
        self.others += not self.hangs
        self._host.metrics.retries.inc()
        self.sights = {topic: Sight(sight.end, 0, sight.behind_since) for topic, sight in self.sights.items()}
        self.intake.clear()
        log.warning("block given up", stage=self._topology.name, partition=self.number, error=causes.described(error))
        await self.store.close()
        member, pause = False, self._settings.retry_pause * (AHEAD if isinstance(error, Ahead) else 1)
        while not member and not self.closing:
            await self._until(lambda: self.closing, pause)
            member = await self._host.is_member()
            if not member:
                reason = f"The group has not confirmed this worker since {causes.described(error)}."
                self.closed.failed(NotAMember(reason))

    def _at_work(self) -> str | None:
        """Return the input that an error belongs to: between blocks, only timers are processed."""
        if not self.ready:
            return WHOLE
        return self._current.topic if self._current else None

    # Forming a block.

    async def _next_block(self) -> Block | None:
        while not self.closing:
            if self._host.effects.is_behind():
                await self._pause(self._settings.tick)
                continue
            if waited := self._punctuations.waited():
                return self._block([], *waited)
            if stage := self._punctuations.next():
                return self._block([], stage)
            if self.intake and (wait := self._wait()):
                await self._pause(min(wait, wait if (due := self._punctuations.seconds()) is None else due))
                continue
            if records := self.intake.take():
                return self._block(records)
            if self._punctuations.is_due():
                continue
            if not self._punctuations.is_held_up():
                self.closed.worked(None)  # none is due: a failing one may be gone
            await self._pause(self._punctuations.seconds())
        return None

    def _wait(self) -> float:
        """Return the seconds until a block of what is buffered goes."""
        full = self.intake.is_full()
        return self._pace.wait(time.monotonic(), full=full, folded=full or self.intake.is_folded())

    async def _pause(self, seconds: float | None) -> None:
        """Wait for records, the end of the task, or a timeout."""
        self._wake.clear()
        await self._until(self._wake.is_set, seconds)

    def _block(self, records: list[ConsumerRecord], stage: Stage | None = None, waited: r.Timer | None = None) -> Block:
        """Begin a block of records, or of a stage's timers; one for a wait that is over has the time of its timer."""
        now = waited.due if waited else self._host.context.clock()
        self._current = Block(self._topology, self._host.context, self.number, records, state=self.store.state, now=now)
        self._current.stage, self._current.waited = stage or self._current.stage, waited
        return self._current

    # Folding and committing it.

    async def _process(self, block: Block) -> Pace:
        """Fold and commit a block; return the pace of the next one."""
        taken = time.monotonic()
        try:
            await self._reach(Point.FETCHED)
            await self._fold(block)
            await self._reach(Point.FOLDED)
            self.intake.put_back(rest := block.rest())
            positions = block.after(self.positions)
            began = time.monotonic()
            async with asyncio.timeout(self._settings.block_timeout):
                positions = await self.store.commit(block, positions)
        except POISON as error:
            if not await self._learned(error.__cause__):
                self._suspect(block, error)
            self.intake.put_back(block.raws)
            self._current = None
            for punctuation in self._punctuations.each:
                punctuation.expect_no_more()
            return Pace()
        except TOO_MUCH:  # maybe because of their number: try half as many, but dead-letter none
            self.intake.halve(block)
            raise
        self.positions, self._current = positions, None
        for topic in block.behind or (None,):
            self.closed.worked(topic)
        self._host.metrics.committed(block, time.monotonic() - began)
        await self._reach(Point.ACKNOWLEDGED)
        self.intake.committed(block)
        for punctuation in self._punctuations.each:
            punctuation.committed(block)
        for effect in block.effects:
            self._host.perform(effect)
        for punctuation in self._punctuations.each:
            punctuation.keep_room(block.changes)
        if block.rewinds:
            await self._rewind()
        if block.topic is None:  # records and timers take turns: a gap after each punctuation would leave out theirs
            return Pace()
        return Pace.after(taken, time.monotonic(), behind=bool(self.intake), rest=bool(rest))

    async def _reach(self, point: Point) -> None:
        await failpoints.reach(self._topology.name, point)

    async def _learned(self, error: BaseException | None) -> bool:
        """Fetch the schema that an error is missing, if that is its cause: then a retry will succeed."""
        if isinstance(error, Unlearned):
            await self._host.context.codec.learn([error.message])
        return isinstance(error, Unlearned)

    async def _fold(self, block: Block) -> None:
        if block.topic is None:
            self._punctuations.of(block.stage).fold(block)
        elif (fault := self.intake.fault(block.raws[0])) is not None:
            with block:
                block.taken = 1
                block.dead_letter_for_all(block.raws[0], fault)
        else:
            if self._topology.retries and self._topology.retries.name in block.behind:
                async with asyncio.timeout(self._settings.block_timeout):
                    await retries.prepare(block, self.positions)
            await self._host.agents.fold(block)
            return
        await block.folded

    def _suspect(self, block: Block, error: Exception) -> None:
        """After an error caused by the records: try half as many, and dead-letter the last one left.

        A timer that was processed before its time is processed again at its time. Raises the error if there is no
        record to dead-letter, as for a timer: then the partition pauses, which it does after any other error.
        """
        if block.waited:
            return
        records = self.intake.suspect(block, error)
        self._host.metrics.refused.inc()
        stage, reason = self._topology.name, causes.described(error)
        log.warning("block refused", stage=stage, partition=self.number, records=records, error=reason)
        if not block.raws and records <= 1:
            raise error
