"""Sees where records stay hidden: behind a transaction that does not end, though its time is over.

Readers of what is committed come as far as the last stable offset: to the first record of the first transaction that is
open. It may be behind the end for as long as a transaction may take, and until the broker notices.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

NOTICED = 10.0
"""Seconds until a broker sees that a transaction's time is over, by default
(transaction.abort.timed.out.transaction.cleanup.interval.ms)."""

OVERDUE = 20.0
"""Seconds until a transaction is overdue for who does not know its settings: those of Rondo by default, ``NOTICED``."""


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
