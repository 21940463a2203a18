"""What other programs know records by: their CloudEvents type, and the partition of a user."""

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
