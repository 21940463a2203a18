"""Side effects of committed blocks, such as sending: performed beside the tasks, a bounded number at a time.

A stage that keeps a record of each effect that has begun uses ``Orphans`` to find those of a dead worker. It measures
how long a record was unchanged while this worker looked, so it does not depend on clocks.
"""

import asyncio
from collections import Counter as Multiset
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass
from itertools import count

import structlog
from msgspec import Struct
from prometheus_client import Counter

from common import causes
from streams.runtime.context import Context
from streams.runtime.rocksdb import StateStore

WAITING = 1000  # effects besides those that run; a block adds as many as it has records
HAND_OVER_SECONDS = 2.0  # a rebalance waits this long

log = structlog.get_logger()

Act = Callable[[Context], Awaitable[None]]


class Effect(Struct, frozen=True):
    """A function to run once a block is committed, and where it comes from."""

    act: Act
    partition: int = 0
    key: str | None = None
    """Its key among the effects that have begun, if the stage keeps them."""
    hand_over: Act | None = None
    """Records that it goes on when its partition is revoked meanwhile."""


@dataclass(frozen=True)
class Outcomes:
    """Counters of a stage's effects that succeeded and failed."""

    done: Counter
    failed: Counter


class Effects:
    """A stage's effects in this process, which share ``slots`` slots.

    Room is reserved for effects that a dead worker may have left; these wait for no slot. After a restart they are
    within the slots, beyond them if a worker takes over the effects of another.
    """

    def __init__(self, stage: str, slots: int, outcomes: Outcomes) -> None:
        self.ended = 0
        """Number of effects that succeeded or failed."""
        self.expected: Multiset[int] = Multiset()
        """By partition, the effects that its last punctuation leads to, until they begin: their room is taken."""
        self._stage = stage
        self._slots = slots
        self._outcomes = outcomes
        self._slot = asyncio.Semaphore(slots)
        self._begun: dict[int, Effect] = {}  # by number, in order
        self._numbers = count()
        self._keys: Multiset[str | None] = Multiset()
        self._kept: dict[int, set[str]] = {}  # keys for which room is reserved, by partition
        self._changed = asyncio.Event()
        self._stopping = False

    @property
    def running(self) -> int:
        """Return the number of effects that run or wait for others."""
        return len(self._begun)

    def performs(self, key: str) -> bool:
        """Return whether this process is performing the effect of a key."""
        return self._keys[key] > 0

    def room(self, partition: int, partitions: int) -> int:
        """Return how many effects a partition may begin now.

        Half of the slots are divided equally among the partitions, the others are first come, first served: so a
        partition with slow effects blocks no other.
        """
        own = self._slots // (2 * partitions)
        taken = Multiset(effect.partition for effect in self._begun.values())
        taken.update({number: len(keys) for number, keys in self._kept.items()})
        taken.update(self.expected)
        shared = sum(max(0, number - own) for number in taken.values())
        return max(0, own - taken[partition]) + max(0, self._slots - own * partitions - shared)

    def keep_room(self, partition: int, keys: Collection[str]) -> None:
        """Reserve room for effects of a partition that may have to be performed again, and only for these."""
        self._kept[partition] = {key for key in keys if not self.performs(key)}

    def forget(self, partition: int) -> None:
        """Release the room of a partition that this worker no longer owns."""
        self._kept.pop(partition, None)
        del self.expected[partition]

    def is_full(self) -> bool:
        """Return whether every slot is taken."""
        return self.running >= self._slots

    def is_behind(self) -> bool:
        """Return whether too many wait for another block to add to them."""
        return self.running >= self._slots + WAITING

    def begin(self, effect: Effect, context: Context) -> Awaitable[bool]:
        """Count an effect as begun; return an awaitable that performs it and returns whether it succeeded."""
        number = next(self._numbers)
        self._begun[number] = effect
        self._keys[effect.key] += 1
        kept = self._kept.get(effect.partition, set())
        slot = nullcontext() if effect.key in kept else self._slot
        kept.discard(effect.key)
        return self._perform(number, effect, context, slot)

    async def _perform(
        self, number: int, effect: Effect, context: Context, slot: AbstractAsyncContextManager[None]
    ) -> bool:
        try:
            async with slot:
                if not self._stopping:
                    await effect.act(context)
            self._outcomes.done.inc()
        except Exception as error:  # noqa: BLE001  # the stage sees that there is no outcome
            self._outcomes.failed.inc()
            log.warning("effect failed", stage=self._stage, error=causes.described(error))
            return False
        else:
            return True
        finally:
            del self._begun[number]
            self._end(effect.key)

    def _end(self, key: str | None) -> None:
        self._keys[key] -= 1
        if not self._keys[key]:
            del self._keys[key]
        self.ended += 1
        self._changed.set()

    async def hand_over(self, partitions: Collection[int], context: Context) -> None:
        """Record which effects of revoked partitions go on. Raises nothing."""
        revoked = [effect for effect in self._begun.values() if effect.partition in partitions]
        acts = [effect.hand_over for effect in revoked if effect.hand_over]
        with suppress(TimeoutError):
            async with asyncio.timeout(HAND_OVER_SECONDS):
                for error in await asyncio.gather(*(act(context) for act in acts), return_exceptions=True):
                    if isinstance(error, Exception):
                        log.warning("effect not handed over", stage=self._stage, error=causes.described(error))

    async def finish(self, seconds: float) -> None:
        """Let running effects end within ``seconds`` seconds; waiting ones don't begin any more."""
        self._stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._begun:
                    self._changed.clear()
                    await self._changed.wait()


class Orphans:
    """Finds the effects of a partition that have begun and that nobody performs.

    A former owner may still be about to record an outcome, so an effect counts as an orphan only once its entry was
    unchanged at ``looks(entry)`` looks after the first. ``seconds`` pass between two looks.
    """

    def __init__(self, prefix: bytes, seconds: float, looks: Callable[[bytes], int]) -> None:
        self._prefix = prefix
        self._seconds = seconds
        self._looks = looks
        self._seen: dict[bytes, tuple[bytes, int]] = {}  # by key, the entry and how many looks it was unchanged
        self._next: float | None = None

    def watch(self, state: StateStore, effects: Effects) -> None:
        """Look for the first time, as after an opening or a failure, unless a look is already scheduled."""
        if self._next is None:
            self._observe(state, effects)

    @property
    def watched(self) -> set[str]:
        """Return the keys of the effects that nobody performed at the last look and that have not ended since."""
        return {self._name(key) for key in self._seen}

    def forget(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Stop watching effects that ended by these changes of the state."""
        for key in [key for key in self._seen if key in changes and changes[key] is None]:
            del self._seen[key]

    def is_due(self) -> bool:
        """Return whether it is time to look again."""
        return self._next is not None and asyncio.get_running_loop().time() >= self._next

    def look(self, state: StateStore, effects: Effects) -> list[str]:
        """Look again, and return the keys of the orphans."""
        self._observe(state, effects)
        return [self._name(key) for key, (entry, same) in self._seen.items() if same >= self._looks(entry)]

    def _observe(self, state: StateStore, effects: Effects) -> None:
        before, self._seen = self._seen, {}
        for key, entry in state.under(self._prefix):
            if not effects.performs(self._name(key)):
                last, same = before.get(key, (None, 0))
                self._seen[key] = (entry, same + 1 if last == entry else 0)
        self._next = asyncio.get_running_loop().time() + self._seconds if self._seen else None

    def _name(self, key: bytes) -> str:
        return key.removeprefix(self._prefix).decode()
