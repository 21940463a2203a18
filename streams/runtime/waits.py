"""Waits that began before the clock was set back, such as that of a delivery to be retried in ten seconds.

By the current clock such a wait would last until that time comes again, maybe for days. So it is measured by the steady
clock instead, from when the change is detected: at the opening of the partition, or when the clock goes back.
A time set by a user, such as a reminder's, is no wait: it follows the wall clock.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from common.clock import steady
from schemas import records as r
from streams.runtime.block import Block
from streams.runtime.context import Context
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.topology import Topology

_AGAIN = 60.0  # seconds between two looks while there are such waits
_MOST = 10_000  # waits of one look, so that it does not block; the earliest come first
_BACK = 1000  # milliseconds that a clock may go back without a look


class Waits:
    """The waits of one partition that began later than the current time. ``clock`` is a steady one, in seconds."""

    def __init__(
        self, topology: Topology, stage: Stage, context: Context, partition: int, clock: Callable[[], float] = steady
    ) -> None:
        self._topology, self._stage, self._context = topology, stage, context
        self._partition, self._clock = partition, clock
        self._ends: dict[tuple[str, int], tuple[float, r.Timer]] = {}  # by id and time
        self._seen: int | None = None
        self._next_look = 0.0

    def come(self, state: StateStore, now: int) -> r.Timer | None:
        """Return a wait that is over at ``now`` (ms since 1970); the same not again for a minute, to be taken."""
        if not self._stage.began:
            return None
        self._look(state, now)
        over = next((timer for end, timer in self._ends.values() if end <= self._clock()), None)
        if over:
            self._ends[_key(over)] = self._clock() + _AGAIN, over
        return over

    def _look(self, state: StateStore, now: int) -> None:
        went_back = self._seen is None or now < self._seen - _BACK
        self._seen = now
        if went_back or (self._ends and self._clock() >= self._next_look):
            self._next_look = self._clock() + _AGAIN
            with (block := Block(self._topology, self._context, self._partition, [], state=state, now=now)):
                block.begin(self._stage)
                waits = self._begun_after(state, now, block)
                found = {_key(timer): (end, timer) for end, timer in islice(waits, _MOST)}
                self._ends = {key: self._ends.get(key, wait) for key, wait in found.items()}
            block.folded.result()

    def _begun_after(self, state: StateStore, now: int, block: Block) -> Iterator[tuple[float, r.Timer]]:
        """Yield the waits that began after ``now``, each with its end on the steady clock before it."""
        assert self._stage.began
        assert self._stage.timers
        for timer in self._stage.timers.after(state, now, block.decoded):
            began = self._stage.began(timer)
            if began is not None and began > now:
                yield self._clock() + (timer.due - began) / 1000, timer


def _key(timer: r.Timer) -> tuple[str, int]:
    return timer.id, timer.due
