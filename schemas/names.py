"""What other programs know records by: their CloudEvents type, the partition of a user, the parts of a state's key."""

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
    """Return the partition of a user's records, as Java's default partitioner gives it (murmur2 of the key).

    Stated here, because other clients' defaults differ, and everything of one user has to be in one partition.
    """
    return int((murmur2(user.encode()) & 0x7FFFFFFF) % partitions)


def key_parts(key: bytes) -> tuple[bytes, int | None, bytes]:
    """Return the table of a key in a state or on a changelog; the instant of a timer's, in ms since 1970; the rest.

    Any other key is a table without a rest.
    """
    table, _, rest = key.partition(b"\0")
    if len(rest) > 8 and rest[0] == 0:  # 8 bytes of milliseconds, which begin with a zero until 2^56 ms; no id does
        return table, int.from_bytes(rest[:8]), rest[8:]
    return table, None, rest
