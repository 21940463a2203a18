"""A task: one owner's processing of one partition of a stage (Kafka Streams' StreamTask), from opening to closing.

A block is formed when the stage is ready for it, never when a fetch returns: queued as fetched, 500 commands a second
became blocks of one and 2.3 s of delay. A partition is processed by one asyncio task, so its inputs and its timers need
no lock.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.structs import ConsumerRecord

from common import causes
from schemas import records as r
from schemas.codec import Unlearned
from schemas.registry.client import RegistryUnavailable
from streams.runtime import failpoints, retries
from streams.runtime.ahead import Ahead
from streams.runtime.alarm import WHOLE, Closed
from streams.runtime.block import Block, FoldError
from streams.runtime.buffer import Buffer
from streams.runtime.context import Context
from streams.runtime.effects import Effect, Effects, Orphans
from streams.runtime.failpoints import Point
from streams.runtime.kafka_store import KafkaStore
from streams.runtime.metrics import Metrics
from streams.runtime.phases import OPEN, Phase, follow
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.store import Refused, Store
from streams.runtime.tables import decoded
from streams.runtime.waits import Waits

POISON = (FoldError, Refused)
"""Errors caused by the records themselves: bisect to the poison record."""

TOO_MUCH = (TimeoutError, MessageSizeTooLargeError, RecordListTooLargeError)
"""Errors that a smaller block may avoid, though no record is at fault: the broker refused what the contract allows."""

AHEAD = 10
"""Number of pauses until a partition whose positions are ahead of the log is opened again: each opening would fence the
command that resets them."""

_EVER = 2**63 - 2
"""The time by which every entry of the queue is due."""

log = structlog.get_logger()


class Hanging(RuntimeError):
    """An agent awaits something within a block that was discarded."""


class NotAMember(RuntimeError):
    """The group has not confirmed this worker as a member: it must not open the partition."""


class Overdue(TimeoutError):
    """An agent did not return its block in time."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The last observation of one input: its end and the fetched offset, and since when it lags (ms since 1970)."""

    end: int = 0
    fetched: int = 0
    behind_since: int | None = None


class Host(Protocol):
    """The protocol of the worker that runs a task."""

    stage: Stage
    context: Context
    effects: Effects
    metrics: Metrics
    folding: asyncio.Lock
    """A stage folds one block at a time, over all its agents."""
    handed: Block | None
    """The block that an agent was handed and has not folded."""

    def shares(self) -> int:
        """Return the number of partitions that share the worker's effects."""

    async def feed(self, block: Block) -> None:
        """Put a block into the channel of its topic's agent."""

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
        self.sights = {topic.name: Sight() for topic in host.stage.reads}
        self._current: Block | None = None
        self._host = host
        self._stage = host.stage
        self._context = host.context
        self._settings = host.context.settings
        self._decode = partial(decoded, host.stage.name, host.context.codec)
        self._store: Store = (host.stage.store or KafkaStore)(host.stage, host.context, number)
        self._held = {topic.name: Buffer(self._settings.held_records, held_bytes) for topic in self._stage.reads}
        self._wake = asyncio.Event()
        self._sought = asyncio.Event()
        self._closing = asyncio.Event()
        self._closed = asyncio.Event()
        # By topic, None for timers: several may have a poison record at their head.
        self._limits: dict[str | None, int] = dict.fromkeys((*self._held, None), self._settings.block_records)
        self._poison: dict[str | None, tuple[ConsumerRecord | r.Timer | None, str]] = {}
        self._waits = Waits(host.stage, host.context, number)
        self._last_topic = -1
        self._punctuated = False
        self._next_punctuation = 0
        self._echo: bytes | None = None  # the last record of a punctuation, until it has been folded
        self._orphans: Orphans | None = None

    # Called by the runtime.

    def hold(self, topic: str, records: list[ConsumerRecord]) -> bool:
        """Buffer fetched records until a block takes them; return whether fetching should pause."""
        if not self.accepting:
            return False
        held = self._held[topic]
        following = held.following or self.positions.get(topic, 0)
        held.add([record for record in records if record.offset >= following])
        self._wake.set()
        return held.is_full()

    def waiting(self, topic: str) -> ConsumerRecord | None:
        """Return the first record of a topic that is fetched but not committed."""
        if self._current and self._current.topic == topic:
            return self._current.raws[0]
        held = self._held[topic]
        return held.first if held else None

    def held_bytes(self, topic: str) -> int:
        """Return the bytes of a topic's records that wait for a block."""
        return self._held[topic].bytes

    @property
    def accepting(self) -> bool:
        """Return whether fetched records may be buffered: the consumer reads from this task's positions."""
        return self.phase is Phase.RUNNING

    @property
    def ready(self) -> bool:
        """Return whether it is open."""
        return self.phase in OPEN

    @property
    def works(self) -> bool:
        """Return whether it is open, and no input of it raises an alarm."""
        return self.ready and not self.closed.is_long()

    @property
    def restored(self) -> int:
        """Return the number of changelog records that the last restore has written to the state."""
        return self._store.progress.records if self._store.progress else 0

    @property
    def remaining(self) -> int:
        """Return the number of changelog offsets still to restore."""
        return self._store.progress.remaining if self._store.progress else 0

    @property
    def timers(self) -> int:
        """Return the number of timers that are set; 0 while unknown."""
        return self._store.state.timers if self._store.state else 0

    def stamp(self, topic: str, at: int) -> int:
        """Return the time for a record of a topic that is produced outside any block."""
        return self._store.latest.stamp(topic, at)

    def on_sought(self) -> None:
        """Run, as the consumer reads from this task's positions; after an error meanwhile, it will seek again."""
        if self.phase in {Phase.SEEKING, Phase.REWINDING}:
            self._become(Phase.RUNNING)
            self._sought.set()

    def make_room(self, *, lost: bool) -> None:
        """Go on after an effect has ended; ``lost`` if it was this partition's and its outcome is on no topic."""
        if lost and self._orphans and self._store.state:
            self._watch_orphans(self._orphans, self._store.state)
        self._wake.set()

    async def close(self) -> None:
        """Close the task: finish the running block, drop buffered records, close producers and RocksDB."""
        try:
            await self._reach(Point.REVOKED)
        finally:  # in any case: another task of this partition begins, maybe in this process
            await self._end()

    def _become(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = follow(self.phase, phase)

    async def _end(self) -> None:
        self._become(Phase.CLOSING)
        for event in (self._closing, self._wake, self._sought):
            event.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), self._settings.session_timeout / 3)
        if self.task and not self._closed.is_set():  # the next owner settles what it is doing
            self.task.cancel()
            await self._closed.wait()

    async def run(self) -> None:
        """Process blocks until closed. An error never ends the task: uncommitted work is discarded and done again."""
        try:
            while not self._closing.is_set():
                await self._attempt()
        finally:
            self._host.effects.forget(self.number)
            try:
                await self._store.close()
            finally:
                self._become(Phase.CLOSED)
                self._closed.set()
            if not self._closing.is_set():
                await self._host.crash(RuntimeError(f"The task of partition {self.number} was cut off."))

    # Its lifetime.

    async def _attempt(self) -> None:
        try:
            await self._open()
            while not self._closing.is_set():
                block = await self._next_block()
                if block:
                    await self._process(block)
        except Exception as error:  # noqa: BLE001  # no error may lose a record
            await self._discard(error)
            with suppress(RegistryUnavailable):
                await self._learned(error)

    async def _open(self) -> None:
        self._become(Phase.OPENING)
        self.positions = await self._store.open()
        await self._host.check(self.number, self.positions)
        if self._closing.is_set():
            return
        await self._seek(Phase.SEEKING)
        self.closed.opened()
        self._echo = None
        self._expect_no_more()
        self._look_for_orphans()
        self._plan_punctuation()

    async def _seek(self, phase: Phase) -> None:
        """Read on from the positions; drop buffered records."""
        self._become(phase)
        for held in self._held.values():
            held.clear()
        self._sought.clear()
        self._host.seek(self)
        await self._sought.wait()

    async def _rewind(self) -> None:
        """Read on from further back."""
        self.others += 1  # the watch measures progress from the beginning
        log.info("reads again", stage=self._stage.name, partition=self.number, positions=self.positions)
        await self._seek(Phase.REWINDING)

    def _look_for_orphans(self) -> None:
        if self._stage.lost and self._store.state:
            begun, leases, _ = self._stage.lost
            decode = self._context.codec.decode
            self._orphans = Orphans(begun.prefix, self._settings.lease, lambda entry: leases(decode(entry)))
            self._watch_orphans(self._orphans, self._store.state)

    def _watch_orphans(self, orphans: Orphans, state: StateStore) -> None:
        """Look for effects that a dead worker may have left, and reserve room for them from now on."""
        orphans.watch(state, self._host.effects)
        self._host.effects.keep_room(self.number, orphans.watched)

    def _keep_room(self, changes: Mapping[bytes, bytes | None]) -> None:
        if self._orphans:
            self._orphans.forget(changes)
            self._host.effects.keep_room(self.number, self._orphans.watched)

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
        for held in self._held.values():
            held.clear()
        log.warning("block given up", stage=self._stage.name, partition=self.number, error=causes.described(error))
        await self._store.close()
        member, pause = False, self._settings.retry_pause * (AHEAD if isinstance(error, Ahead) else 1)
        while not member and not self._closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause)
            member = await self._host.is_member()
            if not member:
                self.closed.failed(
                    NotAMember(f"The group has not confirmed this worker since {causes.described(error)}.")
                )

    def _at_work(self) -> str | None:
        """Return the input that an error belongs to: between blocks, only timers are processed."""
        if not self.ready:
            return WHOLE
        return self._current.topic if self._current else None

    # Forming a block.

    async def _next_block(self) -> Block | None:
        while not self._closing.is_set():
            if self._host.effects.is_behind():
                await self._pause(self._settings.tick)
                continue
            if waited := self._waited():
                return self._block([], waited)
            # Alternate with records while there is a backlog of timers.
            self._punctuated = not self._punctuated and self._punctuation_is_due()
            if self._punctuated:
                return self._block([])
            if records := self._take():
                return self._block(records)
            if self._punctuation_is_due():
                continue
            if not self._is_held_up():
                self.closed.worked(None)  # none is due: a failing one may be gone
            await self._pause(self._until_punctuation())
        return None

    def _waited(self) -> r.Timer | None:
        """Return a timer whose wait is over before the clock says so, unless timers are held up."""
        state = None if self._is_held_up() else self._store.state
        return self._waits.come(state, self._context.clock()) if state else None

    async def _pause(self, seconds: float | None) -> None:
        """Wait for records, the end of the task, or a timeout."""
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    def _block(self, records: list[ConsumerRecord], waited: r.Timer | None = None) -> Block:
        """Begin a block of records, or of timers; one for a wait that is over has the time of its timer."""
        now = waited.due if waited else self._context.clock()
        self._current = Block(self._stage, self._context, self.number, records, state=self._store.state, now=now)
        self._current.waited = waited
        return self._current

    def _take(self) -> list[ConsumerRecord]:
        """Take the next block's records from the buffer of one topic, round-robin."""
        topics = list(self._held)
        for step in range(1, len(topics) + 1):
            index = (self._last_topic + step) % len(topics)
            if held := self._held[topics[index]]:
                self._last_topic = index
                records = self._take_from(held)
                if held.is_low():
                    self._host.resume(topics[index], self.number)
                return records
        return []

    def _take_from(self, held: Buffer) -> list[ConsumerRecord]:
        return held.take(1 if self._is_poison(held.first) else self._limits[held.first.topic])

    def _is_poison(self, raw: ConsumerRecord) -> bool:
        poison, _ = self._poison.get(raw.topic, (None, ""))
        return isinstance(poison, ConsumerRecord) and poison.offset == raw.offset

    # Folding and committing it.

    async def _process(self, block: Block) -> None:
        try:
            await self._reach(Point.FETCHED)
            await self._fold(block)
            await self._reach(Point.FOLDED)
            self._put_back(block, block.rest())
            positions = _after(block, self.positions)
            began = time.monotonic()
            async with asyncio.timeout(self._settings.block_timeout):
                await self._store.commit(block, positions)
        except POISON as error:
            if not await self._learned(error.__cause__):
                self._suspect(block, error)
            self._put_back(block, block.raws)
            self._current = None
            self._expect_no_more()
            return
        except TOO_MUCH:  # maybe because of their number: try half as many, but dead-letter none
            self._halve(block)
            raise
        self.positions, self._current = positions, None
        self.closed.worked(block.topic)
        self._host.metrics.committed(block, time.monotonic() - began)
        await self._reach(Point.ACKNOWLEDGED)
        self._poison.pop(block.topic, None)
        self._limits[block.topic] = min(self._limits[block.topic] * 2, self._settings.block_records)
        self._listen(block)
        self._plan_punctuation()
        for effect in block.effects:
            self._host.perform(effect)
        self._keep_room(block.changes)
        if block.rewinds:
            await self._rewind()

    async def _reach(self, point: Point) -> None:
        await failpoints.reach(self._stage.name, point)

    async def _learned(self, error: BaseException | None) -> bool:
        """Fetch the schema that an error is missing, if that is its cause: then a retry will succeed."""
        if isinstance(error, Unlearned):
            await self._context.codec.learn([error.message])
        return isinstance(error, Unlearned)

    async def _fold(self, block: Block) -> None:
        if block.topic is None:
            self._punctuate(block)
        elif self._is_poison(block.raws[0]):
            with block:
                block.taken = 1
                block.dead_letter(block.raws[0], self._poison[block.topic][1])
        else:
            if self._stage.retries and block.topic == self._stage.retries.name:
                async with asyncio.timeout(self._settings.block_timeout):
                    await retries.prepare(block, self.positions)
            await self._hand_over(block)
            return
        await block.folded

    async def _hand_over(self, block: Block) -> None:
        """Let the agent fold a block. Raises ``Overdue`` or ``Hanging`` if it does not do so in time."""
        assert block.topic
        try:
            async with asyncio.timeout(self._settings.block_timeout), self._host.folding:
                if (last := self._host.handed) and last.entered:
                    raise Hanging(f"The agent of {last.topic} has not left its block yet.")
                self._host.handed = block
                await self._host.feed(block)
                await block.folded
                self._host.handed = None
        except TimeoutError as error:
            raise Overdue(f"The agent of {block.topic} has not folded its block in time.") from error

    def _suspect(self, block: Block, error: Exception) -> None:
        """After an error caused by the records: try half as many, and dead-letter the last one left.

        A timer that was processed before its time is processed again at its time.
        """
        if block.waited:
            return
        if (records := self._halve(block)) <= 1:
            self._poison[block.topic] = (block.raws[0] if block.raws else block.timer, str(error))
        self._host.metrics.refused.inc()
        log.warning(
            "block refused",
            stage=self._stage.name,
            partition=self.number,
            records=records,
            error=causes.described(error),
        )

    def _halve(self, block: Block) -> int:
        """Limit the topic's next block to half as many records; return how many this one has."""
        records = len(block.raws) or block.taken
        self._limits[block.topic] = max(1, records // 2)
        return records

    def _put_back(self, block: Block, records: list[ConsumerRecord]) -> None:
        if block.topic:
            self._held[block.topic].put_back(records)

    # Timers.

    def _punctuate(self, block: Block) -> None:
        with block:
            assert self._stage.punctuate
            poison, fault = self._poison.get(None, (None, ""))
            if block.waited:
                block.taken = 1
                self._stage.punctuate(block, block.waited)
                self._expect(1)
                return
            for timer in self._due(block, 1 if fault else min(self._limits[None], self._room())):
                block.taken += 1
                block.timer = timer
                block.earliest = timer.due if block.earliest is None else block.earliest
                if timer == poison:
                    block.dead_timer(timer, fault)
                else:
                    self._stage.punctuate(block, timer)
            self._expect(block.taken)
            self._answer_lost(block)

    def _due(self, block: Block, limit: int) -> Iterator[r.Timer]:
        """Take at most ``limit`` timers: half of them by the clock, while the queue is not empty."""
        assert self._stage.timers
        if self._is_held_up():  # the punctuation is only for orphans
            return
        if queue := self._stage.queue:
            yield from self._stage.timers.due(block.now, (limit + 1) // 2)
            yield from queue.due(_EVER, limit - block.taken)
        yield from self._stage.timers.due(block.now, limit - block.taken)

    def _answer_lost(self, block: Block) -> None:
        if self._stage.lost and self._orphans and self._orphans.is_due() and block.state:
            _, _, answer = self._stage.lost
            for key in self._orphans.look(block.state, self._host.effects):
                block.taken += 1
                answer(block, key)

    def _listen(self, block: Block) -> None:
        """If timers lead to effects: delay the next punctuation until the output of this one has been folded.

        Only then is it known which effects have begun. It is enough to track the last record.
        """
        if not self._stage.queue:
            return
        if block.topic is None:
            own = [out for topic in self._stage.reads for out in block.outputs.get(topic.name, ())]
            self._echo = own[-1].value if own else self._echo
        elif any(raw.value == self._echo for raw in block.raws):
            self._echo = None
        self._expect_no_more()

    def _expect(self, effects: int) -> None:
        """Take room for the effects of a punctuation at once: other partitions ask for room before these begin."""
        if self._stage.queue:
            self._host.effects.expected[self.number] += effects

    def _expect_no_more(self) -> None:
        """Release the room of a punctuation once all its effects have begun, or if it has none."""
        if self._echo is None:
            self._host.effects.expected[self.number] = 0

    def _room(self) -> int:
        if not self._stage.queue:
            return self._settings.block_records
        return self._host.effects.room(self.number, self._host.shares())

    def _is_held_up(self) -> bool:
        """Return whether due timers have to wait for effects."""
        return bool(self._stage.queue) and (self._echo is not None or not self._room())

    def _plan_punctuation(self) -> None:
        if self._stage.timers and (state := self._store.state):
            if self._stage.queue and self._stage.queue.next_due(state, self._decode) is not None:
                self._next_punctuation = 0
                return
            due = self._stage.timers.next_due(state, self._decode)
            horizon = self._context.clock() + int(self._settings.tick * 1000)
            self._next_punctuation = horizon if due is None else due

    def _punctuation_is_due(self) -> bool:
        if not self._stage.timers:
            return False
        if self._orphans and self._orphans.is_due():  # orphans wait for no room: see ``Effects``
            return True
        if self._is_held_up() or self._context.clock() < self._next_punctuation:
            return False
        self._plan_punctuation()
        return self._context.clock() >= self._next_punctuation

    def _until_punctuation(self) -> float | None:
        if not self._stage.timers or self._is_held_up():  # the end of an effect wakes it
            return self._settings.tick if self._stage.timers else None
        return min(self._settings.tick, max(0.0, (self._next_punctuation - self._context.clock()) / 1000))


def _after(block: Block, positions: dict[str, int]) -> dict[str, int]:
    """Return the positions after a block."""
    back = {topic: min(offset, positions.get(topic, 0)) for topic, offset in block.rewinds.items()}
    return {**positions, **back, **({block.topic: block.raws[-1].offset + 1} if block.topic else {})}
