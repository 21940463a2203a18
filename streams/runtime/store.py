"""The protocol of a task's store: RocksDB with a changelog, or Postgres."""

from typing import Protocol

from schemas.kafka.latest import Latest
from streams.runtime.block import Block
from streams.runtime.restoring import Progress
from streams.runtime.rocksdb import StateStore


class LostPosition(RuntimeError):
    """Another owner has moved the position: this worker does not own the partition any more."""


class Refused(ValueError):
    """The output of the block's records can never be stored; bisect to the record."""


class Store(Protocol):
    """The state and positions of one task. After any error it is closed and opened again."""

    state: StateStore | None
    progress: Progress | None
    """Progress of the current or last restore."""
    latest: Latest
    """The times of the last records written."""

    async def open(self) -> dict[str, int]:
        """Fence other owners, bring the state up to date, and return the next offset of each input topic."""

    async def commit(self, block: Block, positions: dict[str, int]) -> dict[str, int]:
        """Commit the block's output, its changes and the positions after it, which are returned, atomically.

        Raises ``Refused``.
        """

    async def close(self) -> None:
        """Release all resources; may be called in any state, and twice."""
