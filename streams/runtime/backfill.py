"""Backfills: indexes of tables, for states that an earlier version wrote, which had none.

When a task is opened, a function is called with each record that the table already has, before any other record is
folded. It is done in bounded blocks that are committed as all are, with a cursor, so that one that was cut off goes on
where it ended. They take no input, so they are not recorded, and a replay, whose state begins empty, has no need of
them. A new partition has an empty table: its only block has nothing but the cursor.
"""

from collections.abc import Callable
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
