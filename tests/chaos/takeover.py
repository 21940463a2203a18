"""Detects when a suspended worker has become a zombie: others own its partitions and have committed in each."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from tests.chaos.workers import Worker

Marks = Mapping[int, int]
"""By partition a number that grows with each commit of its topology."""


class Takeover:
    """The partitions of a worker that is suspended since a moment.

    Being assigned is not enough: only who has committed since has fenced the former owner, or has passed its position.
    """

    def __init__(self, worker: Worker, since: datetime) -> None:
        self._since = since
        before = [told["partitions"] for told in worker.tells("assigned") if worker.moment(told) <= since]
        self._owned = set(before[-1]) if before else set()
        self._marks: Marks | None = None

    def is_complete(self, others: Iterable[Worker], marks: Marks) -> bool:
        """Return whether, by now, others own all of its partitions and have committed in each of them."""
        if not self._owned or not self._owned <= self._assigned(others):
            return False
        if self._marks is None:  # what it had committed itself is visible long since
            self._marks = dict(marks)
        before = self._marks
        return all(marks.get(number, 0) > before.get(number, 0) for number in self._owned)

    def _assigned(self, others: Iterable[Worker]) -> set[int]:
        told = ((other, told) for other in others for told in other.tells("assigned"))
        return {number for other, told in told if other.moment(told) > self._since for number in told["partitions"]}
