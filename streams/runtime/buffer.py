"""A buffer of fetched records, bounded by number and bytes."""

from collections import deque
from collections.abc import Iterator, Sequence

from aiokafka.structs import ConsumerRecord

RECORD = 1000  # bytes of a record besides its value: key, five headers, and Python's objects, 970 measured


class Buffer:
    """The fetched records of one topic's partition that wait for a block, in order."""

    def __init__(self, most_records: int, most_bytes: int) -> None:
        self._records: deque[ConsumerRecord] = deque()
        self.bytes = 0
        """Approximate size of the records: their values, and ``RECORD`` for each."""
        self._most_records = most_records
        self._most_bytes = most_bytes

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[ConsumerRecord]:
        return iter(self._records)

    @property
    def first(self) -> ConsumerRecord:
        """Return the next record."""
        return self._records[0]

    @property
    def following(self) -> int | None:
        """Return the offset after the last record, None if empty."""
        return self._records[-1].offset + 1 if self._records else None

    def add(self, records: Sequence[ConsumerRecord]) -> None:
        """Append fetched records."""
        self._records.extend(records)
        self.bytes += _size(records)

    def take(self, most: int) -> list[ConsumerRecord]:
        """Remove and return up to ``most`` records."""
        taken = [self._records.popleft() for _ in range(min(most, len(self._records)))]
        self.bytes -= _size(taken)
        return taken

    def put_back(self, records: list[ConsumerRecord]) -> None:
        """Prepend records that were taken."""
        self._records.extendleft(reversed(records))
        self.bytes += _size(records)

    def clear(self) -> None:
        """Drop all records."""
        self._records.clear()
        self.bytes = 0

    def is_full(self) -> bool:
        """Return whether fetching should pause."""
        return bool(self) and (len(self._records) >= self._most_records or self.bytes >= self._most_bytes)

    def is_low(self) -> bool:
        """Return whether fetching should resume; an empty buffer is always low."""
        return len(self._records) <= self._most_records // 2 and self.bytes <= self._most_bytes // 2


def _size(records: Sequence[ConsumerRecord]) -> int:
    return sum([len(record.value or b"") for record in records]) + RECORD * len(records)
