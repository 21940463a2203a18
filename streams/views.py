"""Views: the read models in Postgres, and their only writer.

Rows and position are one Postgres transaction, so the views can be dropped and folded again to the same bytes.
"""

from msgspec import Struct

from domain.projections import project
from schemas.topics import AUDIT_LOG, NOTIFICATIONS, REMINDERS, RETRIES, TASK_EVENTS
from streams.runtime import App, Block, Stage
from streams.runtime.postgres_store import PostgresStore

_PROJECTED = (TASK_EVENTS, AUDIT_LOG, REMINDERS, NOTIFICATIONS)

stage = Stage(
    "views",
    reads=(*_PROJECTED, RETRIES),
    store=PostgresStore,
    keeps="positions, in Postgres",
    alone="it writes Postgres",
    mixes=True,
)


@stage.on(*_PROJECTED)
def fold(block: Block, record: Struct) -> None:
    """Project records to rows."""
    for query, row in project(record):
        block.row(query, row)


app = App(stage)
