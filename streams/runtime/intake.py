"""A task's intake: buffers of fetched records, from which blocks are taken, and how much each block takes.

After an error caused by its records, the topic's next block takes half as many, down to the poison record alone; after
each commit twice as many again. Timers, which wait in the state instead of a buffer, are the topic None here.
"""

from collections.abc import Callable

from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.structs import ConsumerRecord

from schemas import records as r
from streams.runtime.block import Block, FoldError
from streams.runtime.buffer import Buffer
from streams.runtime.settings import Settings
from streams.runtime.stage import Stage
from streams.runtime.store import Refused

POISON = (FoldError, Refused)
"""Errors caused by the records themselves: bisect to the poison record."""

TOO_MUCH = (TimeoutError, MessageSizeTooLargeError, RecordListTooLargeError)
"""Errors that a smaller block may avoid, though no record is at fault: the broker refused what the contract allows."""


class Intake:
    """The intake of one task; ``held_bytes`` is the most bytes that each topic may buffer.

    ``resume`` resumes fetching a topic, which pauses while its buffer is full.
    """

    def __init__(self, stage: Stage, settings: Settings, held_bytes: int, resume: Callable[[str], None]) -> None:
        self._held = {topic.name: Buffer(settings.held_records, held_bytes) for topic in stage.reads}
        self._most = settings.block_records
        self._resume = resume
        self._last_topic = -1
        # By topic: several may have a poison record at their head.
        self._limits: dict[str | None, int] = dict.fromkeys((*self._held, None), self._most)
        self._poison: dict[str | None, tuple[ConsumerRecord | r.Timer | None, str]] = {}

    def hold(self, topic: str, records: list[ConsumerRecord], position: int) -> bool:
        """Buffer records from a topic's position on; return whether fetching should pause."""
        held = self._held[topic]
        following = held.following or position
        held.add([record for record in records if record.offset >= following])
        return held.is_full()

    def first(self, topic: str) -> ConsumerRecord | None:
        """Return the first buffered record of a topic."""
        held = self._held[topic]
        return held.first if held else None

    def held_bytes(self, topic: str) -> int:
        """Return the bytes of a topic's buffered records."""
        return self._held[topic].bytes

    def clear(self) -> None:
        """Drop all buffered records."""
        for held in self._held.values():
            held.clear()

    def take(self) -> list[ConsumerRecord]:
        """Take the next block's records from the buffer of one topic, round-robin."""
        topics = list(self._held)
        for step in range(1, len(topics) + 1):
            index = (self._last_topic + step) % len(topics)
            if held := self._held[topics[index]]:
                self._last_topic = index
                records = self._take_from(held)
                if held.is_low():
                    self._resume(topics[index])
                return records
        return []

    def _take_from(self, held: Buffer) -> list[ConsumerRecord]:
        return held.take(1 if self.fault(held.first) is not None else self._limits[held.first.topic])

    def put_back(self, block: Block, records: list[ConsumerRecord]) -> None:
        """Put back records that a block has taken and not folded."""
        if block.topic:
            self._held[block.topic].put_back(records)

    def fault(self, raw: ConsumerRecord) -> str | None:
        """Return why a record is a poison record, None if it is not known to be one."""
        poison, fault = self._poison.get(raw.topic, (None, ""))
        return fault if isinstance(poison, ConsumerRecord) and poison.offset == raw.offset else None

    def timers(self) -> tuple[int, r.Timer | None, str]:
        """Return the most timers of the next punctuation, and the poison timer that it may meet, with its fault."""
        poison, fault = self._poison.get(None, (None, ""))
        return 1 if fault else self._limits[None], poison if isinstance(poison, r.Timer) else None, fault

    def committed(self, block: Block) -> None:
        """Let the next block of the topic take twice as many."""
        self._poison.pop(block.topic, None)
        self._limits[block.topic] = min(self._limits[block.topic] * 2, self._most)

    def halve(self, block: Block) -> int:
        """Let the next block of the topic take half as many; return how many this one has."""
        records = len(block.raws) or block.taken
        self._limits[block.topic] = max(1, records // 2)
        return records

    def suspect(self, block: Block, error: Exception) -> int:
        """Halve, after an error caused by the records: the last one left is the poison record."""
        if (records := self.halve(block)) <= 1:
            self._poison[block.topic] = (block.raws[0] if block.raws else block.timer, str(error))
        return records
