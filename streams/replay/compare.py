"""Compares two states of a partition, key by key."""

from collections.abc import Collection, Iterator

from schemas.codec import Serde
from schemas.names import key_parts
from streams.kafka.partition_reader import PartitionReader
from streams.runtime import Stage
from streams.runtime.kafka_store import POSITION
from streams.runtime.rocksdb import StateStore

Entry = tuple[bytes, bytes]
Found = tuple[bytes, bytes | None, bytes | None]
"""A key whose values differ: what stands, what replay leads to; None for a key that is not there."""

_CHUNK = 1000
_NEVER = 0  # nobody asks when a temporary state was written


async def restore(changelog: PartitionReader, state: StateStore, codec: Serde) -> None:
    """Apply a changelog to a state, as a worker does that lost its disk."""
    changes: dict[bytes, bytes | None] = {}
    async for raw in changelog:
        changes[raw.key] = raw.value
        if len(changes) == _CHUNK:
            await codec.learn(changes.values())
            state.write(changes, raw.offset + 1, _NEVER)
            changes = {}
    await codec.learn(changes.values())
    state.write(changes, changelog.end, _NEVER)


def differences(stands: StateStore, replayed: StateStore, without: Collection[bytes]) -> Iterator[Found]:
    """Yield the keys whose values are not the same bytes, in order, but for those that are not to be compared."""
    left, right = (filter(lambda entry: entry[0] not in without, state.items()) for state in (stands, replayed))
    a, b = next(left, None), next(right, None)
    while a or b:
        if b is None or (a and a[0] < b[0]):
            assert a
            yield a[0], a[1], None
            a = next(left, None)
        elif a is None or b[0] < a[0]:
            yield b[0], None, b[1]
            b = next(right, None)
        else:
            if a[1] != b[1]:
                yield a[0], a[1], b[1]
            a, b = next(left, None), next(right, None)


def unwritten(stage: Stage) -> frozenset[bytes]:
    """Return the keys that no replay leads to: the position, which it is led by, and the cursors of what ticks take.

    When a timer was taken is on no record: what it led to is, and only that counts. That no timer was passed over
    without that is checked apart.
    """
    return frozenset({POSITION, *(taken.cursor for taken in stage.taken_by_ticks)})


def shown(key: bytes) -> str:
    """Return a key for people: the table, and the rest as text, with the instant of a timer as a number."""
    table, at, rest = key_parts(key)
    name = rest.decode(errors="replace")
    return f"{table.decode()} {name if at is None else f'{at}/{name}'}"
