"""A Rondo whose stages are topologies of their own: a process, a group and a state for each.

What others put on a stage's output is read there by the stages that are handed it otherwise: so an event can be a dead
letter of each.
"""

import asyncio
import json
from collections.abc import Iterator

import msgspec
import pytest
from msgspec.structs import replace

from domain.recurrence.succession import command_of
from rondo.client import NotFound
from schemas import ids
from schemas import records as r
from schemas.topics import TASK_EVENTS
from streams.topologies import STAGES
from tests.acceptance.days import WAIT, ahead, create_standup, following
from tests.acceptance.stack import PATIENCE, Stack, User, running, until
from tests.acceptance.test_looking import typed
from tests.integration.pipeline.test_dead_letters import dead_letters, goes_all_the_way, readers, takers
from tests.integration.pipeline.test_putting_back import Newer, newer, of, put_back
from tests.integration.pipeline.wire import Wire
from tests.receiver import Receiver

__all__ = ["newer"]

ALONE = " ".join(STAGES)


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, receiver: Receiver) -> Iterator[Stack]:
    """A whole Rondo with a process for each stage."""
    with running(request, RONDO_WEBHOOK=receiver.secret_url, RONDO_TOPOLOGIES=ALONE) as stack:
        yield stack


def test_a_command_goes_all_the_way_and_the_tools_know_the_grouping(stack: Stack, user: User) -> None:
    assert all(stack.part(stage) for stage in STAGES)
    goes_all_the_way(user)

    def even() -> bool:
        lags = [json.loads(line) for line in typed(stack, "lag", "--json").splitlines()]
        return {lag["stage"] for lag in lags} == {*STAGES} and not any(lag["lag"] for lag in lags)

    until(even, PATIENCE, "A stage stays behind.")
    after_tasks = STAGES[1:]  # on the output of tasks another test puts an event of its own
    assert typed(stack, "verify", *after_tasks).endswith("Everything is as it follows from the log.\n")


async def test_a_completion_that_died_ends_no_series_and_everything_else_of_it_comes_once(
    stack: Stack, user: User, wire: Wire, newer: Newer
) -> None:
    """An event is dead-lettered by every stage that reads it: by recurrence, reminders, audit, views at least.

    The tasks stage did not write it and has the task open, so the command that it leads to does nothing, and the series
    goes on once the task is completed.
    """
    task = await asyncio.to_thread(create_standup, user, ahead(3600))
    event = await asyncio.to_thread(completed, stack, user, task["id"])
    put = await newer.put(TASK_EVENTS, event)
    await dead_letters(wire, [put], len(readers(TASK_EVENTS, ALONE)))
    newer.known()
    dead = [dead_letter for dead_letter in await of(stack, put) if dead_letter["stage"] in takers(TASK_EVENTS, ALONE)]
    assert sorted(dead_letter["stage"] for dead_letter in dead) == takers(TASK_EVENTS, ALONE)
    await put_back(stack, *dead)
    derived = await asyncio.to_thread(until, lambda: outcome(user, command_of(event.id)), PATIENCE, "Nothing followed.")
    assert derived == "nothing-to-do"
    await asyncio.to_thread(user.rondo.complete, task["id"], wait=WAIT)
    after = await asyncio.to_thread(following, user, task)
    assert after["series"] == task["series"]
    seen = until(lambda: (found := user.rondo.task(task["id"]))["status"] == "completed" and found, PATIENCE, "")
    assert seen["version"] == 2
    told_of = await asyncio.to_thread(user.settled_trail)
    assert [entry["event"] for entry in told_of] == ["TaskCreated", *["TaskCompleted"] * 2, "TaskCreated"]
    assert len([one for one in user.rondo.tasks("open") if one["series"] == task["series"]]) == 1
    (reminder,) = [one for one in user.rondo.reminders() if one["task"]["id"] == task["id"]]
    assert reminder["status"] == "cancelled"


def outcome(user: User, command: str) -> str | None:
    """The status of a command that has an outcome."""
    try:
        return str(user.rondo.command(command)["status"])
    except NotFound:
        return None


def completed(stack: Stack, user: User, task: str) -> r.TaskCompleted:
    """The event that the tasks stage would write next, were this task completed."""
    lines = typed(stack, "tail", TASK_EVENTS.name, "--user", user.id, "--no-follow", "--json").splitlines()
    values = [found["value"] for found in map(json.loads, lines) if found["kind"] == "TaskCreated"]
    created = next(value for value in values if value["task"]["id"] == task)
    before = msgspec.convert(created["task"], r.Task)
    at = before.changed_at + 1
    after = replace(before, status=r.Status.COMPLETED, completed_at=at, changed_at=at, version=2)
    command = ids.derive("test", task)
    return r.TaskCompleted(ids.event(command), user.id, at, f"user:{user.id}", command, after)


def test_a_log_that_was_written_in_another_grouping_is_refused_at_the_start_and_goes_on_in_its_own(
    stack: Stack, user: User
) -> None:
    user.rondo.create("Before", wait=WAIT)
    grouping = stack._environment.pop("RONDO_TOPOLOGIES")
    stack.stop()
    with pytest.raises(AssertionError, match="Rondo ended with status 1 while starting"):
        stack.start()
    assert "no state of the topology core: its stages were grouped otherwise" in stack.told()
    stack._environment["RONDO_TOPOLOGIES"] = grouping
    stack.start()
    again = stack._client(user.id, user.token)
    assert again.rondo.create("After", wait=WAIT)["command"]["status"] == "accepted"
