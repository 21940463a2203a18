"""Thousands of dead letters are put back within a minute, while people work and no worker reopens a partition."""

import asyncio
import time
from collections import Counter

import click
import msgspec
import pytest
from msgspec.structs import replace

from schemas import ids
from schemas import records as r
from schemas.topics import TASK_EVENTS
from tests.acceptance.days import WAIT, ahead, create_standup
from tests.acceptance.stack import Stack, User
from tests.integration.pipeline.test_dead_letters import dead_letters, readers, takers
from tests.integration.pipeline.test_putting_back import Newer, newer, told
from tests.integration.pipeline.test_stages_alone import ALONE, completed, stack
from tests.integration.pipeline.wire import Put, Wire

__all__ = ["newer", "stack"]

EVENTS = 750
STAGES = takers(TASK_EVENTS, ALONE)


@pytest.mark.deep
async def test_thousands_of_dead_letters_are_put_back_within_a_minute_while_people_work(
    stack: Stack, user: User, wire: Wire, newer: Newer
) -> None:
    puts = await updates(stack, user, newer)
    dead = await dead_letters(wire, puts, EVENTS * len(readers(TASK_EVENTS, ALONE)))
    newer.known()
    workers = {stage: stack.worker(stage).pid for stage in STAGES}
    working = asyncio.create_task(work(user))
    shown, listing = await timed(stack, "list", "-n", "10000", "--reason", dead[0].reason)
    sent, sending = await timed(stack, "resend", "--reason", dead[0].reason, "--yes")
    working.cancel()
    assert Counter(one["stage"] for one in shown) == dict.fromkeys(STAGES, EVENTS)
    assert Counter(one["became"] for one in sent) == {"put back": EVENTS * len(STAGES)}
    assert {stage: stack.worker(stage).pid for stage in STAGES} == workers
    click.echo(f"{len(shown)} dead letters: {listing:.1f} s to list, {sending:.1f} s to put back")


async def updates(stack: Stack, user: User, newer: Newer) -> list[Put]:
    """Put events of a task on the log, each a version of it, that nobody can read yet."""
    task = await asyncio.to_thread(create_standup, user, ahead(3600))
    first = msgspec.structs.asdict(await asyncio.to_thread(completed, stack, user, task["id"]))
    after = replace(first["task"], status=r.Status.OPEN, completed_at=None)
    puts = []
    for n in range(EVENTS):
        version, cause = replace(after, title=f"Title {n}", version=2 + n), ids.derive("many", task["id"], n)
        event = r.TaskUpdated(ids.event(cause), user.id, first["at"], first["actor"], cause, version, ("title",))
        puts.append(await newer.put(TASK_EVENTS, event))
    return puts


async def work(user: User) -> None:
    """Create tasks, one after the other, until cancelled."""
    while True:
        await asyncio.to_thread(user.rondo.create, "Meanwhile", wait=WAIT)


async def timed(stack: Stack, *words: str) -> tuple[list[dict[str, object]], float]:
    """Type a command about dead letters; return its output, and the seconds that it took."""
    began = time.monotonic()
    return await told(stack, *words), time.monotonic() - began
