"""Backfills: indexes of tables, for states that an earlier version wrote, which had none.

When a task is opened, a function is called with each record that the table already has, before any other record is
folded. It is done in bounded blocks that are committed as all are, with a cursor, so that one that was cut off goes on
where it ended. They take no input, so they are not recorded, and a replay, whose state begins empty, has no need of
them. A new partition has an empty table: its only block has nothing but the cursor.

An earlier version that is run in between leaves the index as it is. So the positions name the indexes that their writer
keeps: one that is begun, and is not among them, is removed, and built again.
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, cast

from schemas import records as r
from streams.runtime.context import Context
from streams.runtime.rocksdb import StateStore
from streams.runtime.tables import Decode, Index, Table, Timers, decoded

Each = Callable[[Any], None]
"""Adds a table's record to the index."""


class Backfill:
    """Builds one index, or ordered set, of one table of a stage."""

    def __init__(self, stage: Any, index: Index | Timers, table: Table[Any], each: Each) -> None:
        self.stage = stage
        self.index = index
        self._table, self._each = table, each
        self.cursor = index.backfilled
        """The cursor's key in the state."""
        self.name = index.prefix[:-1].decode()
        """The stage's name and the index's."""

    def is_stale(self, state: StateStore, kept: Collection[str]) -> bool:
        """Return whether a state may have entries that are not the table's; ``kept`` are the indexes that are kept."""
        return self.name not in kept and bool(
            state.scan(self.index.prefix, self.index.end, 1) or state.get(self.cursor)
        )

    async def clear(self, begin: Callable[[], Any], limit: int) -> Any:
        """Return a block that removes entries, at most ``limit``, with the cursor at first; None if there are none."""
        block = begin()
        entries = [key for key, _ in block.kept.scan(self.index.prefix, self.index.end, limit)]
        with block:
            block.begin(self.stage)
            for key in (self.cursor, *entries):
                block.change(key, None)
            block.keep()
        await block.folded
        return block if entries or block.kept.get(self.cursor) else None

    def is_done(self, state: StateStore, decode: Decode) -> bool:
        """Return whether the index of a state is complete."""
        return self._reached(state, decode).done

    async def next(self, context: Context, begin: Callable[[], Any]) -> Any:
        """Return the next block, folded; None if the index is complete. ``begin`` returns a block without records."""
        block = begin()
        reached = self._reached(block.kept, partial(decoded, self.stage.name, context.codec))
        if reached.done:
            return None
        limit = context.settings.block_records
        entries = self._table.after(block.kept, reached.key, limit)
        await context.codec.learn(raw for _, raw in entries)
        with block:
            block.begin(self.stage)
            for _, raw in entries:
                self._each(block.decoded(raw))
            last = entries[-1][0] if entries else reached.key
            block.change(self.cursor, block.encoded(r.BackfillCursor(last, len(entries) < limit)))
            block.keep()
        await block.folded
        return block

    def _reached(self, state: StateStore, decode: Decode) -> r.BackfillCursor:
        raw = state.get(self.cursor)
        return cast("r.BackfillCursor", decode(raw)) if raw else r.BackfillCursor(b"")
