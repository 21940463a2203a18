"""The dead letters of a block: records and timers that a stage could not fold, with the reason."""

from collections.abc import Callable

import structlog
from msgspec.structs import replace

from schemas import records as r
from schemas.codec import Serde
from schemas.envelope import Envelope
from schemas.topics import DEAD_LETTERS
from streams.runtime.record import NOWHERE, Handed, Raw, place

_REASON = 4096  # characters of a reason: it has to fit beside the record

OffsetOf = Callable[[str, int], int]
"""Returns the offset of the n-th record that a block has produced to a topic."""

log = structlog.get_logger()


class DeadLetters:
    """The dead letters of one block, in a partition at a time (ms since 1970)."""

    def __init__(self, partition: int, now: int) -> None:
        self._partition, self._now = partition, now
        self._found: list[tuple[r.DeadLetter, Handed | None]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, stage: str, raw: Raw, reason: str) -> None:
        """Dead-letter a record that a stage can't fold."""
        log.warning("dead-lettered", stage=stage, source=place(raw), reason=_kind(reason))
        dead = r.DeadLetter(
            stage=stage,
            topic=raw.topic,
            partition=raw.partition,
            offset=raw.offset,
            at=self._now,
            reason=reason[:_REASON],
            key=raw.key,
            value=raw.value,
            headers=tuple(raw.headers),
        )
        self._found.append((dead, raw if isinstance(raw, Handed) else None))

    def add_timer(self, stage: str, changelog: str, timer: r.Timer, codec: Serde, reason: str) -> None:
        """Dead-letter a timer that a stage can't answer."""
        log.warning("timer dead-lettered", stage=stage, timer=timer.id, subject=timer.subject, reason=_kind(reason))
        dead = r.DeadLetter(
            stage=stage,
            topic=changelog,
            partition=self._partition,
            offset=NOWHERE,
            at=self._now,
            reason=reason[:_REASON],
            key=timer.id.encode(),
            value=codec.encode(changelog, timer),
        )
        self._found.append((dead, None))

    def truncate(self, number: int) -> None:
        """Keep only the first ones."""
        del self._found[number:]

    def handed(self) -> bool:
        """Return whether one is of a record whose offset is known only once it is produced."""
        return any(handed for _, handed in self._found)

    def envelopes(self, codec: Serde, offset_of: OffsetOf) -> list[Envelope]:
        """Return them, encoded."""
        return [self._envelope(codec, dead, handed, offset_of) for dead, handed in self._found]

    @staticmethod
    def _envelope(codec: Serde, dead: r.DeadLetter, handed: Handed | None, offset_of: OffsetOf) -> Envelope:
        if handed:
            dead = replace(dead, offset=offset_of(handed.topic, handed.index))
        key = f"{dead.stage}/{dead.topic}/{dead.partition}/{dead.offset}"
        return Envelope(key.encode(), codec.encode(DEAD_LETTERS.name, dead), dead.at)


def _kind(reason: str) -> str:
    """Return the part of a reason without users' data: text after a colon may quote the record."""
    return reason.partition(":")[0]
