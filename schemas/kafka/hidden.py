"""Detects records that stay hidden behind a transaction that does not end within its timeout.

Readers of committed records get as far as the last stable offset: the first record of the first open transaction. It
may be behind the end for as long as a transaction's timeout, and until the broker detects that.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from schemas.kafka.log_reader import Ends, LogReader

NOTICED = 10.0
"""Seconds until a broker detects a transaction's timeout, by default
(transaction.abort.timed.out.transaction.cleanup.interval.ms)."""

OVERDUE = 20.0
"""Seconds until a transaction with unknown settings is overdue: Rondo's default timeout, and ``NOTICED``."""

_SETTLED_WITHIN = 60.0  # seconds for an open transaction: the broker aborts a dead worker's after 10 by default


class StillOpen(RuntimeError):
    """A transaction stays open, so that records behind it can't be read."""


@dataclass(frozen=True, slots=True)
class _Behind:
    """A last stable offset behind the end, and since when (seconds)."""

    stable: int
    since: float


class Hidden:
    """Tracks last stable offsets that stay behind the end, by partition. ``patience`` is in seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._behind: dict[TopicPartition, _Behind] = {}
        self._now = 0.0

    def look(self, written: Mapping[TopicPartition, int], stable: Mapping[TopicPartition, int], now: float) -> None:
        """Record partitions' ends (``written``) and last stable offsets (``stable``) at ``now``.

        The stable offsets must be read after the ends: in the reverse order they would seem to be behind.
        """
        self._now = now
        self._behind = {tp: self._still(tp, stable[tp]) for tp, end in written.items() if stable.get(tp, end) < end}

    def _still(self, tp: TopicPartition, stable: int) -> _Behind:
        before = self._behind.get(tp)
        return before if before and before.stable == stable else _Behind(stable, self._now)

    def forget(self) -> None:
        """Start over, as the broker did not answer."""
        self._behind = {}

    def seconds(self, tp: TopicPartition) -> float:
        """Return for how many seconds the same transaction has hidden records of a partition, 0 if none does."""
        behind = self._behind.get(tp)
        return self._now - behind.since if behind else 0.0

    def still(self, since: float) -> list[TopicPartition]:
        """Return the partitions in which the same transaction has hidden records since a look."""
        return [tp for tp, behind in self._behind.items() if behind.since <= since]

    def overdue(self) -> dict[TopicPartition, int]:
        """Return the first offset that is hidden by an overdue transaction, by partition."""
        return {tp: behind.stable for tp, behind in self._behind.items() if self.seconds(tp) >= self._patience}


async def overdue(kafka: str, partitions: Collection[TopicPartition], patience: float) -> Ends:
    """Return the first offset that is hidden by an overdue transaction, by partition.

    If a transaction is open, wait for it up to ``patience`` seconds; else return at once.
    """
    hidden, clock = Hidden(patience), asyncio.get_running_loop().time
    left, first = list(partitions), None
    async with LogReader.of(kafka, "read_uncommitted") as uncommitted, LogReader.of(kafka) as committed:
        while True:
            written = await uncommitted.ends(left)
            hidden.look(written, await committed.ends(left), now := clock())
            first = first or now
            left = hidden.still(first)  # a succession of transactions hides nothing
            if not left or hidden.overdue():
                return hidden.overdue()
            await asyncio.sleep(0.2)


async def settled_ends(kafka: str, partitions: Iterable[TopicPartition]) -> Ends:
    """Return ends after everything written so far, once the currently open transactions have ended.

    Raises ``StillOpen``.
    """
    wanted, clock = list(partitions), asyncio.get_running_loop().time
    async with LogReader.of(kafka, "read_uncommitted") as reader:
        written = await reader.ends(wanted)
    async with LogReader.of(kafka) as reader:
        deadline = clock() + _SETTLED_WITHIN
        while True:
            found = await reader.ends(wanted)
            behind = next((at for at in wanted if found[at] < written[at]), None)
            if behind is None:
                return found
            if clock() > deadline:
                raise StillOpen(f"A transaction on {behind.topic}/{behind.partition} stays open: try again later.")
            await asyncio.sleep(0.05)
