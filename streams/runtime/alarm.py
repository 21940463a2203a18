"""Tells of partitions that stay closed, and why: what is retried for a minute is an alarm, never a loop in silence."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from schemas import causes
from schemas.clock import steady

SECONDS = 60.0  # closed for so long it is said, again and again after as many
WHOLE = ""
"""In the place of an input: the partition as a whole, as while it is opened."""

log = structlog.get_logger()


@dataclass
class _Failing:
    """What does no work since ``began``; when it failed last and with what, and when that was ``said`` (seconds)."""

    began: float
    said: float
    last: float
    cause: str


class Closed:
    """Since when an input of a partition does no work after an error, and which it was; ``clock`` counts seconds.

    An input is a topic, or None for timers. Only its own work ends its alarm: the partition is opened again after each
    error, and another input's blocks may be committed before this one fails once more.
    """

    def __init__(self, clock: Callable[[], float] = steady) -> None:
        self._clock = clock
        self._failing: dict[str | None, _Failing] = {}
        self._is_open = False

    def failed(self, error: BaseException, of: str | None = WHOLE) -> None:
        """Take note of an error that closed it, or kept it closed, and of the input that met it."""
        now = self._clock()
        before = self._failing.pop(of, None) or _Failing(now, now, now, "")
        before.last, before.cause = now, causes.described(error)
        self._failing[of] = before
        self._is_open = False

    def opened(self) -> None:
        """Take note that it is open."""
        self._failing.pop(WHOLE, None)
        self._is_open = True

    def worked(self, of: str | None) -> None:
        """Take note that an input's block is committed, or that no timer is due."""
        self._failing.pop(of, None)

    @property
    def seconds(self) -> float:
        """Return for how long an input has done no work after an error; 0 where none failed since it worked last."""
        return max(map(self._seconds, self._failing.values()), default=0.0)

    @property
    def causes(self) -> list[str]:
        """Return the last error of each input that has not worked since, the latest at last."""
        return list(dict.fromkeys(failing.cause for failing in self._failing.values()))

    def is_long(self) -> bool:
        """Tell whether it is an alarm."""
        return self.seconds >= SECONDS

    def tell(self, stage: str, partition: int) -> None:
        """Say so once in a while of each input that has not worked for long."""
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
        """Return how long one does no work; while the partition is open up to the last error: it may wait its turn."""
        return (failing.last if self._is_open else self._clock()) - failing.began
