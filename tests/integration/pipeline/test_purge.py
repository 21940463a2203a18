"""A task that was deleted 30 days ago is gone from a whole Rondo, all but its audit trail."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from rondo.client import NotFound
from schemas.records import CreateTask, DeleteTask, RestoreTask, TaskFields
from schemas.topics import TASK_COMMANDS
from streams.domain.deletion import RESTORABLE
from tests.acceptance.days import WAIT
from tests.acceptance.stack import PATIENCE, Stack, User, until
from tests.integration.pipeline.wire import Wire, partition_of

LONG_AGO = RESTORABLE + 60_000
AN_HOUR_AGO = 3_600_000


async def send(wire: Wire, user: User, task: str, ago: int, *commands: Any) -> None:
    """Put commands of so many milliseconds ago on the log, a second apart."""
    now = time.time_ns() // 1_000_000 - ago
    for number, (kind, fields) in enumerate(commands):
        at = now + 1000 * number
        command = kind(id=str(uuid4()), user=user.id, at=at, actor=f"user:{user.id}", task=task, **fields)
        value = await wire.encoded(TASK_COMMANDS, command)
        await wire.put(TASK_COMMANDS, value, user.id, partition_of(user.id), at)


CREATE = (CreateTask, {"fields": TaskFields(title="Long ago", tags=("old",))})


async def test_a_task_is_gone_30_days_after_it_was_deleted_and_its_history_stays(
    stack: Stack, user: User, wire: Wire
) -> None:
    gone, kept = str(uuid4()), str(uuid4())
    await send(wire, user, gone, LONG_AGO, CREATE, (DeleteTask, {}))
    await send(wire, user, kept, AN_HOUR_AGO, CREATE, (DeleteTask, {}), (RestoreTask, {}))

    def told() -> bool:
        try:
            return [entry["event"] for entry in user.rondo.history(gone)] == [
                "TaskCreated",
                "TaskDeleted",
                "TaskPurged",
            ]
        except NotFound:  # the views have not come to it yet
            return False

    until(told, PATIENCE, "The task was not purged.")
    until(lambda: [task["id"] for task in user.everything()] == [kept], PATIENCE, "The views still have it.")
    with pytest.raises(NotFound):
        user.rondo.restore(gone, wait=WAIT)
    assert [entry["event"] for entry in user.rondo.history(kept)] == ["TaskCreated", "TaskDeleted", "TaskRestored"]
    found = verified(stack)
    assert found.returncode == 0, found.stdout + found.stderr


def verified(stack: Stack) -> subprocess.CompletedProcess[str]:
    """What a verification tells."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    environment = {**clean, "RONDO_DATA": str(stack.data)}
    command = [str(Path(sys.executable).with_name("rondo")), "verify", "tasks", "audit", "reminders", "views"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
