"""A block: some records of one partition of one topic, folded by an agent, committed as one."""

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
from schemas.envelope import Envelope, seal
from schemas.topics import DEAD_LETTERS, Topic
from streams.runtime.context import Context
from streams.runtime.effects import Act, Effect
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.tables import decoded

_MARGIN = 4096  # for a record's key, headers and batch
_BATCH = 512  # what a batch adds to the keys, values and headers in it
_REASON = 4096  # characters of why something was set aside: it has to fit beside the record
_MACHINE = (MemoryError, OSError, ImportError)
"""What lies in the machine is no record's fault. A state's DiskError is an OSError; a module that can't be imported is
a file that is missing, as while an upgrade replaces it."""
_SOURCE = "/rondo"  # of CloudEvents
NOWHERE = -1  # the offset of what stands in state and not on a topic

log = structlog.get_logger()


class FoldError(Exception):
    """The agent could not fold a block, for what its records say; nothing outside its memory has changed."""


class Interrupted(RuntimeError):
    """A fold was ended from outside: no record is at fault."""


class Record(Struct, frozen=True):  # made in a fifth of a dataclass's time, for each record of the log
    """One input record: where it stands and what it says.

    Of one that was set aside and is sent again, ``retried`` says when (ms since 1970), and ``overtaken`` whether a
    later record about the same was folded meanwhile.
    """

    raw: ConsumerRecord
    value: Any
    retried: int | None = None
    overtaken: bool = False


class Block:
    """What one commit covers. Within ``with block:`` the stage's tables read and write through it.

    Iterating gives the decoded records until the block has its bytes of output or its time; what is left over comes
    with the next block. A record that cannot be decoded goes to the dead letters and is passed over. One of a type that
    the agent does not fold is passed over without being decoded.
    Leaving the ``with`` ends the fold; an exception in it is kept for the partition and never reaches Faust: as the
    cause of a ``FoldError``, or as itself where it lies in the machine.
    """

    tells = True
    """Whether what it folds is logged."""

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
        self.context = context
        self.partition = partition
        self.raws = raws
        self.state = state
        self.now = now
        self.topic = raws[0].topic if raws else None
        """The topic that the block's records are from, None for a tick."""
        self.given = stage.given(context.settings) if stage.given else {}
        """What of the settings decides."""
        self.rules = VERSION
        """The version of the rules that decide."""
        self.record: Record
        """The record that is folded, for a function of one record."""
        self.taken = 0
        self.bytes = 0
        self.changes: dict[bytes, bytes | None] = {}
        self.cursors: dict[bytes, bytes] = {}  # of the stage's timers, as the block has left them
        self.outputs: defaultdict[str, list[Envelope]] = defaultdict(list)
        self.rows: list[tuple[str, tuple[Any, ...]]] = []
        self.effects: list[Effect] = []
        self.dead: list[r.DeadLetter] = []
        self.waited: r.Timer | None = None
        """The one timer of a tick that is for a wait which is over before its time: see ``waits``."""
        self.timer: r.Timer | None = None
        """The last timer that was taken."""
        self.put_back: list[Record] = []
        """The retries whose records, set aside once, are folded now."""
        self.rewinds: dict[str, int] = {}
        """Offsets to read on from once the block is committed, by topic: where they are below the positions."""
        self.earliest: int | None = None
        """When the first of the block's timers was due, None without any."""
        self.fold_seconds = 0.0
        self.folded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._began = self._until = 0.0
        self._folding: ConsumerRecord | None = None

    def rest(self) -> list[ConsumerRecord]:
        """Cut off and return the records that did not fit into the block."""
        self.raws, rest = self.raws[: self.taken], self.raws[self.taken :]
        return rest

    def __enter__(self) -> "Block":
        if self.stage.slot.block is not None:
            raise RuntimeError(f"The stage {self.stage.name} folds one block at a time: await nothing inside ``with``.")
        self._begin()
        self.stage.slot.block = self
        return self

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._until = self._began + self.context.settings.block_seconds

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        self.stage.slot.block = None
        self._folding = None
        self.fold_seconds = time.monotonic() - self._began
        if self.folded.done():  # given up meanwhile
            return isinstance(error, Exception)
        if error is None and self.raws and not self.taken:
            self.folded.set_exception(FoldError("No record of the block was read."))
        elif error is None:
            self.folded.set_result(None)
        elif isinstance(error, _MACHINE):
            self.folded.set_exception(error)
        elif not isinstance(error, Exception):  # the process was told to end, and the block will come again
            self.folded.set_exception(Interrupted(type(error).__name__))
        else:
            failure = FoldError(f"{type(error).__name__}: {error}")
            failure.__cause__ = error
            self.folded.set_exception(failure)
        return isinstance(error, Exception)

    def __iter__(self) -> Iterator[Record]:
        expected = next((topic for topic in self.stage.reads if topic.name == self.topic), None)
        verbose = self.tells and log.is_enabled_for(logging.DEBUG)
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
                self._tell(raw, value)
            yield Record(raw, value)

    def emit(self, topic: Topic, value: Struct) -> None:
        """Produce ``value`` with the block, to the block's own partition; key and time are its ``user`` and ``at``.

        Raises ``ValueError`` for a topic that the stage does not declare, or that a tick emits to and ``on_tick`` does
        not name, and for a record that is too large.
        """
        if topic not in (self.stage.writes if self.topic else self.stage.ticks):
            kind = "output" if self.topic else "output of its timers"
            raise ValueError(f"The stage {self.stage.name} declares no {kind} {topic.name}.")
        led_by = place(self._folding) if self._folding else None
        out = seal(value, self.context.codec.encode(topic.name, value), _SOURCE, led_by)
        _check_fits(topic, out)
        self.bytes += len(out.value or b"")
        self.outputs[topic.name].append(out)

    def change(self, key: bytes, value: bytes | None) -> None:
        """Set a key of the stage's state, or delete it by None. Raises ``ValueError`` for what is too large."""
        size = len(key) + len(value or b"")
        if size > Topic.max_bytes - _BATCH:
            raise ValueError(f"A change of {size} bytes is too large for {self.stage.changelog_name}.")
        self.bytes += size
        self.changes[key] = value

    @property
    def kept(self) -> StateStore:
        """The state as it was before the block."""
        assert self.state is not None, f"The stage {self.stage.name} keeps no state of its own."
        return self.state

    def encoded(self, record: Struct) -> bytes:
        """Return a record as it stands in the state."""
        return self.context.codec.encode(self.stage.changelog_name, record)

    def decoded(self, raw: bytes) -> Struct:
        """Return what stands in the state. Raises ``Unreadable``, or ``Unlearned`` as the codec does."""
        return decoded(self.stage.name, self.context.codec, raw)

    def row(self, query: str, values: tuple[Any, ...]) -> None:
        """Write a row of a view with the block, by the named query; for stages that write Postgres.

        It counts as many bytes as the record that it comes from: a row's own size would take longer to find out.
        """
        if self._folding:
            self.bytes += len(self._folding.value)
        self.rows.append((query, values))

    def rewind(self, topic: str, offset: int) -> None:
        """Fold an input's records from ``offset`` on once more; for stages that write Postgres, whose rows allow it."""
        if topic in self.stage.inputs and offset >= 0:
            self.rewinds[topic] = min(offset, self.rewinds.get(topic, offset))

    def after_commit(self, act: Act, key: str | None = None, hand_over: Act | None = None) -> None:
        """Act beside the partition once the block is committed: for what must not hold it, as sending.

        ``key`` and ``hand_over`` are for effects that the stage keeps a record of; see ``Effect``.
        """
        self.effects.append(Effect(act, self.partition, key, hand_over))

    def dead_letter(self, raw: ConsumerRecord, reason: str) -> None:
        """Set a record aside with the reason; the partition goes on."""
        log.warning("set aside", stage=self.stage.name, source=place(raw), reason=_kind(reason))
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
        """Set a timer aside with the reason; the others go on."""
        changelog = self.stage.changelog_name
        log.warning(
            "timer set aside", stage=self.stage.name, timer=timer.id, subject=timer.subject, reason=_kind(reason)
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

    def _tell(self, raw: ConsumerRecord, value: Struct) -> None:
        name = type(value).__name__
        log.debug("folding", stage=self.stage.name, source=place(raw), record=name, **_ids(value))


def _check_fits(topic: Topic, out: Envelope) -> None:
    """Raise ``ValueError`` where no broker that is set up as the contract says would take a record.

    What a broker refuses all the same lies outside of the records. Key and headers repeat what the value holds, so
    those of a small one need not be measured.
    """
    size = len(out.value or b"")
    if size > topic.max_bytes // 4:
        around = len(out.key or b"") + sum(len(name) + len(value) for name, value in out.headers)
        if size > topic.max_bytes - _MARGIN or size + around > topic.max_bytes - _BATCH:
            raise ValueError(f"A record of {size} bytes is too large for {topic.name}.")


def _kind(reason: str) -> str:
    """Return of a reason what holds no words of users: what follows a colon may quote the record."""
    return reason.partition(":")[0]


def place(raw: ConsumerRecord) -> str:
    """Return where a record stands: ``topic/partition/offset``."""
    return f"{raw.topic}/{raw.partition}/{raw.offset}"


def _ids(value: Any) -> dict[str, str]:
    """Return what a record is followed by through the logs: its command, and what caused that."""
    command = str(getattr(value, "command", None) or getattr(value, "id", ""))
    cause = getattr(value, "cause", None)
    return {"command": command, "cause": cause} if cause else {"command": command}
