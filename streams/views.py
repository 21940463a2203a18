"""Views: everything that people look at, kept in Postgres; the one writer there.

Rows and position are one Postgres transaction, so the views can be dropped and folded anew to the same bytes.
"""

from domain.projections import project
from schemas.topics import AUDIT_LOG, NOTIFICATIONS, REMINDERS, RETRIES, TASK_EVENTS
from streams.runtime import Stage, Stream
from streams.runtime.postgres_store import PostgresStore

_SHOWN = (TASK_EVENTS, AUDIT_LOG, REMINDERS, NOTIFICATIONS)

stage = Stage("views", reads=(*_SHOWN, RETRIES), store=PostgresStore)


@stage.agent(*_SHOWN)
async def fold(blocks: Stream) -> None:
    """Turn records into rows."""
    async for block in blocks.noack():
        with block:
            for record in block:
                for query, row in project(record.value):
                    block.row(query, row)
