"""Commands that can be read, but lead to what can't be kept: past the API, which would not have taken them."""

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from schemas import ids, topics
from schemas import records as r
from tests.acceptance.days import WAIT
from tests.acceptance.stack import Stack, User
from tests.integration.pipeline.wire import Wire, partition_of


def create(user: str, title: str = "By hand", cause: str | None = None) -> r.CreateTask:
    command, at = str(uuid4()), time.time_ns() // 1_000_000
    fields = r.TaskFields(title=title)
    return r.CreateTask(command, user, at, f"user:{user}", ids.task(command), fields, cause=cause)


@pytest.mark.parametrize(
    ("unfit", "stage"),
    [
        pytest.param(lambda user: create(user=f"no uuid {user}"), "views", id="a user that is no UUID"),
        pytest.param(lambda user: create(user, title="a\0b"), "views", id="NUL in the title"),
        pytest.param(lambda user: create(user, cause="no uuid"), "views", id="a cause that is no UUID"),
    ],
)
async def test_what_cannot_be_kept_is_dead_lettered_and_the_next_command_is_answered(
    unfit: Callable[[str], r.CreateTask], stage: str, stack: Stack, user: User, wire: Wire
) -> None:
    command = unfit(user.id)
    where = partition_of(command.user)
    await wire.put(topics.TASK_COMMANDS, await wire.encoded(topics.TASK_COMMANDS, command), command.user, where)
    while partition_of((behind := stack.new_user()).id) != where:
        pass
    after = await asyncio.to_thread(behind.rondo.create, "Behind it", wait=WAIT)
    await asyncio.to_thread(behind.settled_trail)
    await wire.dead([])
    assert after["command"]["status"] == "accepted"
    assert {dead_letter.stage for dead_letter in wire.dead_letters} == {stage}
