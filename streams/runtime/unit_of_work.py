"""What the folds of a block lead to, until it is committed: output, changes of the state, rows, effects, dead letters.

Each fold can be taken back, as to a savepoint, so that a record which a stage can't fold leaves nothing behind.
"""

import logging
from collections import defaultdict
from typing import Any, NamedTuple

import structlog
from msgspec import Struct

from schemas import records as r
from schemas.envelope import Envelope, Source, seal
from schemas.topics import Topic
from streams.runtime.context import Context
from streams.runtime.effects import Act, Effect
from streams.runtime.poison import DeadLetters
from streams.runtime.record import Record, place
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.tables import decoded
from streams.runtime.topology import Topology

_MARGIN = 4096  # for a record's key, headers and batch
_BATCH = 512  # overhead of a batch besides the keys, values and headers in it

log = structlog.get_logger()


class Emitted(NamedTuple):
    """A record that a fold has emitted."""

    topic: Topic
    value: Struct
    out: Envelope


class UnitOfWork:
    """What a block's folds do, for the stage that folds now: it is what stages and their tables write through.

    A fold is between ``begin`` and ``keep``, or ``take_back``.
    """

    logged = True
    """Whether folded records are logged."""

    def __init__(
        self, topology: Topology, context: Context, partition: int, *, state: StateStore | None, now: int
    ) -> None:
        self.topology = topology
        self.context = context
        self.partition = partition
        self.state = state
        self.now = now
        self.stage: Stage = topology.stages[0]
        """The stage that folds now."""
        self.owner = self.stage.name
        self.record: Record
        """The record that is being folded."""
        self.bytes = 0
        self.changes: dict[bytes, bytes | None] = {}
        self.cursors: dict[bytes, bytes] = {}  # of the stages' timers, with the block's changes
        self.members: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self.outputs: defaultdict[str, list[Envelope]] = defaultdict(list)
        self.rows: list[tuple[str, tuple[Any, ...]]] = []
        self.effects: list[Effect] = []
        self.dead = DeadLetters(partition, now)
        self.put_back: list[Record] = []
        """The retries whose dead-lettered records were folded."""
        self.rewinds: dict[str, int] = {}
        """Offsets to rewind to once the block is committed, by topic, if they are below the positions."""
        self.led_by: str | None = None
        """The source that output names, None for a timer's."""
        self.fires = False
        """Whether a timer or a lost effect is being answered."""
        self._emitted: list[Emitted] = []  # by the fold of the current record
        self._before: list[tuple[bytes, tuple[bytes | None] | None]] = []  # what it has changed, in order
        self._kept = 0, 0, 0, 0  # bytes, and numbers of rows, effects and dead letters, before it
        self._traces = self.logged and log.is_enabled_for(logging.DEBUG)

    def begin(self, stage: Stage, record: Record | None = None) -> None:
        """Let a stage's tables read and write through the block, from now on, to fold a record."""
        self.stage, self.owner = stage, stage.name
        if self._before:  # what was changed until now, as the cursor of timers, stays
            self._save()
        if record is not None:
            self.record = record
            if self._traces:
                _log_folding(stage, record)

    def keep(self) -> None:
        """Keep what the fold did."""
        for each in self._emitted:
            self.hand_on(each)
            self.outputs[each.topic.name].append(each.out)
        self._emitted.clear()
        self._save()

    def _save(self) -> None:
        self._before.clear()
        self._kept = self.bytes, len(self.rows), len(self.effects), len(self.dead)

    def hand_on(self, emitted: Emitted) -> None:
        """Hand a record on to other stages, before it is among the outputs: nowhere, but in a block."""

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
        self.bytes, rows, effects, dead = self._kept
        del self.rows[rows:], self.effects[effects:]
        self.dead.truncate(dead)

    @property
    def dead_lettered(self) -> bool:
        """Whether the fold of the current record has dead-lettered it."""
        return len(self.dead) > self._kept[-1]

    def emit(self, topic: Topic, value: Struct) -> None:
        """Produce ``value`` with the block, to the block's own partition; key and time are its ``user`` and ``at``.

        Raises ``ValueError`` for a topic that the stage does not declare, or for a timer's output to a topic that
        ``on_timer`` does not name, and for a record that is too large.
        """
        if topic not in (self.stage.timer_outputs if self.fires else self.stage.writes):
            kind = "output of its timers" if self.fires else "output"
            raise ValueError(f"The stage {self.stage.name} declares no {kind} {topic.name}.")
        out = seal(value, self.context.codec.encode(topic.name, value), Source.BLOCK, self.led_by)
        _check_fits(topic, out)
        self.bytes += len(out.value or b"")
        self._emitted.append(Emitted(topic, value, out))

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
