"""A block: a micro-batch of records, folded by the stages of a topology and committed in one transaction.

What a stage emits to a topic that another stage of the topology reads is handed on at once, before the next record: so
a completion, the next occurrence that follows from it and the audit entries of both are one block.
"""

import asyncio
import time
from collections import deque
from functools import cached_property
from types import TracebackType
from typing import Any

import structlog
from aiokafka.structs import ConsumerRecord

from common import causes
from domain.decision import VERSION
from schemas import records as r
from schemas.codec import Undecodable
from streams.runtime.context import Context
from streams.runtime.put_back import Subject
from streams.runtime.record import Handed, Raw, Record, handed_place, place
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.tables import folding
from streams.runtime.topology import Topology
from streams.runtime.unit_of_work import Emitted, UnitOfWork
from streams.runtime.verdicts import UNBLAMED, FoldError, StageError, failure, reason

log = structlog.get_logger()


class Block(UnitOfWork):
    """The unit of a commit. Within ``with block:`` the stages' tables read and write through it.

    ``stage`` is the one that folds now, and ``record`` what it folds. ``fold`` folds records until the block reaches
    its bytes of output or its time; the rest goes into the next block. A record that can't be decoded is dead-lettered
    and skipped, by each stage that reads it. One whose fold raises is a dead letter of that stage alone, and what the
    fold did is taken back. A record of a type that no stage folds is skipped without being decoded.
    Leaving the ``with`` ends the block; an exception in it is passed to the partition and never reaches Faust: as the
    cause of a ``FoldError``, or unchanged if the machine is at fault.
    """

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
        super().__init__(topology, context, partition, state=state, now=now)
        self.raws = raws
        self.topic = raws[0].topic if raws else None
        """The topic of the block's first record, None for a punctuation."""
        self.root: Raw | None = None
        """The record of the log that led to what is being folded, None for a timer's."""
        self.recorded_settings = topology.recorded(context.settings)
        """The settings that affect decisions, recorded for replay."""
        self.decision_version = VERSION
        """The decision version to decide by."""
        self.tzdata = context.tzdata
        """The version of the time zone data to decide by."""
        self.taken = 0
        self.notices: str | None = None
        """The topic that the timers of a punctuation emitted to, if it was handed on."""
        self.waited: r.Timer | None = None
        """The single timer of a punctuation for a wait that is over before its time: see ``waits``."""
        self.earliest: int | None = None
        """When the first of the block's timers was due, None without timers."""
        self.fold_seconds = 0.0
        self.folded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.entered = False
        """Whether it is being folded: its agent is inside ``with``."""
        self._began = self._until = 0.0
        self._handed: deque[Record] = deque()
        self._puts_back = topology.retries is not None and self.topic == topology.retries.name
        self._led_to: set[Subject] = set()  # subjects of what was handed on, in a block of retries
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
        else:
            self.folded.set_exception(failure(error))
        return isinstance(error, Exception)

    # Folding.

    def fold(self) -> None:
        """Fold the block's records, each by every stage that reads it, and then whatever these emit."""
        most_bytes, topology = self.context.settings.block_bytes, self.topology
        for raw in self.raws:
            if (self.bytes >= most_bytes or time.monotonic() >= self._until) and self.taken:
                break
            self.taken += 1
            if (passed_over := topology.passed_over[raw.topic]) and self.context.codec.kind(raw.value) in passed_over:
                continue
            self._fold(raw)
        self.end()

    def _fold(self, raw: ConsumerRecord) -> None:
        """Fold a record of the log, or dead-letter one that no stage can read."""
        try:
            value = self.context.codec.decode(raw.value)
        except Undecodable as error:
            self.dead_letter_for_all(raw, str(error))
            return
        if type(value) in self.topology.folded_by[raw.topic]:
            self.root, self.led_by = raw, self.source(raw)
            self._fold_through(Record(raw, value))
        else:
            self.dead_letter_for_all(raw, f"{type(value).__name__} is no record of {raw.topic}")

    def source(self, raw: Raw) -> str:
        """Return the source that outputs name which a record of the log leads to: its place.

        When a notice was folded, in the block of its timer, its offset was not known.
        """
        return handed_place(raw) if raw.topic in self.topology.handed else place(raw)

    def dead_letter_for_all(self, raw: ConsumerRecord, reason: str) -> None:
        """Dead-letter a record of the log, by each stage that reads it."""
        for reader in self.topology.readers[raw.topic]:
            self.dead.add(reader.stage.name, raw, reason)
        self.keep()

    def _fold_through(self, record: Record) -> None:
        """Fold a record by every stage that reads it, and then whatever these emit, in order."""
        self._fold_by_readers(record)
        while self._handed:
            self._fold_by_readers(self._handed.popleft())

    def _fold_by_readers(self, record: Record) -> None:
        """Fold a record by each stage. If one raises, take back what it did, and dead-letter the record for it."""
        value = record.value
        for stage, _, fold in self.topology.folded_by[record.raw.topic][type(value)]:
            self.begin(stage, record)
            try:
                fold(self, value)
            except UNBLAMED:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, other stages' work on the record stays
                self.take_back()
                self.record = record
                self.dead_letter(reason(error))
                self.keep()
            else:
                if self.accepts(stage, record):
                    self.keep()
                    if stage.end:
                        self._ended[stage].append(value)

    def hand_on(self, emitted: Emitted) -> None:
        """Hand on notices, and what other stages of the topology fold: they do so before the next record."""
        topic, value, out = emitted
        if topic.name in self.topology.handed and (self.fires or self.topology.folded_by[topic.name][type(value)]):
            if self._puts_back:
                self._note_subjects(emitted)
            index = len(self.outputs[topic.name])
            raw = Handed(topic.name, self.partition, index, out.key, out.value, out.headers, out.at)
            self._handed.append(Record(raw, value))

    def _note_subjects(self, emitted: Emitted) -> None:
        """Note what a record that is handed on is about, for each stage that folds it."""
        topic, value, out = emitted
        for reader in self.topology.folded_by[topic.name][type(value)]:
            if about := reader.stage.about.get(topic.name):
                self._led_to.add((reader.stage.name, topic.name, out.key, about(value)))

    def has_led_to(self, subject: Subject) -> bool:
        """Return whether the block's retries have led to a record about a subject, which no search of the log finds."""
        return subject in self._led_to

    def accepts(self, stage: Stage, record: Record) -> bool:  # noqa: ARG002 - for replays
        """Return whether to keep what a stage's fold of a record did: always, but in a replay."""
        return True

    def fire(self, stage: Stage, timer: r.Timer) -> None:
        """Let a stage emit for a timer that has fired, and fold what is handed on."""
        assert stage.punctuate
        self.begin(stage)
        self.led_by, self.fires = None, True
        try:
            stage.punctuate(self, timer)
        except UNBLAMED:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other timers fire
            self.take_back()
            self.dead_timer(stage, timer, reason(error))
        self.keep()  # it hands on notices, while the timer still fires
        self.fires = False
        self._fold_notices()

    def open(self, stage: Stage) -> None:
        """Fire the timer, if any, by which a stage notices what has changed outside the log."""
        assert stage.opened
        self.begin(stage)
        if timer := stage.opened(self):
            self.fire(stage, timer)
        self.end()

    def answer(self, stage: Stage, key: str) -> None:
        """Let a stage emit for an effect that nobody performs, and fold what is handed on.

        If it fails, it is only reported: the effect's entry stays, so the next look finds it again.
        """
        assert stage.lost
        _, _, answer = stage.lost
        self.begin(stage)
        self.led_by, self.fires = None, True
        try:
            answer(self, key)
        except UNBLAMED:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, timers and other effects go on
            self.take_back()
            log.warning("lost effect not answered", stage=stage.name, id=key, error=causes.described(error))
        self.keep()
        self.fires = False
        self._fold_notices()

    def _fold_notices(self) -> None:
        """Fold what timers emitted, each with what it leads to, as records of the log in their order would be."""
        notices, self._handed = self._handed, deque()
        for notice in notices:
            self.notices = notice.raw.topic
            self.led_by = handed_place(notice.raw)
            self._fold_through(notice)

    def end(self) -> None:
        """Let the stages end the block. Raises ``StageError``.

        An end that was left out would be missing from the state for ever, and a replay could not know. So the block is
        given up, and folded again after a pause: its records wait, and none is a dead letter for it.
        """
        for stage, values in self._ended.items():
            if values and stage.end:
                self.begin(stage)
                try:
                    stage.end(self, values)
                except UNBLAMED:
                    raise
                except Exception as error:
                    why = causes.described(error)  # it quotes nothing of users'
                    raise StageError(f"The stage {stage.name} can't end its block ({why}).") from error
                self.keep()
