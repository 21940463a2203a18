"""Reports partitions that stay closed, with the cause: retrying for a minute raises an alarm."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from common import causes
from common.clock import steady

SECONDS = 60.0  # closed for this long it is reported, and again after as long
WHOLE = ""
"""Instead of an input: the partition as a whole, as while it is opened."""

log = structlog.get_logger()


@dataclass
class _Failing:
    """An input without work since ``began``; its last error and when that was, and when it was reported (seconds)."""

    began: float
    said: float
    last: float
    cause: str


class Closed:
    """Tracks the inputs of a partition that do no work after an error; ``clock`` counts seconds.

    An input is a topic, or None for timers. Only its own work ends its alarm: the partition is opened again after each
    error, and another input's blocks may be committed before this one fails again.
    """

    def __init__(self, clock: Callable[[], float] = steady) -> None:
        self._clock = clock
        self._failing: dict[str | None, _Failing] = {}
        self._is_open = False

    def failed(self, error: BaseException, of: str | None = WHOLE) -> None:
        """Record an error that closed the partition, or kept it closed, and the input that it happened with."""
        now = self._clock()
        before = self._failing.pop(of, None) or _Failing(now, now, now, "")
        before.last, before.cause = now, causes.described(error)
        self._failing[of] = before
        self._is_open = False

    def opened(self) -> None:
        """Record that the partition is open."""
        self._failing.pop(WHOLE, None)
        if self._failing and not self._is_open:
            [*self._failing.values()][-1].last = self._clock()  # it was closed until now by this one's error
        self._is_open = True

    def worked(self, of: str | None) -> None:
        """Record that an input's block is committed, or that no timer is due."""
        self._failing.pop(of, None)

    @property
    def seconds(self) -> float:
        """Return the longest time that an input has done no work after an error; 0 if none is failing."""
        return max(map(self._seconds, self._failing.values()), default=0.0)

    @property
    def causes(self) -> list[str]:
        """Return the last error of each failing input, the latest last."""
        return list(dict.fromkeys(failing.cause for failing in self._failing.values()))

    def is_long(self) -> bool:
        """Return whether it is an alarm."""
        return self.seconds >= SECONDS

    def report(self, stage: str, partition: int) -> None:
        """Log each input that has done no work for ``SECONDS``, and again after as long."""
        now = self._clock()
        for of, failing in self._failing.items():
            if self._seconds(failing) < SECONDS or now - failing.said < SECONDS:
                continue
            failing.said = now
            log.error(
                "partition closed: nothing of this input is done until the cause is gone",
                stage=stage,
                partition=partition,
                input="timers" if of is None else of or "all",
                seconds=int(self._seconds(failing)),
                cause=failing.cause,
            )

    def _seconds(self, failing: _Failing) -> float:
        """Return how long an input does no work; if the partition is open, until it was opened after an error."""
        return (failing.last if self._is_open else self._clock()) - failing.began
