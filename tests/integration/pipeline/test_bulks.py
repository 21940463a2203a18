"""Bulks on a whole Rondo: what the tasks stage remembers of them keeps each from being applied twice."""

import time
from uuid import uuid4

from msgspec.structs import replace

from schemas import ids
from schemas.records import Action, ChangeTasks, TaskAt, TaskChange, TaskFields
from schemas.topics import TASK_COMMANDS
from tests.acceptance.days import WAIT
from tests.acceptance.stack import User
from tests.integration.pipeline.wire import Wire, partition_of


def chunk(user: User, task: str, number: int = 0, resolution: str = "first", bulk: str | None = None) -> ChangeTasks:
    """A chunk of a bulk of two that notes something in a task."""
    bulk = bulk or str(uuid4())
    return ChangeTasks(
        id=ids.chunk(bulk, number),
        user=user.id,
        at=time.time_ns() // 1_000_000,
        actor=f"user:{user.id}",
        bulk=bulk,
        chunk=number,
        chunks=2,
        tasks=2,
        items=(TaskAt(task),),
        change=TaskChange(Action.UPDATE, ("notes",), TaskFields(notes=f"{bulk} {number}")),
        resolution=resolution,
    )


async def send(wire: Wire, *chunks: ChangeTasks) -> None:
    for each in chunks:
        value = await wire.encoded(TASK_COMMANDS, each)
        await wire.put(TASK_COMMANDS, value, each.user, partition_of(each.user), each.at)


async def test_a_bulk_of_several_chunks_changes_each_task_once(user: User) -> None:
    tasks = [user.rondo.create("One of many", key=str(number))["task"]["id"] for number in range(501)]
    named = [{"id": task} for task in tasks]

    done = user.rondo.change_many(action="complete", tasks=named, key="all", wait=WAIT)
    again = user.rondo.change_many(action="complete", tasks=named, key="all", wait=WAIT)

    assert (done["status"], done["chunks"], done["changed"], done["refused"]) == ("done", 2, 501, 0)
    assert again == done
    assert {task["version"] for task in user.rondo.tasks("completed", limit=200)} == {2}


async def test_a_chunk_that_comes_again_does_nothing(user: User, wire: Wire) -> None:
    task = user.rondo.create("Once", wait=WAIT)["task"]["id"]
    first = chunk(user, task)

    await send(wire, first, replace(first, change=replace(first.change, fields=TaskFields(notes="Twice"))))

    user.rondo.complete(task, wait=WAIT)
    assert user.rondo.task(task)["notes"] == first.change.fields.notes
    assert user.rondo.task(task)["version"] == 3


async def test_a_chunk_of_another_resolution_changes_nothing(user: User, wire: Wire) -> None:
    one, two = (user.rondo.create(title, wait=WAIT)["task"]["id"] for title in ("One", "Two"))
    first = chunk(user, one)

    await send(wire, first, chunk(user, two, number=1, resolution="other", bulk=first.bulk))

    shown = user.rondo.bulk(first.bulk, wait=WAIT)
    assert (shown["status"], shown["decided"], shown["changed"]) == ("in-part", 1, 1)
    assert user.rondo.task(two)["version"] == 1
