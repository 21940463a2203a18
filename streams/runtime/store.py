"""Where a partition's state and positions live: what a partition asks of RocksDB with a changelog, or of Postgres."""

from typing import Protocol

from streams.kafka.latest import Latest
from streams.runtime.block import Block
from streams.runtime.restoring import Progress
from streams.runtime.rocksdb import StateStore


class LostPosition(RuntimeError):
    """Another owner has moved the position: this worker's turn is over."""


class Refused(ValueError):
    """What the block's records lead to can't be kept, however often it is tried: a smaller block finds the one."""


class Store(Protocol):
    """One owner's turn with one partition's state. After any error it is closed and opened anew."""

    state: StateStore | None
    progress: Progress | None
    """How the last restore gets on, or went."""
    latest: Latest
    """The times of what was written last."""

    async def open(self) -> dict[str, int]:
        """Keep other owners out, bring the state up to date, and return the next offset of each input topic."""

    async def commit(self, block: Block, positions: dict[str, int]) -> None:
        """Make the block's output, its changes and the positions after it true, all or nothing. Raises ``Refused``."""

    async def close(self) -> None:
        """Free everything; may be called in any condition, and twice."""
