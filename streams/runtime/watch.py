"""Checks every few seconds a stage's lag, and whether it stalls.

The process of a stalled stage is ended, to be restarted: no other remedy helps in every case, and the next owner's
fencing settles unfinished transactions. The inputs' ends are read by a separate client, to detect a hanging consumer,
too; while the broker does not answer, nothing counts as a stall. Nor does an error with an outside cause, such as
Postgres, the registry or a disk: a restarted process would have to wait, too, and start bisecting a block again. Only
an agent that does not return its block counts across reopenings. The ends of all other topic partitions that are read
and written are read as well, to detect records hidden by a transaction.
"""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from schemas.kafka.hidden import NOTICED, Hidden
from schemas.kafka.log_reader import LogReader
from streams.runtime.context import Context
from streams.runtime.effects import Effects
from streams.runtime.settings import Settings
from streams.runtime.task import Sight, StreamTask
from streams.runtime.topology import Topology
from streams.transactions import settlement

LOOK_SECONDS, IDLE_SECONDS = 2.0, 4.0
"""Seconds between two looks, and after one that found nothing written since the last."""
GROUP = "its membership of the group"

log = structlog.get_logger()


class Stalled(RuntimeError):
    """A stage makes no progress although it should."""


@dataclass(frozen=True, slots=True)
class InputStatus:
    """A partition's progress in one input: ``age`` in seconds, ``held`` in bytes, the others are offsets.

    ``reached`` is ahead of the position if only unreadable offsets are in between: markers and aborted records.
    """

    position: int
    reached: int
    lag: int
    age: float
    held: int


@dataclass(frozen=True, slots=True)
class Still:
    """The time that something has made no progress although it should. ``mark`` is its furthest progress."""

    mark: Any
    at: float
    seconds: float = 0.0

    def then(self, mark: Any, owed: bool, now: float, most: float) -> "Still":
        """Return it after another look; ``most`` bounds the time between two looks: the machine may have slept."""
        if mark > self.mark:
            return Still(mark, now)
        return Still(self.mark, now, self.seconds + (min(now - self.at, most) if owed else 0.0))


def status(partition: StreamTask, topic: str, now: int) -> InputStatus:
    """Return a partition's progress in an input at ``now`` (ms since 1970)."""
    sight, waiting = partition.sights[topic], partition.waiting(topic)
    position = partition.positions.get(topic, 0)
    reached = waiting.offset if waiting else max(position, sight.fetched)
    lag = max(0, sight.end - reached)
    since = waiting.timestamp if waiting else sight.behind_since if lag else None
    age = 0.0 if since is None else max(0, now - since) / 1000
    return InputStatus(position, reached, lag, age, partition.intake.held_bytes(topic))


class Watched(Protocol):
    """The protocol of a watched worker."""

    topology: Topology
    context: Context
    settings: Settings
    effects: Effects
    partitions: dict[int, StreamTask]
    joined: bool
    assignments: int
    """Number of assignments by the group, empty ones included."""
    fetches: int
    """Rounds of the fetch loop."""

    def touched(self) -> set[TopicPartition]:
        """Return the topic partitions that the assigned partitions read and write."""

    async def fetched(self, topic: str, number: int) -> int:
        """Return the offset up to which an input was fetched. Raises KafkaError if it is not this worker's."""


class Watch:
    """Watches one stage. ``look`` is called periodically."""

    def __init__(self, runtime: Watched) -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._committed: LogReader | None = None
        self._uncommitted: LogReader | None = None
        self.hidden = Hidden(self._settings.transaction_timeout + NOTICED)
        """The records that transactions hide in the topic partitions that the stage reads and writes."""
        self._reported: set[TopicPartition] = set()
        self._still: dict[tuple[str, StreamTask | None], Still] = {}
        self._most = self._settings.stall_timeout / 4
        self._looked: tuple[dict[TopicPartition, int], dict[TopicPartition, int]] = ({}, {})  # written, and stable
        self.every = min(LOOK_SECONDS, self._most)
        """Seconds until the next look."""

    async def look(self) -> None:
        """Read the inputs' ends, and raise ``Stalled`` if something has made no progress for too long."""
        try:
            async with asyncio.timeout(self._settings.session_timeout):
                ends = await self._ends()
        except (KafkaError, TimeoutError):  # the broker is away: that is no stall
            await self.close()
            self._still = {}
            self.hidden.forget()
            return
        await self._settle()
        await asyncio.gather(*(self._see(partition, topic, ends) for partition, topic in self._inputs()))
        now = asyncio.get_running_loop().time()
        self._still = {
            what: self._still.get(what, Still(mark, now)).then(mark, owed, now, 2 * self.every)
            for what, mark, owed in self._moving()
        }
        if any(still.seconds >= self._patience(what) for what, still in self._still.items()):
            self._give_up()

    def _patience(self, what: tuple[str, StreamTask | None]) -> float:
        """Return how long something may make no progress; for the group, longer by the duration of a rebalance."""
        rebalance = 3 * self._settings.session_timeout if what[0] == GROUP else 0
        return self._settings.stall_timeout + rebalance

    def _give_up(self) -> NoReturn:
        name, still = self._runtime.topology.name, sorted(self._still.items(), key=lambda each: -each[1].seconds)
        what = ", ".join(
            f"{what}{'' if partition is None else f' {partition.number}'} for {still.seconds:.0f} s"
            for (what, partition), still in still
            if still.seconds
        )
        log.critical("stalled", stage=name, what=what, tasks=tasks())
        raise Stalled(f"The stage {name} makes no progress: {what}. Its process ends.")

    async def connect(self) -> None:
        """Connect to the broker. Raises KafkaError if it is away."""
        self._committed = await LogReader.connect(self._settings.kafka)
        self._uncommitted = await LogReader.connect(self._settings.kafka, "read_uncommitted")

    async def close(self) -> None:
        """Close the connections."""
        self._looked = {}, {}
        readers, self._committed, self._uncommitted = (self._committed, self._uncommitted), None, None
        await asyncio.gather(*(reader.close() for reader in readers if reader))

    async def _settle(self) -> None:
        """Log transactions that hide records beyond their timeout, and settle unfinished ones.

        The writer would settle them when it opens its partition, but it may not run, or never open it again.
        """
        overdue = self.hidden.overdue()
        for tp, offset in overdue.items():
            if tp not in self._reported:
                log.error(
                    "records hidden",
                    stage=self._runtime.topology.name,
                    topic=tp.topic,
                    partition=tp.partition,
                    offset=offset,
                )
        self._reported = set(overdue)
        if not overdue:
            return
        try:
            async with asyncio.timeout(self._settings.session_timeout):
                await settlement.settle(self._settings.kafka, overdue)
        except (KafkaError, TimeoutError, settlement.Unsettled) as error:
            log.critical("transaction not settled", stage=self._runtime.topology.name, error=str(error))

    def _inputs(self) -> list[tuple[StreamTask, str]]:
        return [(p, topic.name) for p in self._runtime.partitions.values() for topic in self._runtime.topology.reads]

    async def _see(self, partition: StreamTask, topic: str, ends: dict[TopicPartition, int]) -> None:
        if (end := ends.get(TopicPartition(topic, partition.number))) is None:  # it was assigned meanwhile
            return
        fetched = partition.sights[topic].fetched
        if partition.accepting:
            with suppress(KafkaError, TimeoutError):  # revoked meanwhile; or no answer, so no progress
                async with asyncio.timeout(self.every):
                    fetched = await self._runtime.fetched(topic, partition.number)
        self._note(partition, topic, end, fetched)

    def _note(self, partition: StreamTask, topic: str, end: int, fetched: int) -> None:
        now, before = self._runtime.context.clock(), partition.sights[topic]
        partition.sights[topic] = Sight(end, fetched)
        if not partition.waiting(topic) and status(partition, topic, now).lag:
            partition.sights[topic] = Sight(end, fetched, before.behind_since or now)

    async def _ends(self) -> dict[TopicPartition, int]:
        if self._committed is None or self._uncommitted is None:
            await self.connect()
        assert self._committed
        assert self._uncommitted
        some = {TopicPartition(self._runtime.topology.reads[0].name, 0)}  # to know that the broker answers
        asked = self._runtime.touched() or some
        written = await self._uncommitted.ends(asked)
        idle = (written, written) == self._looked  # nothing was written, not even a marker, and nothing was hidden
        ends = written if idle else await self._committed.ends(asked)
        self._looked = written, ends
        self.every = min(IDLE_SECONDS if idle else LOOK_SECONDS, self._most)
        self.hidden.look(written, ends, asyncio.get_running_loop().time())
        return ends

    def _moving(self) -> Iterator[tuple[tuple[str, StreamTask | None], Any, bool]]:
        """Yield everything watched: its name, a mark that grows with progress, and whether it should progress now."""
        runtime = self._runtime
        yield ("its fetch loop", None), runtime.fetches, runtime.joined  # aiokafka's waits during a rebalance
        yield (GROUP, None), runtime.assignments, not runtime.joined
        holding_back = runtime.effects.is_behind()  # no block begins: the effects should progress
        yield ("its effects", None), runtime.effects.ended, runtime.effects.is_full()
        for partition in runtime.partitions.values():
            opening = (partition.attempts, partition.restored)
            yield ("the opening of partition", partition), opening, not partition.ready
            for topic in runtime.topology.reads:
                at = status(partition, topic.name, 0)
                owed = (partition.ready or partition.hangs) and at.lag > 0 and not holding_back
                yield (f"{topic.name} in partition", partition), (partition.others, at.reached), owed


def tasks() -> list[str]:
    """Return the place of each asyncio task of the process, innermost first, with the number of tasks at that place."""
    places = Counter(" < ".join(_places(task)) for task in asyncio.all_tasks())
    return [f"{count} x {place}" for place, count in places.most_common()]


def _places(task: "asyncio.Task[Any]") -> list[str]:
    """Return the places of a task's coroutines; ``Task.get_stack`` would only know the outermost."""
    found: list[str] = []
    at = _coroutine(task.get_coro())
    while at is not None and (frame := getattr(at, "cr_frame", None) or getattr(at, "gi_frame", None)):
        found.insert(0, f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}:{frame.f_lineno}")
        at = _coroutine(getattr(at, "cr_await", None) or getattr(at, "gi_yieldfrom", None))
    return found


def _coroutine(awaited: Any) -> Any:
    """Return the awaited object, or the coroutine within: an agent's own is awaited through Python's wrapper."""
    wrapped = gc.get_referents(awaited) if type(awaited).__name__ == "coroutine_wrapper" else [awaited]
    return next(iter(wrapped), None)
