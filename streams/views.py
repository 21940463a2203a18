"""Views: everything that people look at, kept in Postgres; the one writer there.

Rows and position are one Postgres transaction, so the views can be dropped and folded anew to the same bytes.
"""

from schemas.topics import AUDIT_LOG, NOTIFICATIONS, REMINDERS, TASK_EVENTS
from streams.domain.views import project
from streams.runtime import Stage, Stream
from streams.runtime.postgres import PostgresStore

stage = Stage("views", reads=(TASK_EVENTS, AUDIT_LOG, REMINDERS, NOTIFICATIONS), store=PostgresStore)
app = stage.app


@stage.agent(*stage.reads)
async def fold(blocks: Stream) -> None:
    """Turn records into rows."""
    async for block in blocks.noack():
        with block:
            for record in block:
                for query, row in project(record.value):
                    block.row(query, row)
