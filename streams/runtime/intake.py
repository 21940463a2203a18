"""A task's intake: buffers of fetched records, from which blocks are taken, and how much each block takes.

After an error caused by its records, the topic's next block takes half as many, down to the poison record alone; after
each commit twice as many again. Timers, which wait in the state instead of a buffer, are the topic None here.
"""

from collections.abc import Callable

from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from streams.runtime.block import Block
from streams.runtime.buffer import Buffer
from streams.runtime.settings import Settings
from streams.runtime.store import Refused
from streams.runtime.topology import Topology
from streams.runtime.verdicts import FoldError

POISON = (FoldError, Refused)
"""Errors caused by the records themselves: bisect to the poison record."""

TOO_MUCH = (TimeoutError, MessageSizeTooLargeError, RecordListTooLargeError)
"""Errors that a smaller block may avoid, though no record is at fault: the broker refused what the contract allows."""


class Intake:
    """The intake of one task; ``held_bytes`` is the most bytes that each topic may buffer.

    ``resume`` resumes fetching a topic, which pauses while its buffer is full; ``kind`` is the codec's.
    """

    def __init__(
        self,
        topology: Topology,
        settings: Settings,
        held_bytes: int,
        resume: Callable[[str], None],
        kind: Callable[[bytes | None], type[Struct] | None],
    ) -> None:
        self._held = {topic.name: Buffer(settings.held_records, held_bytes) for topic in topology.reads}
        self._most = settings.block_records
        self._resume = resume
        self._mixes = topology.mixes
        self._passed_over, self._kind = topology.passed_over, kind
        self._last_topic = -1
        # By topic: several may have a poison record at their head.
        self._limits: dict[str | None, int] = dict.fromkeys((*self._held, None), self._most)
        self._poison: dict[str, tuple[ConsumerRecord, str]] = {}

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

    def __bool__(self) -> bool:
        return any(self._held.values())

    def is_full(self) -> bool:
        """Return whether the next block can take no more than what is buffered, or no more is fetched until it does."""
        if any(held.is_full() for held in self._held.values()):
            return True
        waiting = [(held, self._limits[self._key(topic)]) for topic, held in self._held.items() if held]
        if self._mixes:
            return sum(len(held) for held, _ in waiting) >= max((limit for _, limit in waiting), default=1)
        return any(len(held) >= limit for held, limit in waiting)

    def is_folded(self) -> bool:
        """Return whether a stage folds any of what is buffered."""
        return any(self._is_folded(raw) for held in self._held.values() for raw in held)

    def _is_folded(self, raw: ConsumerRecord) -> bool:
        passed_over = self._passed_over[raw.topic]
        return not passed_over or self._kind(raw.value) not in passed_over

    def take(self) -> list[ConsumerRecord]:
        """Take the next block's records: from the buffer of one topic, round-robin, or of one after the other."""
        topics, last = list(self._held), self._last_topic
        taken: list[ConsumerRecord] = []
        for step in range(1, len(topics) + 1):
            index = (last + step) % len(topics)
            if held := self._held[topics[index]]:
                if taken and (self.fault(held.first) is not None or self.fault(taken[0]) is not None):
                    break  # a poison record is a block of its own
                if not taken:
                    self._last_topic = index
                taken += self._take_from(held, len(taken))
                if held.is_low():
                    self._resume(topics[index])
                if not self._mixes:
                    break
        return taken

    def _take_from(self, held: Buffer, taken: int) -> list[ConsumerRecord]:
        limit = self._limits[self._key(held.first.topic)]
        return held.take(1 if self.fault(held.first) is not None else max(0, limit - taken))

    def _key(self, topic: str | None) -> str | None:
        """Return under which topic a block's limit is: blocks that mix have one for all."""
        return next(iter(self._held)) if self._mixes and topic else topic

    def put_back(self, records: list[ConsumerRecord]) -> None:
        """Put back records that a block has taken and not folded."""
        for topic in {raw.topic: None for raw in records}:
            self._held[topic].put_back([raw for raw in records if raw.topic == topic])

    def fault(self, raw: ConsumerRecord) -> str | None:
        """Return why a record is a poison record, None if it is not known to be one."""
        poison, fault = self._poison.get(raw.topic, (None, None))
        return fault if poison and poison.offset == raw.offset else None

    def timers(self) -> int:
        """Return the most timers of the next punctuation."""
        return self._limits[None]

    def committed(self, block: Block) -> None:
        """Let the next block of the topic take twice as many."""
        for topic in block.behind:
            self._poison.pop(topic, None)
        key = self._key(block.topic)
        self._limits[key] = min(self._limits[key] * 2, self._most)

    def halve(self, block: Block) -> int:
        """Let the next block of the topic take half as many; return how many this one has."""
        records = len(block.raws) or block.taken
        self._limits[self._key(block.topic)] = max(1, records // 2)
        return records

    def suspect(self, block: Block, error: Exception) -> int:
        """Halve, after an error caused by the records: the last one left is the poison record."""
        if (records := self.halve(block)) <= 1 and block.raws:
            self._poison[block.raws[0].topic] = block.raws[0], str(error)
        return records
