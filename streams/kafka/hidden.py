"""Sees where records stay hidden: behind a transaction that does not end, though its time is over.

Readers of what is committed come as far as the last stable offset: to the first record of the first transaction that is
open. It may be behind the end for as long as a transaction may take, and until the broker notices.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from streams.kafka.log_reader import Ends, LogReader

NOTICED = 10.0
"""Seconds until a broker sees that a transaction's time is over, by default
(transaction.abort.timed.out.transaction.cleanup.interval.ms)."""

OVERDUE = 20.0
"""Seconds until a transaction is overdue for who does not know its settings: those of Rondo by default, ``NOTICED``."""

_SETTLED_WITHIN = 60.0  # seconds for an open transaction: the broker aborts a dead worker's after 10 by default


class StillOpen(RuntimeError):
    """A transaction stays open, so that what stands behind it can't be read."""


@dataclass(frozen=True, slots=True)
class _Behind:
    """Where reading ends though more is written, and since when (seconds)."""

    stable: int
    since: float


class Hidden:
    """Where the last stable offset stands still behind the end, by partition. ``patience`` is in seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._behind: dict[TopicPartition, _Behind] = {}
        self._now = 0.0

    def look(self, written: Mapping[TopicPartition, int], stable: Mapping[TopicPartition, int], now: float) -> None:
        """Take note of where partitions end (``written``), and where what is committed does, at ``now``.

        What is committed has to be asked for after what is written: the other way about it would seem to be behind.
        """
        self._now = now
        self._behind = {tp: self._still(tp, stable[tp]) for tp, end in written.items() if stable.get(tp, end) < end}

    def _still(self, tp: TopicPartition, stable: int) -> _Behind:
        before = self._behind.get(tp)
        return before if before and before.stable == stable else _Behind(stable, self._now)

    def forget(self) -> None:
        """Begin anew: the broker did not answer."""
        self._behind = {}

    def seconds(self, tp: TopicPartition) -> float:
        """Return for how long the same transaction hides records of a partition, 0 where none does."""
        behind = self._behind.get(tp)
        return self._now - behind.since if behind else 0.0

    def still(self, since: float) -> list[TopicPartition]:
        """Return where the same transaction hides records that did so at a look."""
        return [tp for tp, behind in self._behind.items() if behind.since <= since]

    def overdue(self) -> dict[TopicPartition, int]:
        """Return the first offset that is hidden by a transaction whose time is over, by partition."""
        return {tp: behind.stable for tp, behind in self._behind.items() if self.seconds(tp) >= self._patience}


async def overdue(kafka: str, partitions: Collection[TopicPartition], patience: float) -> Ends:
    """Return the first offset that is hidden by a transaction whose time is over, by partition.

    Where a transaction is open just now, it is waited for as long as ``patience`` (seconds); else this takes no time.
    """
    hidden, clock = Hidden(patience), asyncio.get_running_loop().time
    left, first = list(partitions), None
    async with LogReader.of(kafka, "read_uncommitted") as uncommitted, LogReader.of(kafka) as committed:
        while True:
            written = await uncommitted.ends(left)
            hidden.look(written, await committed.ends(left), now := clock())
            first = first or now
            left = hidden.still(first)  # one after the other hides nothing
            if not left or hidden.overdue():
                return hidden.overdue()
            await asyncio.sleep(0.2)


async def settled_ends(kafka: str, partitions: Iterable[TopicPartition]) -> Ends:
    """Return ends that lie behind everything that is written by now, once the transactions that are open have ended.

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
