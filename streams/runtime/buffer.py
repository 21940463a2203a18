"""Fetched records that wait for a block: bounded by number and bytes, for when a stage is slower than its topics."""

from collections import deque
from collections.abc import Sequence

from aiokafka.structs import ConsumerRecord

RECORD = 1000  # bytes of a record besides its value: key, five headers, and Python's objects, 970 measured


class Buffer:
    """The held records of one topic's partition, in order."""

    def __init__(self, most_records: int, most_bytes: int) -> None:
        self._records: deque[ConsumerRecord] = deque()
        self.bytes = 0
        """Bytes that the held records take, about: their values, and ``RECORD`` for each."""
        self._most_records = most_records
        self._most_bytes = most_bytes

    def __bool__(self) -> bool:
        return bool(self._records)

    @property
    def first(self) -> ConsumerRecord:
        """Return the record that comes next."""
        return self._records[0]

    @property
    def following(self) -> int | None:
        """Return the offset after the last one held, None where none is."""
        return self._records[-1].offset + 1 if self._records else None

    def add(self, records: Sequence[ConsumerRecord]) -> None:
        """Hold fetched records."""
        self._records.extend(records)
        self.bytes += sum(map(_size, records))

    def take(self, most: int) -> list[ConsumerRecord]:
        """Take up to ``most`` records."""
        taken = [self._records.popleft() for _ in range(min(most, len(self._records)))]
        self.bytes -= sum(map(_size, taken))
        return taken

    def put_back(self, records: list[ConsumerRecord]) -> None:
        """Put records that were taken before the others again."""
        self._records.extendleft(reversed(records))
        self.bytes += sum(map(_size, records))

    def clear(self) -> None:
        """Drop everything."""
        self._records.clear()
        self.bytes = 0

    def is_full(self) -> bool:
        """Tell whether fetching should pause."""
        return bool(self) and (len(self._records) >= self._most_records or self.bytes >= self._most_bytes)

    def is_low(self) -> bool:
        """Tell whether fetching should go on: with nothing held it should, however little may be."""
        return len(self._records) <= self._most_records // 2 and self.bytes <= self._most_bytes // 2


def _size(record: ConsumerRecord) -> int:
    return len(record.value or b"") + RECORD
