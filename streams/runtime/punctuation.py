"""Punctuations: blocks without records, which take what is due from the state: timers, and effects that were lost.

If timers lead to effects, as sending, they take room for these at once, and the next punctuation waits until the output
of the last one has been folded.
"""

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from schemas import records as r
from streams.runtime.block import Block
from streams.runtime.context import Context
from streams.runtime.effects import Effects, Orphans
from streams.runtime.intake import Intake
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.store import Store
from streams.runtime.tables import decoded
from streams.runtime.topology import Topology
from streams.runtime.waits import Waits

_EVER = 2**63 - 2
"""The time by which every entry of the queue is due."""


class Performing(Protocol):
    """The protocol of the worker that runs a task and performs its effects."""

    topology: Topology
    context: Context
    effects: Effects

    def shares(self) -> int:
        """Return the number of partitions that share the worker's effects."""


class Punctuations:
    """The punctuations of one task: each is one stage's."""

    def __init__(self, worker: Performing, number: int, store: Store, intake: Intake) -> None:
        topology, context = worker.topology, worker.context
        self.each = [
            Punctuation(worker, stage, number, store, intake, Waits(topology, stage, context, number))
            for stage in topology.timed
        ]
        self._punctuated = False
        self._last = -1

    def waited(self) -> tuple[Stage, r.Timer] | None:
        """Return a timer whose wait is over before the clock says so, and its stage."""
        found = ((one.stage, one.waited()) for one in self.each)
        return next(((stage, timer) for stage, timer in found if timer), None)

    def next(self) -> Stage | None:
        """Return the stage whose punctuation comes next: while there is a backlog, they alternate with records."""
        due = None if self._punctuated else self._due()
        self._punctuated = due is not None
        return due

    def _due(self) -> Stage | None:
        """Return the next stage that has anything to take, round-robin."""
        for step in range(1, len(self.each) + 1):
            index = (self._last + step) % len(self.each)
            if self.each[index].is_due():
                self._last = index
                return self.each[index].stage
        return None

    def is_due(self) -> bool:
        """Return whether there is anything to take."""
        return any(one.is_due() for one in self.each)

    def is_held_up(self) -> bool:
        """Return whether due timers have to wait for effects."""
        return any(one.is_held_up() for one in self.each)

    def seconds(self) -> float | None:
        """Return the seconds until one may be due, None for never."""
        return min((one.seconds() for one in self.each), default=None)

    def of(self, stage: Stage) -> "Punctuation":
        """Return a stage's punctuation."""
        return next(one for one in self.each if one.stage is stage)


class Punctuation:
    """The punctuations of one stage in one task."""

    def __init__(  # noqa: PLR0917 - called once, in this order
        self, worker: Performing, stage: Stage, number: int, store: Store, intake: Intake, waits: Waits
    ) -> None:
        assert stage.timers
        self.stage = stage
        self._timers = stage.timers
        self._worker, self._context = worker, worker.context
        self._number, self._store, self._intake = number, store, intake
        self._settings = worker.context.settings
        self._decode = partial(decoded, stage.name, worker.context.codec)
        self._waits = waits
        self._planned = 0
        self._echo: bytes | None = None  # the last record of a punctuation, until it has been folded
        self._orphans: Orphans | None = None

    def opened(self) -> None:
        """Begin with the state as it is now.

        Effects that a former owner's output leads to, which is on the log and not in the state yet, take no room until
        it is folded: their number is not known here. They wait for a slot as all do, so for a moment more may have
        begun than there are slots, and never more are performed.
        """
        self._echo = None
        self.expect_no_more()
        self._look_for_orphans()
        self._plan()

    # When.

    def waited(self) -> r.Timer | None:
        """Return a timer whose wait is over before the clock says so, unless timers are held up."""
        state = None if self.is_held_up() else self._store.state
        return self._waits.come(state, self._context.clock()) if state else None

    def is_due(self) -> bool:
        """Return whether there is anything to take."""
        if self._orphans and self._orphans.is_due():  # orphans wait for no room: see ``Effects``
            return True
        if self.is_held_up() or self._context.clock() < self._planned:
            return False
        self._plan()
        return self._context.clock() >= self._planned

    def is_held_up(self) -> bool:
        """Return whether due timers have to wait for effects."""
        return bool(self.stage.queue) and (self._echo is not None or not self._room())

    def seconds(self) -> float:
        """Return the seconds until one may be due."""
        if self.is_held_up():  # the end of an effect wakes it
            return self._settings.tick
        return min(self._settings.tick, max(0.0, (self._planned - self._context.clock()) / 1000))

    def _plan(self) -> None:
        if state := self._store.state:
            if self.stage.queue and self.stage.queue.next_due(state, self._decode) is not None:
                self._planned = 0
                return
            due = self._timers.next_due(state, self._decode)
            horizon = self._context.clock() + int(self._settings.tick * 1000)
            self._planned = horizon if due is None else due

    # Folding one.

    def fold(self, block: Block) -> None:
        """Fold a block without records: take what is due, and let the stage emit for each."""
        with block:
            block.begin(self.stage)
            due = [block.waited] if block.waited else self._due(block, min(self._intake.timers(), self._room()))
            block.taken += len(due)
            block.earliest = due[0].due if due and not block.waited else None
            for timer in due:
                block.fire(self.stage, timer)
            self._expect(block.taken)
            if not block.waited:
                self._answer_lost(block)
            block.end()

    def _due(self, block: Block, limit: int) -> list[r.Timer]:
        """Take at most ``limit`` timers: half of them by the clock, while the queue is not empty.

        All are taken before the first fires, which may set others.
        """
        if self.is_held_up():  # the punctuation is only for orphans
            return []
        found: list[r.Timer] = []
        if queue := self.stage.queue:
            found += self._timers.due(block.now, (limit + 1) // 2)
            found += queue.due(_EVER, limit - len(found))
        return [*found, *self._timers.due(block.now, limit - len(found))]

    def committed(self, block: Block) -> None:
        """Plan the next one, after any block.

        If timers lead to effects: delay it until the output of this one has been folded. Only then is it known which
        effects have begun. It is enough to track the last record.
        """
        if self.stage.queue:
            if block.topic is None:
                own = [out for topic in self.stage.reads for out in block.outputs.get(topic.name, ())]
                self._echo = own[-1].value if own else self._echo
            elif any(raw.value == self._echo for raw in block.raws):
                self._echo = None
            self.expect_no_more()
        self._plan()

    # Room for effects.

    def _room(self) -> int:
        if not self.stage.queue:
            return self._settings.block_records
        return self._worker.effects.room(self._number, self._worker.shares())

    def _expect(self, effects: int) -> None:
        """Take room for the effects of a punctuation at once: other partitions ask for room before these begin."""
        if self.stage.queue:
            self._worker.effects.expected[self._number] += effects

    def expect_no_more(self) -> None:
        """Release the room of a punctuation once all its effects have begun, or if it has none."""
        if self._echo is None:
            self._worker.effects.expected[self._number] = 0

    # Effects that nobody performs.

    def _answer_lost(self, block: Block) -> None:
        if self.stage.lost and self._orphans and self._orphans.is_due() and block.state:
            for key in self._orphans.look(block.state, self._worker.effects):
                block.taken += 1
                block.answer(self.stage, key)

    def _look_for_orphans(self) -> None:
        if self.stage.lost and self._store.state:
            begun, leases, _ = self.stage.lost
            decode = self._context.codec.decode
            self._orphans = Orphans(begun.prefix, self._settings.lease, lambda entry: leases(decode(entry)))
            self._watch_orphans(self._orphans, self._store.state)

    def _watch_orphans(self, orphans: Orphans, state: StateStore) -> None:
        """Look for effects that a dead worker may have left, and reserve room for them from now on."""
        orphans.watch(state, self._worker.effects)
        self._worker.effects.keep_room(self._number, orphans.watched)

    def lost(self) -> None:
        """Watch for the effect that has ended without an outcome."""
        if self._orphans and self._store.state:
            self._watch_orphans(self._orphans, self._store.state)

    def keep_room(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Keep room for those that have not ended by a block's changes of the state."""
        if self._orphans:
            self._orphans.forget(changes)
            self._worker.effects.keep_room(self._number, self._orphans.watched)
