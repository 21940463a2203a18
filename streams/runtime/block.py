"""A block: a micro-batch of records, folded by the stages of a topology and committed in one transaction.

What a stage emits to a topic that another stage of the topology reads is handed on at once, before the next record: so
a completion, the next occurrence that follows from it and the audit entries of both are one block.
"""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from functools import cached_property
from types import TracebackType
from typing import Any, NamedTuple

import structlog
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from domain.decision import VERSION
from schemas import records as r
from schemas.codec import Undecodable, Unlearned
from schemas.envelope import Envelope, Source, seal
from schemas.topics import Topic
from streams.runtime.context import Context
from streams.runtime.effects import Act, Effect
from streams.runtime.poison import DeadLetters
from streams.runtime.record import Handed, Raw, Record, handed_place, place
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.tables import decoded, folding
from streams.runtime.topology import Reader, Topology

_MARGIN = 4096  # for a record's key, headers and batch
_BATCH = 512  # overhead of a batch besides the keys, values and headers in it
_MACHINE = (MemoryError, OSError, ImportError)
"""Errors of the machine, for which no record is at fault. A state's DiskError is an OSError; a failed import is a
missing file, as while an upgrade replaces it."""
_UNBLAMED = (*_MACHINE, Unlearned)
"""Errors for which no record is a dead letter: the block is folded again."""

log = structlog.get_logger()


class FoldError(Exception):
    """A block could not be folded because of its records; nothing outside the block has changed."""


class Interrupted(RuntimeError):
    """A fold was interrupted from outside: no record is at fault."""


class _Emitted(NamedTuple):
    topic: Topic
    value: Struct
    out: Envelope


class Block:
    """The unit of a commit. Within ``with block:`` the stages' tables read and write through it.

    ``stage`` is the one that folds now, and ``record`` what it folds. ``fold`` folds records until the block reaches
    its bytes of output or its time; the rest goes into the next block. A record that can't be decoded is dead-lettered
    and skipped, by each stage that reads it. One whose fold raises is a dead letter of that stage alone, and what the
    fold did is taken back. A record of a type that no stage folds is skipped without being decoded.
    Leaving the ``with`` ends the block; an exception in it is passed to the partition and never reaches Faust: as the
    cause of a ``FoldError``, or unchanged if the machine is at fault.
    """

    logged = True
    """Whether folded records are logged."""

    def __init__(
        self,
        topology: Topology,
        context: Context,
        partition: int,
        raws: list[ConsumerRecord],
        *,
        state: StateStore | None,
        now: int,
    ) -> None:
        self.topology = topology
        self.context = context
        self.partition = partition
        self.raws = raws
        self.state = state
        self.now = now
        self.stage: Stage = topology.stages[0]
        """The stage that folds now."""
        self.owner = self.stage.name
        self.record: Record
        """The record that is being folded."""
        self.root: Raw | None = None
        """The record of the log that led to it, None for a timer's."""
        self.topic = raws[0].topic if raws else None
        """The topic of the block's first record, None for a punctuation."""
        self.recorded_settings = topology.recorded(context.settings)
        """The settings that affect decisions, recorded for replay."""
        self.decision_version = VERSION
        """The decision version to decide by."""
        self.taken = 0
        self.bytes = 0
        self.changes: dict[bytes, bytes | None] = {}
        self.cursors: dict[bytes, bytes] = {}  # of the stages' timers, with the block's changes
        self.outputs: defaultdict[str, list[Envelope]] = defaultdict(list)
        self.notices: str | None = None
        """The topic that the timers of a punctuation emitted to, if it was handed on."""
        self.rows: list[tuple[str, tuple[Any, ...]]] = []
        self.effects: list[Effect] = []
        self.dead = DeadLetters(partition, now)
        self.waited: r.Timer | None = None
        """The single timer of a punctuation for a wait that is over before its time: see ``waits``."""
        self.put_back: list[Record] = []
        """The retries whose dead-lettered records were folded."""
        self.rewinds: dict[str, int] = {}
        """Offsets to rewind to once the block is committed, by topic, if they are below the positions."""
        self.earliest: int | None = None
        """When the first of the block's timers was due, None without timers."""
        self.fold_seconds = 0.0
        self.folded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.entered = False
        """Whether it is being folded: its agent is inside ``with``."""
        self._began = self._until = 0.0
        self._led_by: str | None = None
        self._emitted: list[_Emitted] = []  # by the fold of the current record
        self._before: list[tuple[bytes, tuple[bytes | None] | None]] = []  # what it has changed, in order
        self._handed: deque[Record] = deque()
        self._fires = False
        self._kept_bytes = self._kept_rows = self._kept_effects = self._kept_dead = 0
        self._ended: dict[Stage, list[Any]] = {stage: [] for stage in topology.ending}

    def rest(self) -> list[ConsumerRecord]:
        """Remove and return the records that did not fit into the block."""
        if rest := self.raws[self.taken :]:
            self.raws = self.raws[: self.taken]
            self.__dict__.pop("behind", None)  # it is computed again
        return rest

    @cached_property
    def behind(self) -> dict[str, int]:
        """The offset behind its last record, by topic."""
        return {raw.topic: raw.offset + 1 for raw in self.raws}

    def after(self, positions: dict[str, int]) -> dict[str, int]:
        """Return the positions after the block."""
        moved = {**positions, **self.behind}
        return moved | {topic: min(offset, moved.get(topic, 0)) for topic, offset in self.rewinds.items()}

    def __enter__(self) -> "Block":
        if folding.get() is not None:
            raise RuntimeError(
                f"The topology {self.topology.name} folds one block at a time: await nothing inside ``with``."
            )
        self._began = time.monotonic()
        self._until = self._began + self.context.settings.block_seconds
        self.entered = True
        folding.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        folding.set(None)
        self.entered = False
        self.fold_seconds = time.monotonic() - self._began
        if self.folded.done():  # discarded meanwhile
            return isinstance(error, Exception)
        if error is None and self.raws and not self.taken:
            self.folded.set_exception(FoldError("No record of the block was read."))
        elif error is None:
            self.folded.set_result(None)
        elif isinstance(error, _MACHINE):
            self.folded.set_exception(error)
        elif not isinstance(error, Exception):  # the process is stopping; the block will be retried
            self.folded.set_exception(Interrupted(type(error).__name__))
        else:
            failure = FoldError(f"{type(error).__name__}: {error}")
            failure.__cause__ = error
            self.folded.set_exception(failure)
        return isinstance(error, Exception)

    # Folding.

    def fold(self) -> None:
        """Fold the block's records, each by every stage that reads it, and then whatever these emit."""
        for record in self._records():
            self.root = record.raw
            self._led_by = self.led_by(record.raw)
            self._hand_on(record)
        self.end()

    def _records(self) -> Iterator[Record]:
        """Yield the decoded records until the block is full."""
        decode, kind, topics = self.context.codec.decode, self.context.codec.kind, self.topology.topic
        most_bytes = self.context.settings.block_bytes
        for raw in self.raws:
            if (self.bytes >= most_bytes or time.monotonic() >= self._until) and self.taken:
                return
            self.taken += 1
            topic = topics[raw.topic]
            if (passed_over := self.topology.passed_over[raw.topic]) and kind(raw.value) in passed_over:
                continue
            try:
                value = decode(raw.value)
            except Undecodable as error:
                self.dead_letter_for_all(raw, str(error))
                continue
            if isinstance(value, topic.records):
                yield Record(raw, value)
            else:
                self.dead_letter_for_all(raw, f"{type(value).__name__} is no record of {topic.name}")

    def led_by(self, raw: Raw) -> str:
        """Return the source that outputs name which a record of the log leads to: its place.

        When a notice was folded, in the block of its timer, its offset was not known.
        """
        return handed_place(raw) if raw.topic in self.topology.handed else place(raw)

    def dead_letter_for_all(self, raw: ConsumerRecord, reason: str) -> None:
        """Dead-letter a record of the log, by each stage that reads it."""
        for reader in self.topology.readers[raw.topic]:
            self.dead.add(reader.stage.name, raw, reason)

    def _hand_on(self, record: Record) -> None:
        """Fold a record by every stage that reads it, and then whatever these emit, in order."""
        self._deliver(record)
        while self._handed:
            self._deliver(self._handed.popleft())

    def _deliver(self, record: Record) -> None:
        value = record.value
        for reader in self.topology.readers[record.raw.topic]:
            if not reader.wanted or isinstance(value, reader.wanted):
                self._fold_by(reader, record)

    def _fold_by(self, reader: Reader, record: Record) -> None:
        """Fold a record by one stage. If it raises, take back what it did, and dead-letter the record."""
        self.begin(reader.stage, record)
        try:
            reader.fold(self, record.value)
        except _UNBLAMED:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, other stages' work on the record stays
            self.take_back()
            self.record = record
            self.dead_letter(_fault(error))
        else:
            if self.accepts(reader.stage, record):
                self.keep()
                if reader.stage.end:
                    self._ended[reader.stage].append(record.value)

    def accepts(self, stage: Stage, record: Record) -> bool:  # noqa: ARG002 - for replays
        """Return whether to keep what a stage's fold of a record did: always, but in a replay."""
        return True

    def fire(self, stage: Stage, timer: r.Timer) -> None:
        """Let a stage emit for a timer that has fired, and fold what is handed on."""
        assert stage.punctuate
        self.begin(stage)
        self._led_by, self._fires = None, True
        try:
            stage.punctuate(self, timer)
        except _UNBLAMED:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other timers fire
            self.take_back()
            self.dead_timer(stage, timer, _fault(error))
        else:
            self.keep()
        finally:
            self._fires = False
        self._fold_notices()

    def answer(self, stage: Stage, key: str) -> None:
        """Let a stage emit for an effect that nobody performs, and fold what is handed on."""
        assert stage.lost
        _, _, answer = stage.lost
        self.begin(stage)
        self._led_by, self._fires = None, True
        answer(self, key)
        self.keep()
        self._fires = False
        self._fold_notices()

    def _fold_notices(self) -> None:
        """Fold what timers emitted, each with what it leads to, as records of the log in their order would be."""
        notices, self._handed = self._handed, deque()
        for notice in notices:
            self.notices = notice.raw.topic
            self._led_by = handed_place(notice.raw)
            self._hand_on(notice)

    def end(self) -> None:
        """Let the stages end the block."""
        for stage, values in self._ended.items():
            if values and stage.end:
                self.begin(stage)
                stage.end(self, values)
                self.keep()

    # What a fold does, until it is kept.

    def begin(self, stage: Stage, record: Record | None = None) -> None:
        """Let a stage's tables read and write through the block, from now on, to fold a record."""
        self.stage, self.owner = stage, stage.name
        self._before.clear()  # what was changed until now, as the cursor of timers, stays
        if record is not None:
            self.record = record
            if self.logged and log.is_enabled_for(logging.DEBUG):
                _log_folding(stage, record)
        self._kept_bytes, self._kept_rows = self.bytes, len(self.rows)
        self._kept_effects, self._kept_dead = len(self.effects), len(self.dead)

    def keep(self) -> None:
        """Keep what the fold did; hand on what other stages of the topology read."""
        self._before.clear()
        for topic, value, out in self._emitted:
            outputs = self.outputs[topic.name]
            if topic.name in self.topology.handed:
                raw = Handed(topic.name, self.partition, len(outputs), out.key, out.value, out.headers, out.at)
                self._handed.append(Record(raw, value))
            outputs.append(out)
        self._emitted.clear()

    def take_back(self) -> None:
        """Undo what the fold did."""
        for key, before in reversed(self._before):
            if before is None:
                del self.changes[key]
            else:
                self.changes[key] = before[0]
        self._before.clear()
        self.cursors.clear()  # they are read again
        self._emitted.clear()
        self.bytes = self._kept_bytes
        del self.rows[self._kept_rows :], self.effects[self._kept_effects :]
        self.dead.truncate(self._kept_dead)

    @property
    def dead_lettered(self) -> bool:
        """Whether the fold of the current record has dead-lettered it."""
        return len(self.dead) > self._kept_dead

    def emit(self, topic: Topic, value: Struct) -> None:
        """Produce ``value`` with the block, to the block's own partition; key and time are its ``user`` and ``at``.

        Raises ``ValueError`` for a topic that the stage does not declare, or for a timer's output to a topic that
        ``on_timer`` does not name, and for a record that is too large.
        """
        if topic not in (self.stage.timer_outputs if self._fires else self.stage.writes):
            kind = "output of its timers" if self._fires else "output"
            raise ValueError(f"The stage {self.stage.name} declares no {kind} {topic.name}.")
        out = seal(value, self.context.codec.encode(topic.name, value), Source.BLOCK, self._led_by)
        _check_fits(topic, out)
        self.bytes += len(out.value or b"")
        self._emitted.append(_Emitted(topic, value, out))

    def change(self, key: bytes, value: bytes | None) -> None:
        """Set a key of the state, or delete it by None. Raises ``ValueError`` if the change is too large."""
        size = len(key) + len(value or b"")
        if size > Topic.max_bytes - _BATCH:
            raise ValueError(f"A change of {size} bytes is too large for {self.topology.changelog_name}.")
        self.bytes += size
        self._before.append((key, (self.changes[key],) if key in self.changes else None))
        self.changes[key] = value

    @property
    def kept(self) -> StateStore:
        """The state before the block."""
        assert self.state is not None, f"The stage {self.stage.name} keeps no state of its own."
        return self.state

    def encoded(self, record: Struct) -> bytes:
        """Return a record encoded for the state."""
        return self.context.codec.encode(self.topology.changelog_name, record)

    def decoded(self, raw: bytes) -> Struct:
        """Return the record of a value in the state. Raises ``Unreadable``, or ``Unlearned`` as the codec does."""
        return decoded(self.topology.name, self.context.codec, raw)

    def row(self, query: str, values: tuple[Any, ...]) -> None:
        """Write a row of a view with the block, by the named query; for stages that write Postgres.

        It counts as many bytes as its record: measuring the row would take longer.
        """
        self.bytes += len(self.record.raw.value or b"")
        self.rows.append((query, values))

    def rewind(self, topic: str, offset: int) -> None:
        """Fold an input's records from ``offset`` on again; for stages that write Postgres, whose rows allow it."""
        if topic in self.stage.inputs and offset >= 0:
            self.rewinds[topic] = min(offset, self.rewinds.get(topic, offset))

    def after_commit(self, act: Act, key: str | None = None, hand_over: Act | None = None) -> None:
        """Run a function beside the task once the block is committed: for slow effects, such as sending.

        ``key`` and ``hand_over`` are for effects that the stage records; see ``Effect``.
        """
        self.effects.append(Effect(act, self.partition, key, hand_over))

    def dead_letter(self, reason: str) -> None:
        """Dead-letter the current record, for the current stage, with the reason; the partition goes on."""
        self.dead.add(self.stage.name, self.record.retry or self.record.raw, reason)

    def dead_timer(self, stage: Stage, timer: r.Timer, reason: str) -> None:
        """Dead-letter a stage's timer with the reason; the others go on."""
        self.dead.add_timer(stage.name, self.topology.changelog_name, timer, self.context.codec, reason)


def _fault(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _check_fits(topic: Topic, out: Envelope) -> None:
    """Raise ``ValueError`` if a broker configured by the contract would refuse a record for its size.

    If a broker refuses it anyway, the record is not at fault. Key and headers repeat parts of the value, so those of a
    small record need not be measured.
    """
    size = len(out.value or b"")
    if size > topic.max_bytes // 4:
        around = len(out.key or b"") + sum(len(name) + len(value) for name, value in out.headers)
        if size > topic.max_bytes - _MARGIN or size + around > topic.max_bytes - _BATCH:
            raise ValueError(f"A record of {size} bytes is too large for {topic.name}.")


def _log_folding(stage: Stage, record: Record) -> None:
    name = type(record.value).__name__
    log.debug("folding", stage=stage.name, source=place(record.raw), record=name, **_ids(record.value))


def _ids(value: Any) -> dict[str, str]:
    """Return the ids that trace a record through the logs: its command, and the cause of that."""
    command = str(getattr(value, "command", None) or getattr(value, "id", ""))
    cause = getattr(value, "cause", None)
    return {"command": command, "cause": cause} if cause else {"command": command}
