"""Punctuations: blocks without records, which take what is due from the state: timers, and effects that were lost.

If timers lead to effects, as sending, they take room for these at once, and the next punctuation waits until the output
of the last one has been folded.
"""

from collections.abc import Iterator, Mapping
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
from streams.runtime.waits import Waits

_EVER = 2**63 - 2
"""The time by which every entry of the queue is due."""


class Performing(Protocol):
    """The protocol of the worker that performs the effects."""

    effects: Effects

    def shares(self) -> int:
        """Return the number of partitions that share the worker's effects."""


class Punctuation:
    """The punctuations of one task."""

    def __init__(  # noqa: PLR0917 - called once, in this order
        self, worker: Performing, stage: Stage, context: Context, number: int, store: Store, intake: Intake
    ) -> None:
        self._worker, self._stage, self._context = worker, stage, context
        self._number, self._store, self._intake = number, store, intake
        self._settings = context.settings
        self._decode = partial(decoded, stage.name, context.codec)
        self._waits = Waits(stage, context, number)
        self._punctuated = False
        self._planned = 0
        self._echo: bytes | None = None  # the last record of a punctuation, until it has been folded
        self._orphans: Orphans | None = None

    def opened(self) -> None:
        """Begin with the state as it is now."""
        self._echo = None
        self.expect_no_more()
        self._look_for_orphans()
        self._plan()

    # When.

    def waited(self) -> r.Timer | None:
        """Return a timer whose wait is over before the clock says so, unless timers are held up."""
        state = None if self.is_held_up() else self._store.state
        return self._waits.come(state, self._context.clock()) if state else None

    def is_next(self) -> bool:
        """Return whether a punctuation comes next: while there is a backlog of timers, they alternate with records."""
        self._punctuated = not self._punctuated and self.is_due()
        return self._punctuated

    def is_due(self) -> bool:
        """Return whether there is anything to take."""
        if not self._stage.timers:
            return False
        if self._orphans and self._orphans.is_due():  # orphans wait for no room: see ``Effects``
            return True
        if self.is_held_up() or self._context.clock() < self._planned:
            return False
        self._plan()
        return self._context.clock() >= self._planned

    def is_held_up(self) -> bool:
        """Return whether due timers have to wait for effects."""
        return bool(self._stage.queue) and (self._echo is not None or not self._room())

    def seconds(self) -> float | None:
        """Return the seconds until one may be due, None for never."""
        if not self._stage.timers or self.is_held_up():  # the end of an effect wakes it
            return self._settings.tick if self._stage.timers else None
        return min(self._settings.tick, max(0.0, (self._planned - self._context.clock()) / 1000))

    def _plan(self) -> None:
        if self._stage.timers and (state := self._store.state):
            if self._stage.queue and self._stage.queue.next_due(state, self._decode) is not None:
                self._planned = 0
                return
            due = self._stage.timers.next_due(state, self._decode)
            horizon = self._context.clock() + int(self._settings.tick * 1000)
            self._planned = horizon if due is None else due

    # Folding one.

    def fold(self, block: Block) -> None:
        """Fold a block without records: take what is due, and let the stage emit for each."""
        with block:
            assert self._stage.punctuate
            if block.waited:
                block.taken = 1
                self._stage.punctuate(block, block.waited)
                self._expect(1)
                return
            limit, poison, fault = self._intake.timers()
            for timer in self._due(block, min(limit, self._room())):
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
        if self.is_held_up():  # the punctuation is only for orphans
            return
        if queue := self._stage.queue:
            yield from self._stage.timers.due(block.now, (limit + 1) // 2)
            yield from queue.due(_EVER, limit - block.taken)
        yield from self._stage.timers.due(block.now, limit - block.taken)

    def committed(self, block: Block) -> None:
        """Plan the next one, after any block.

        If timers lead to effects: delay it until the output of this one has been folded. Only then is it known which
        effects have begun. It is enough to track the last record.
        """
        if self._stage.queue:
            if block.topic is None:
                own = [out for topic in self._stage.reads for out in block.outputs.get(topic.name, ())]
                self._echo = own[-1].value if own else self._echo
            elif any(raw.value == self._echo for raw in block.raws):
                self._echo = None
            self.expect_no_more()
        self._plan()

    # Room for effects.

    def _room(self) -> int:
        if not self._stage.queue:
            return self._settings.block_records
        return self._worker.effects.room(self._number, self._worker.shares())

    def _expect(self, effects: int) -> None:
        """Take room for the effects of a punctuation at once: other partitions ask for room before these begin."""
        if self._stage.queue:
            self._worker.effects.expected[self._number] += effects

    def expect_no_more(self) -> None:
        """Release the room of a punctuation once all its effects have begun, or if it has none."""
        if self._echo is None:
            self._worker.effects.expected[self._number] = 0

    # Effects that nobody performs.

    def _answer_lost(self, block: Block) -> None:
        if self._stage.lost and self._orphans and self._orphans.is_due() and block.state:
            _, _, answer = self._stage.lost
            for key in self._orphans.look(block.state, self._worker.effects):
                block.taken += 1
                answer(block, key)

    def _look_for_orphans(self) -> None:
        if self._stage.lost and self._store.state:
            begun, leases, _ = self._stage.lost
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
