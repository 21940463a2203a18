"""Audit: every event becomes an entry with field-by-field changes, actor and cause, chained by hash for each user.

The stage keeps each task as it last was, since a change is told by what stood before, and the end of each user's chain.
"""

from schemas import records as r
from schemas.topics import AUDIT_LOG, TASK_EVENTS
from streams.domain import audit
from streams.domain.tasks import EVENTS, Event
from streams.runtime import Block, Stage, Stream

stage = Stage("audit", reads=(TASK_EVENTS,), writes=(AUDIT_LOG,))
app = stage.app
tasks_by_id = stage.table("tasks", r.Task)
heads = stage.table("heads", r.AuditHead)


@stage.agent(TASK_EVENTS, folds=EVENTS)
async def record(blocks: Stream) -> None:
    """Write the audit trail."""
    async for block in blocks.noack():
        with block:
            for record in block:
                append(block, record.value)


def append(block: Block, event: Event) -> None:
    """Append an event's entry to its user's chain."""
    key = f"{event.user}/{event.task.id}"
    entry = audit.entry(heads.get(event.user), tasks_by_id.get(key), event)
    tasks_by_id[key] = event.task
    heads[event.user] = audit.head_after(entry)
    block.emit(AUDIT_LOG, entry)
