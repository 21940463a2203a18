"""Dead letters are put back by the command line: each once, and what people see is as if none had died.

What dies here was written under a schema that the registry does not have yet, as when a newer program writes before its
schemas are registered. Then the schema is registered, and the dead letters are sent again.
"""

import asyncio
import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from msgspec import Struct

from rondo.commands.exits import FAILED
from schemas import contract, ids
from schemas import records as r
from schemas.codec import binary
from schemas.topics import REMINDERS, TASK_COMMANDS, TASK_EVENTS, Topic
from tests.acceptance.days import WAIT, ahead
from tests.acceptance.stack import PATIENCE, Stack, User, until
from tests.acceptance.test_looking import typed
from tests.integration.pipeline.test_dead_letters import dead_letters, readers
from tests.integration.pipeline.test_unfit_records import create
from tests.integration.pipeline.wire import Put, Wire, partition_of


class Newer:
    """Writes records under schemas that the registry gets later."""

    def __init__(self, stack: Stack, wire: Wire, user: User) -> None:
        self._stack, self._wire, self._user = stack, wire, user
        self._unknown: dict[type[Struct], int] = {}
        self._first = 0

    async def put(self, topic: Topic, record: Struct) -> Put:
        """Append a record that nobody can read yet."""
        if not self._unknown:
            self._first = self._register("string", "before") + 1
        number = self._unknown.setdefault(type(record), self._first + len(self._unknown))
        message = binary(type(record)).write(b"\0" + number.to_bytes(4), record)
        return await self._wire.put(topic, message, self._user.id, partition_of(self._user.id))

    def known(self) -> None:
        """Register what was missing."""
        for record, number in self._unknown.items():
            schema = {**contract.schema(record), "doc": f"Of {self._user.id}."}
            assert self._register(schema, f"newer-{number}") == number

    def _register(self, schema: Any, subject: str) -> int:
        fresh = {"type": schema, "of": self._user.id, "for": subject} if schema == "string" else schema
        body = {"schema": json.dumps(fresh)}
        answer = httpx.post(f"{self._stack.run['registry']}/subjects/{subject}-{self._user.id}/versions", json=body)
        return int(answer.raise_for_status().json()["id"])


@pytest.fixture
def newer(stack: Stack, wire: Wire, user: User) -> Newer:
    return Newer(stack, wire, user)


async def told(stack: Stack, *words: str, status: int = 0, answer: str = "") -> list[dict[str, Any]]:
    """Type a command about dead letters, and return its output."""
    told = await asyncio.to_thread(typed, stack, "dead-letters", *words, "--json", status=status, answer=answer)
    return [json.loads(line) for line in told.splitlines() if line.lstrip().startswith("{")]


async def of(stack: Stack, put: Put, *words: str) -> list[dict[str, Any]]:
    """The dead letters of a record."""
    place = f"{put.topic}/{put.partition}/{put.offset}"
    return [dead_letter for dead_letter in await told(stack, "list", *words) if dead_letter["place"] == place]


async def put_back(stack: Stack, *dead: dict[str, Any]) -> None:
    """Send dead letters again."""
    sent = await told(stack, "resend", *(str(dead_letter["number"]) for dead_letter in dead))
    assert [dead_letter["became"] for dead_letter in sent] == ["put back"] * len(dead)


async def test_a_command_that_died_is_answered_once_it_is_put_back(
    stack: Stack, user: User, wire: Wire, newer: Newer
) -> None:
    command = create(user.id)
    put = await newer.put(TASK_COMMANDS, command)
    await dead_letters(wire, [put], 1)
    (dead,) = await of(stack, put)
    assert (dead["became"], dead["record"]) == ("dead", "")

    (still,) = await told(stack, "resend", str(dead["number"]), status=1)
    assert still["became"] == "dead"  # nobody can read it yet
    newer.known()
    (again,) = await of(stack, put)
    assert (again["earlier"], again["number"] > dead["number"]) == ([dead["number"]], True)
    (shown,) = await told(stack, "show", str(again["number"]))
    assert (shown["value"]["id"], shown["headers"]["empty"]) == (command.id, "")
    assert shown["depends"] == [f"The command {command.id} has no outcome: its sender sees it as pending."]

    await put_back(stack, again)
    task = until(lambda: next(iter(user.rondo.tasks()), None), PATIENCE, "The task does not come.")
    assert (task["id"], task["version"]) == (command.task, 1)
    assert [entry["event"] for entry in user.settled_trail()] == ["TaskCreated"]
    assert [dead_letter["became"] for dead_letter in await of(stack, put, "--all")] == ["put back"]


async def test_those_of_a_reason_are_put_back_in_the_order_of_the_log_and_no_others(
    stack: Stack, user: User, wire: Wire, newer: Newer
) -> None:
    """Commands of two kinds die, one after the other: each kind for want of a schema of its own."""
    tasks, lists = [create(user.id) for _ in range(3)], [create_list(user.id) for _ in range(2)]
    mixed = [tasks[0], lists[0], tasks[1], lists[1], tasks[2]]
    dead = await dead_letters(wire, [await newer.put(TASK_COMMANDS, one) for one in mixed], 5)
    of_tasks, of_lists = ([f"{one.topic}/{one.partition}/{one.offset}" for one in dead[n::2]] for n in (0, 1))
    reasons = [["--stage", "tasks", "--reason", reason.upper()] for reason in (dead[0].reason, dead[1].reason)]
    counts = {one["reason"]: one["count"] for one in await told(stack, "list", "--reasons")}
    assert (counts[dead[0].reason], counts[dead[1].reason]) == (3, 2)

    newer.known()
    await told(stack, "resend", *reasons[0], status=FAILED, answer="n\n")
    sent = await told(stack, "resend", *reasons[0], answer="y\n")
    assert [(one["place"], one["became"]) for one in sent] == [(place, "put back") for place in of_tasks]
    assert [one["place"] for one in await told(stack, "resend", *reasons[1], "--yes")] == of_lists
    outcomes = [record async for record in wire.records(TASK_EVENTS) if isinstance(record, r.CommandOutcome)]
    answered = [outcome.command for outcome in outcomes if outcome.user == user.id]
    assert answered == [command.id for command in (*tasks, *lists)]


def create_list(user: str) -> r.CreateList:
    """A command of another kind."""
    command, at = str(uuid4()), time.time_ns() // 1_000_000
    name = f"List {command}"
    return r.CreateList(command, user, at, f"user:{user}", ids.derive("list", command), r.ListFields(name=name))


async def test_a_reminder_that_died_is_sent_once(
    stack: Stack, user: User, wire: Wire, newer: Newer, receiver: Any
) -> None:
    now = int(ahead(0).timestamp() * 1000)
    task = await asyncio.to_thread(lambda: user.rondo.create("Remind me", wait=WAIT)["task"]["id"])
    due = r.ReminderDue(ids.derive("test", user.id), user.id, now, ids.derive("c", task), task, "r", now, "Remind me")
    put = await newer.put(REMINDERS, due)
    await dead_letters(wire, [put], len(readers(REMINDERS)))
    newer.known()
    await put_back(stack, *await of(stack, put))

    def sent() -> list[Any]:
        return [one for one in user.rondo.notifications() if one["status"] == "sent"]

    (notification,) = await asyncio.to_thread(until, sent, PATIENCE, "It is not sent.")
    assert notification["id"] == due.id
