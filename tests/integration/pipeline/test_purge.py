"""A task that was deleted 30 days ago is gone from a whole Rondo, all but its audit trail."""

from uuid import uuid4

import pytest

from rondo.client import NotFound
from schemas.records import CreateTask, DeleteTask, RestoreTask, TaskFields
from streams.domain.deletion import RESTORABLE
from tests.acceptance.days import WAIT
from tests.acceptance.stack import PATIENCE, Stack, User, until
from tests.integration.pipeline.wire import Wire

LONG_AGO = RESTORABLE + 60_000
AN_HOUR_AGO = 3_600_000


CREATE = (CreateTask, {"fields": TaskFields(title="Long ago", tags=("old",))})


async def test_a_task_is_gone_30_days_after_it_was_deleted_and_its_history_stays(
    stack: Stack, user: User, wire: Wire
) -> None:
    gone, kept = str(uuid4()), str(uuid4())
    await wire.send(user.id, gone, LONG_AGO, CREATE, (DeleteTask, {}))
    await wire.send(user.id, kept, AN_HOUR_AGO, CREATE, (DeleteTask, {}), (RestoreTask, {}))

    def told(task: str) -> list[str]:
        try:
            return [entry["event"] for entry in user.rondo.history(task)]
        except NotFound:  # the views have not come to it yet
            return []

    until(lambda: told(gone) == ["TaskCreated", "TaskDeleted", "TaskPurged"], PATIENCE, "The task was not purged.")
    until(lambda: told(kept) == ["TaskCreated", "TaskDeleted", "TaskRestored"], PATIENCE, "The task is not back.")
    until(lambda: [task["id"] for task in user.everything()] == [kept], PATIENCE, "The views still have it.")
    with pytest.raises(NotFound):
        user.rondo.restore(gone, wait=WAIT)
