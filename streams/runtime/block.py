"""A block: a micro-batch of one topic's partition, folded by an agent and committed in one transaction."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import structlog
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from domain.decision import VERSION
from schemas import records as r
from schemas.codec import Undecodable
from schemas.envelope import Envelope, Source, seal
from schemas.topics import DEAD_LETTERS, Topic
from streams.runtime.context import Context
from streams.runtime.effects import Act, Effect
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.tables import Cells, decoded, folding

_MARGIN = 4096  # for a record's key, headers and batch
_BATCH = 512  # overhead of a batch besides the keys, values and headers in it
_REASON = 4096  # characters of a dead letter's reason: it has to fit beside the record
_MACHINE = (MemoryError, OSError, ImportError)
"""Errors of the machine, for which no record is at fault. A state's DiskError is an OSError; a failed import is a
missing file, as while an upgrade replaces it."""
NOWHERE = -1  # the offset of a timer, which is in the state and on no topic

log = structlog.get_logger()


class FoldError(Exception):
    """The agent could not fold a block because of its records; nothing outside the block has changed."""


class Interrupted(RuntimeError):
    """A fold was interrupted from outside: no record is at fault."""


class Record(Struct, frozen=True):  # made in a fifth of a dataclass's time, for each record of the log
    """One input record, raw and decoded.

    For a dead-lettered record that is sent again, ``retried`` is the time of that (ms since 1970), and ``overtaken``
    whether a later record about the same subject was folded meanwhile.
    """

    raw: ConsumerRecord
    value: Any
    retried: int | None = None
    overtaken: bool = False


class Block:
    """The unit of a commit. Within ``with block:`` the stage's tables read and write through it.

    Iterating yields the decoded records until the block reaches its bytes of output or its time; the rest goes into the
    next block. A record that can't be decoded is dead-lettered and skipped. A record of a type that the agent does not
    fold is skipped without being decoded.
    Leaving the ``with`` ends the fold; an exception in it is passed to the partition and never reaches Faust: as the
    cause of a ``FoldError``, or unchanged if the machine is at fault.
    """

    logged = True
    """Whether folded records are logged."""

    def __init__(
        self,
        stage: Stage,
        context: Context,
        partition: int,
        raws: list[ConsumerRecord],
        *,
        state: StateStore | None,
        now: int,
    ) -> None:
        self.stage = stage
        self.owner = stage.name
        self.context = context
        self.partition = partition
        self.raws = raws
        self.state = state
        self.now = now
        self.topic = raws[0].topic if raws else None
        """The topic of the block's records, None for a punctuation."""
        self.recorded_settings = stage.recorded(context.settings) if stage.recorded else {}
        """The settings that affect decisions, recorded for replay."""
        self.decision_version = VERSION
        """The decision version to decide by."""
        self.record: Record
        """The record that is being folded, for a function of one record."""
        self.taken = 0
        self.bytes = 0
        self.changes: dict[bytes, bytes | None] = {}
        self.cursors: dict[bytes, bytes] = {}  # of the stage's timers, with the block's changes
        self.outputs: defaultdict[str, list[Envelope]] = defaultdict(list)
        self.rows: list[tuple[str, tuple[Any, ...]]] = []
        self.effects: list[Effect] = []
        self.dead: list[r.DeadLetter] = []
        self.waited: r.Timer | None = None
        """The single timer of a punctuation for a wait that is over before its time: see ``waits``."""
        self.timer: r.Timer | None = None
        """The last timer that was taken."""
        self.put_back: list[Record] = []
        """The retries whose dead-lettered records are folded now."""
        self.rewinds: dict[str, int] = {}
        """Offsets to rewind to once the block is committed, by topic, if they are below the positions."""
        self.earliest: int | None = None
        """When the first of the block's timers was due, None without timers."""
        self.fold_seconds = 0.0
        self.folded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.entered = False
        """Whether it is being folded: its agent is inside ``with``."""
        self._within: Cells | None = None  # the block of another stage in whose fold this one is folded
        self._began = self._until = 0.0
        self._folding: ConsumerRecord | None = None

    def rest(self) -> list[ConsumerRecord]:
        """Remove and return the records that did not fit into the block."""
        self.raws, rest = self.raws[: self.taken], self.raws[self.taken :]
        return rest

    def after(self, positions: dict[str, int]) -> dict[str, int]:
        """Return the positions after the block."""
        back = {topic: min(offset, positions.get(topic, 0)) for topic, offset in self.rewinds.items()}
        return {**positions, **back, **({self.topic: self.raws[-1].offset + 1} if self.topic else {})}

    def __enter__(self) -> "Block":
        self._within = folding.get()
        if self._within is not None and self._within.owner == self.owner:
            raise RuntimeError(f"The stage {self.owner} folds one block at a time: await nothing inside ``with``.")
        self._begin()
        self.entered = True
        folding.set(self)
        return self

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._until = self._began + self.context.settings.block_seconds

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        folding.set(self._within)
        self.entered = False
        self._folding = None
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

    def __iter__(self) -> Iterator[Record]:
        expected = next((topic for topic in self.stage.reads if topic.name == self.topic), None)
        verbose = self.logged and log.is_enabled_for(logging.DEBUG)
        decode, kind = self.context.codec.decode, self.context.codec.kind
        wanted = self.stage.wanted.get(str(self.topic))
        passed_over = set(expected.records).difference(wanted) if expected and wanted else ()
        most_bytes = self.context.settings.block_bytes
        for raw in self.raws:
            if (self.bytes >= most_bytes or time.monotonic() >= self._until) and self.taken:
                return
            self.taken += 1
            if passed_over and kind(raw.value) in passed_over:
                continue
            try:
                value = decode(raw.value)
            except Undecodable as error:
                self.dead_letter(raw, str(error))
                continue
            if expected and not isinstance(value, expected.records):
                self.dead_letter(raw, f"{type(value).__name__} is no record of {expected.name}")
                continue
            self._folding = raw
            if verbose:
                self._log_folding(raw, value)
            yield Record(raw, value)

    def emit(self, topic: Topic, value: Struct) -> None:
        """Produce ``value`` with the block, to the block's own partition; key and time are its ``user`` and ``at``.

        Raises ``ValueError`` for a topic that the stage does not declare, or for a timer's output to a topic that
        ``on_timer`` does not name, and for a record that is too large.
        """
        if topic not in (self.stage.writes if self.topic else self.stage.timer_outputs):
            kind = "output" if self.topic else "output of its timers"
            raise ValueError(f"The stage {self.stage.name} declares no {kind} {topic.name}.")
        led_by = place(self._folding) if self._folding else None
        out = seal(value, self.context.codec.encode(topic.name, value), Source.BLOCK, led_by)
        _check_fits(topic, out)
        self.bytes += len(out.value or b"")
        self.outputs[topic.name].append(out)

    def change(self, key: bytes, value: bytes | None) -> None:
        """Set a key of the stage's state, or delete it by None. Raises ``ValueError`` if the change is too large."""
        size = len(key) + len(value or b"")
        if size > Topic.max_bytes - _BATCH:
            raise ValueError(f"A change of {size} bytes is too large for {self.stage.changelog_name}.")
        self.bytes += size
        self.changes[key] = value

    @property
    def kept(self) -> StateStore:
        """The state before the block."""
        assert self.state is not None, f"The stage {self.stage.name} keeps no state of its own."
        return self.state

    def encoded(self, record: Struct) -> bytes:
        """Return a record encoded for the state."""
        return self.context.codec.encode(self.stage.changelog_name, record)

    def decoded(self, raw: bytes) -> Struct:
        """Return the record of a value in the state. Raises ``Unreadable``, or ``Unlearned`` as the codec does."""
        return decoded(self.stage.name, self.context.codec, raw)

    def row(self, query: str, values: tuple[Any, ...]) -> None:
        """Write a row of a view with the block, by the named query; for stages that write Postgres.

        It counts as many bytes as its record: measuring the row would take longer.
        """
        if self._folding:
            self.bytes += len(self._folding.value)
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

    def dead_letter(self, raw: ConsumerRecord, reason: str) -> None:
        """Dead-letter a record with the reason; the partition goes on."""
        log.warning("dead-lettered", stage=self.stage.name, source=place(raw), reason=_kind(reason))
        self.dead.append(
            r.DeadLetter(
                stage=self.stage.name,
                topic=raw.topic,
                partition=raw.partition,
                offset=raw.offset,
                at=self.now,
                reason=reason[:_REASON],
                key=raw.key,
                value=raw.value,
                headers=tuple(raw.headers),
            )
        )

    def dead_timer(self, timer: r.Timer, reason: str) -> None:
        """Dead-letter a timer with the reason; the others go on."""
        changelog = self.stage.changelog_name
        log.warning(
            "timer dead-lettered", stage=self.stage.name, timer=timer.id, subject=timer.subject, reason=_kind(reason)
        )
        self.dead.append(
            r.DeadLetter(
                stage=self.stage.name,
                topic=changelog,
                partition=self.partition,
                offset=NOWHERE,
                at=self.now,
                reason=reason[:_REASON],
                key=timer.id.encode(),
                value=self.context.codec.encode(changelog, timer),
            )
        )

    def dead_letters(self) -> list[Envelope]:
        """Return the block's dead letters, encoded."""
        encode = self.context.codec.encode
        return [
            Envelope(f"{d.stage}/{d.topic}/{d.partition}/{d.offset}".encode(), encode(DEAD_LETTERS.name, d), d.at)
            for d in self.dead
        ]

    def _log_folding(self, raw: ConsumerRecord, value: Struct) -> None:
        name = type(value).__name__
        log.debug("folding", stage=self.stage.name, source=place(raw), record=name, **_ids(value))


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


def _kind(reason: str) -> str:
    """Return the part of a reason without users' data: text after a colon may quote the record."""
    return reason.partition(":")[0]


def place(raw: ConsumerRecord) -> str:
    """Return a record's place: ``topic/partition/offset``."""
    return f"{raw.topic}/{raw.partition}/{raw.offset}"


def _ids(value: Any) -> dict[str, str]:
    """Return the ids that trace a record through the logs: its command, and the cause of that."""
    command = str(getattr(value, "command", None) or getattr(value, "id", ""))
    cause = getattr(value, "cause", None)
    return {"command": command, "cause": cause} if cause else {"command": command}
