"""Names that other programs rely on: CloudEvents types, the partition of a user, the parts of a state's key."""

import re
from functools import cache, lru_cache

from aiokafka.partitioner import murmur2
from msgspec import Struct


@cache
def event_type(record: type[Struct]) -> str:
    """Return a record's CloudEvents type: ``task-created`` and so on."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", record.__name__).lower()


@lru_cache(maxsize=100_000)
def partition_of(user: str, partitions: int) -> int:
    """Return the partition of a user's records, as Java's default partitioner does (murmur2 of the key).

    Defined here because other clients' defaults differ, and all records of a user must be in one partition.
    """
    return int((murmur2(user.encode()) & 0x7FFFFFFF) % partitions)


def key_parts(key: bytes) -> tuple[bytes, int | None, bytes]:
    """Split a key of a state or changelog into its table, a timer's instant in ms since 1970, and the rest.

    A key of another form is a table without a rest.
    """
    table, _, rest = key.partition(b"\0")
    if len(rest) > 8 and rest[0] == 0:  # 8 bytes of milliseconds, which begin with a zero until 2^56 ms; no id does
        return table, int.from_bytes(rest[:8]), rest[8:]
    return table, None, rest
