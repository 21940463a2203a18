"""Audit: every event becomes an entry with field-by-field changes, actor and cause, chained by hash for each user.

The stage keeps each task, list, saved filter and tag as it last was, since a change is told by what stood before, and
the end of each user's chain. An event that was set aside and is sent again gets its entry at the end of the chain.
Where a later one about the same came before it, that one's entry has told the changes, and what stands is not set back.
"""

from collections.abc import Mapping
from typing import Any

from schemas import records as r
from schemas.topics import AUDIT_LOG, RETRIES, TASK_EVENTS
from streams.domain import audit, deletion
from streams.domain.commands import EVENTS, Event, Thing, name, thing
from streams.runtime import Block, Stage, Stream, Table

stage = Stage("audit", reads=(TASK_EVENTS, RETRIES), writes=(AUDIT_LOG,))
app = stage.app
tasks_by_id = stage.table("tasks", r.Task)
lists_by_id = stage.table("lists", r.List)
filters_by_id = stage.table("filters", r.SavedFilter)
tags_by_name = stage.table("tags", r.Tag)
heads = stage.table("heads", r.AuditHead)

_TABLES: Mapping[type[Thing], Table[Any]] = {
    table.record: table for table in (tasks_by_id, lists_by_id, filters_by_id, tags_by_name)
}


@stage.agent(TASK_EVENTS, folds=EVENTS, about=audit.about)
async def record(blocks: Stream) -> None:
    """Write the audit trail."""
    async for block in blocks.noack():
        with block:
            for record in block:
                append(block, record.value, overtaken=record.overtaken)


def append(block: Block, event: Event, *, overtaken: bool = False) -> None:
    """Append an event's entry to its user's chain."""
    before = thing(event) if overtaken else swap(event)
    entry = audit.entry(heads.get(event.user), before, event)
    heads[event.user] = audit.head_after(entry)
    block.emit(AUDIT_LOG, entry)


def swap(event: Event) -> Thing | None:
    """Keep what an event is about as it left it; return it as it was before, None where it is new."""
    after = thing(event)
    table = _TABLES[type(after)]
    key = f"{event.user}/{name(after)}"
    before: Thing | None = table.get(key)
    if isinstance(event, deletion.Event):
        del table[key]
    else:
        table[key] = after
    return before
