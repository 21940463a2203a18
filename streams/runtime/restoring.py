"""Logs the progress of a restore."""

import time

import structlog

_SECONDS = 5.0  # between two log lines

log = structlog.get_logger()


class Progress:
    """The progress of one partition's restore, in records and offsets of its changelog."""

    def __init__(self, stage: str, partition: int, start: int, end: int) -> None:
        self.records = 0
        self.remaining = end - start
        self._end = end
        self._log = log.bind(stage=stage, partition=partition)
        self._began = self._said = time.monotonic()

    def made(self, records: int, position: int) -> None:
        """Count restored records; log the progress every few seconds."""
        self.records += records
        self.remaining = self._end - position
        if time.monotonic() - self._said >= _SECONDS:
            self._said = time.monotonic()
            self._log.info("restoring", records=self.records, remaining=self.remaining, per_second=self._speed())

    def ended(self) -> None:
        """Log that the state is restored."""
        self._log.info("restored", records=self.records, per_second=self._speed())

    def _speed(self) -> int:
        return int(self.records / max(time.monotonic() - self._began, 0.001))
