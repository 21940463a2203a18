"""Tells of partitions that stay closed, and why: what is retried for a minute is an alarm, never a loop in silence."""

from collections.abc import Callable

import structlog

from schemas.clock import steady

SECONDS = 60.0  # closed for so long it is said, again and again after as many

log = structlog.get_logger()


class Closed:
    """Since when a partition does no work after an error, and which it was; ``clock`` is monotonic, in seconds.

    Being open for a moment ends nothing: a state may be damaged where only the first record looks.
    """

    def __init__(self, clock: Callable[[], float] = steady) -> None:
        self.cause = ""
        self._clock = clock
        self._began = self._said = 0.0
        self._opened: float | None = None

    def failed(self, error: BaseException) -> None:
        """Take note of an error that closed it, or kept it closed."""
        now = self._clock()
        if not self.cause or (self._opened is not None and now - self._opened >= SECONDS):
            self._began = self._said = now
        self.cause, self._opened = f"{type(error).__name__}: {error}", None

    def opened(self) -> None:
        """Take note that it is open."""
        self._opened = self._clock()

    def worked(self) -> None:
        """Take note that it has committed a block."""
        self.cause = ""

    @property
    def seconds(self) -> float:
        """Return for how long it has been closed after an error; 0 while it is open, or opened for the first time."""
        return self._clock() - self._began if self.cause and self._opened is None else 0.0

    def tell(self, stage: str, partition: int) -> None:
        """Say so once in a while, if it has been closed for long."""
        if self.seconds >= SECONDS and self._clock() - self._said >= SECONDS:
            self._said = self._clock()
            log.error(
                "partition closed: nothing of it is done until the cause is gone",
                stage=stage,
                partition=partition,
                seconds=int(self.seconds),
                cause=self.cause,
            )
