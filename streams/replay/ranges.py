"""Ranges of the log: since and until a record, or an instant of record time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from aiokafka.structs import ConsumerRecord

from streams.replay.recorded_blocks import RecordedBlock


class NotAPosition(ValueError):
    """A text names no position on the log."""


@dataclass(frozen=True)
class LogPosition:
    """A position on the log: the first record at or after it, in the order in which a stage takes records."""

    at: int | None = None
    """An instant, in milliseconds since 1970."""
    topic: str = ""
    partition: int | None = None
    offset: int = 0

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Parse ``topic/partition/offset``, or an instant in ISO 8601, in UTC unless it names a zone."""
        topic, *numbers = text.split("/")
        if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
            return cls(None, topic, int(numbers[0]), int(numbers[1]))
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise NotAPosition(
                f"{text!r} is no place on the log: name a record as task-events/0/17, or an instant as "
                f"2026-11-23T12:00:00Z."
            ) from None
        aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return cls(int(aware.timestamp() * 1000))

    def is_reached(self, raw: ConsumerRecord) -> bool:
        """Return whether a record is at or after this position."""
        if self.at is not None:
            return bool(raw.timestamp >= self.at)
        return bool(raw.topic == self.topic and raw.offset >= self.offset)


class Until:
    """The end of a range, None for no end."""

    def __init__(self, position: LogPosition | None) -> None:
        self._position = position
        self.reached = False

    async def blocks(self, recorded: AsyncIterator[RecordedBlock]) -> AsyncIterator[RecordedBlock]:
        """Yield blocks up to the position; truncate the last one before it."""
        async for block in recorded:
            over = next(
                (n for n, raw in enumerate(block.raws) if self._position and self._position.is_reached(raw)), None
            )
            if over is None:
                yield block
                continue
            self.reached = True
            if over:
                yield replace(block, raws=block.raws[:over])
            return

    def _is_reached(self, raw: ConsumerRecord) -> bool:
        return self._position is not None and self._position.is_reached(raw)


class Since:
    """Tracks whether consecutive blocks have reached a position."""

    def __init__(self, position: LogPosition | None) -> None:
        self._position = position
        self.begun = position is None

    def first(self, raws: list[ConsumerRecord]) -> int | None:
        """Take a block's records; return the offset of the first one that counts, None if none does yet."""
        if not self.begun:
            reached = next((raw for raw in raws if self._position and self._position.is_reached(raw)), None)
            self.begun = reached is not None
            return int(reached.offset) if reached else None
        return int(raws[0].offset)
