"""A whole Rondo is verified while it runs: after a day it holds, and what is planted then is named."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from aiokafka.structs import ConsumerRecord

from domain.deletion import RESTORABLE
from rondo.client import NotFound
from schemas import records as r
from schemas.envelope import Source
from schemas.kafka.log_reader import committed
from schemas.names import partition_of
from schemas.topics import (
    AUDIT_LOG,
    CLOCK,
    DEAD_LETTERS,
    NOTIFICATIONS,
    REMINDER_NOTICES,
    REMINDERS,
    RETRIES,
    SERIES_NOTICES,
    SHARED,
    TASK_COMMANDS,
    TASK_EVENTS,
    TASK_FOLLOWUPS,
    TASK_NOTICES,
    Topic,
)
from streams.replay import Difference, Report, verify
from streams.runtime import Topology
from streams.runtime.record import place
from streams.runtime.settings import Settings
from streams.topologies import DEFAULT, parsed
from tests.acceptance.days import WAIT, ahead, create_standup, following, sent
from tests.acceptance.stack import PATIENCE, Stack, User, running, until
from tests.integration.pipeline.wire import PARTITIONS, Wire

CORE, VIEWS = (next(one for one in parsed("") if one.name == name) for name in ("core", "views"))
RONDO = Path(sys.executable).with_name("rondo")


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A Rondo of this module's own, since what is planted in it stays."""
    with running(request) as stack:
        yield stack


@pytest.fixture(scope="module")
def day(stack: Stack) -> User:
    """A user after a day with something of everything."""
    user = stack.new_user()
    task = create_standup(user, ahead(2))
    sent(user, task["id"])
    user.rondo.update(task["id"], title="Stand-up with the team", tags=["work", "team"], wait=WAIT)
    user.rondo.complete(task["id"], wait=WAIT)
    following(user, task)
    decide_ahead(user)
    mistake = user.rondo.create("A mistake", wait=WAIT)["task"]["id"]
    user.rondo.delete(mistake, wait=WAIT)
    user.rondo.restore(mistake, wait=WAIT)
    late = user.rondo.change_many(action="update", filter="open", add_tags=["late"], shift=1, wait=WAIT)
    user.rondo.undo_bulk(late["id"], wait=WAIT)
    user.rondo.change_many(action="delete", tasks=[{"id": mistake}, {"id": task["id"], "version": 1}], wait=WAIT)
    for number in range(20):
        user.rondo.create(f"Number {number}", key=f"key {number}")
        user.rondo.create(f"Number {number}", key=f"key {number}")
    sort_out(user)
    user.settled_trail()
    return user


def decide_ahead(user: User) -> None:
    """Complete, skip and change occurrences before they come, undo some of it, and let the series come to them."""
    rondo, due = user.rondo, {"date": "2027-01-04"}
    task = rondo.create("Bins", due=due, recurrence="FREQ=DAILY", wait=WAIT)["task"]["id"]
    rondo.complete(task, occurrence="2027-01-05", wait=WAIT)
    undo(user, rondo.skip(task, occurrence="2027-01-06", wait=WAIT))
    rondo.update(task, occurrence="2027-01-06", title="Bins, early", due={"date": "2027-01-06"}, wait=WAIT)
    rondo.update(task, occurrence="2027-01-07", recurrence="FREQ=WEEKLY", wait=WAIT)
    rondo.complete(task, wait=WAIT)
    assert following(user, rondo.task(task))["title"] == "Bins, early"


def sort_out(user: User) -> None:
    """Put tasks on lists, save filters, colour, rename, merge and delete tags, and undo some of it."""
    rondo = user.rondo
    home, away = (rondo.create_list(name, wait=WAIT)["list"]["id"] for name in ("Home", "Away"))
    paint = rondo.create("Paint", list=home, tags=["home", "paint"], wait=WAIT)["task"]["id"]
    rondo.create("Sand down", parent=paint, tags=["wood"], wait=WAIT)
    undo(user, rondo.update_list(away, name="Town", colour="#1e90ff", wait=WAIT))
    rondo.update(paint, list=away, wait=WAIT)
    rondo.delete_list(home, tasks="move", wait=WAIT)
    rondo.restore_list(home, wait=WAIT)
    undo(user, rondo.delete_list(away, tasks="delete", wait=WAIT))

    saved = rondo.create_filter("At home", "#home", wait=WAIT)["filter"]["id"]
    undo(user, rondo.update_filter(saved, filter="#home or #wood", wait=WAIT))
    undo(user, rondo.delete_filter(saved, wait=WAIT))
    rondo.delete_filter(saved, wait=WAIT)
    rondo.restore_filter(saved, wait=WAIT)

    rondo.colour_tag("wood", "#1e90ff", wait=WAIT)
    rondo.colour_tag("paint", "#ff0000", wait=WAIT)
    rondo.rename_tag("wood", "timber", wait=WAIT)
    undo(user, rondo.rename_tag("timber", "paint", wait=WAIT))
    rondo.delete_tag("paint", wait=WAIT)


def undo(user: User, answer: Any) -> None:
    """Undo a command; all of it goes back."""
    undone = user.rondo.undo_command(answer["command"]["id"], wait=WAIT)
    assert (undone["status"], undone["refused"], undone["changed"] > 0) == ("done", 0, True)


@pytest.fixture(scope="module")
def purged(stack: Stack) -> str:
    """A task that was deleted more than 30 days ago, and a list with it."""
    user, task, list_id = stack.new_user(), str(uuid4()), str(uuid4())
    create = (r.CreateTask, {"task": task, "fields": r.TaskFields(title="Long ago", tags=("old",))})
    create_list = (r.CreateList, {"list": list_id, "fields": r.ListFields(name="Long ago")})
    delete = (r.DeleteTask, {"task": task}), (r.DeleteList, {"list": list_id})

    async def sent_long_ago() -> None:
        async with Wire.to(stack.run["kafka"], stack.run["registry"]) as wire:
            await wire.send(user.id, RESTORABLE + 60_000, create_list, create, *delete)

    def gone() -> bool:
        try:
            trails = [*user.rondo.history(task)], [*user.rondo.history_of_list(list_id)]
        except NotFound:  # the views have not come to it yet
            return False
        return [trail[-1]["event"] for trail in trails] == ["TaskPurged", "ListPurged"]

    asyncio.run(sent_long_ago())
    until(gone, PATIENCE, "It was not purged.")
    return task


@pytest.fixture(scope="module", autouse=True)
def held(stack: Stack, day: User, purged: str) -> subprocess.CompletedProcess[bytes]:
    """What a verification tells before anything is planted, also one that would notify elsewhere."""
    return rondo(stack, "verify", RONDO_WEBHOOK="http://127.0.0.1:9/elsewhere")


@pytest.fixture
async def wire(stack: Stack) -> AsyncIterator[Wire]:
    async with Wire.to(stack.run["kafka"], stack.run["registry"]) as wire:
        yield wire


def settings(stack: Stack) -> Settings:
    run = stack.run
    return Settings(kafka=run["kafka"], registry=run["registry"], postgres=run["postgres"], data=stack.data)


def rondo(stack: Stack, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line as somebody does who sits beside the running Rondo."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    environment = {**clean, "RONDO_DATA": str(stack.data), **environment}
    return subprocess.run([RONDO, *arguments], env=environment, capture_output=True, timeout=120, check=False)


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_after_a_day_everything_stands_as_it_follows_from_the_log(held: subprocess.CompletedProcess[bytes]) -> None:
    told = held.stdout.decode()
    assert held.returncode == 0, told + held.stderr.decode()
    assert told.endswith("Everything is as it follows from the log.\n")
    assert all(f"{name}, partition" in told or f"{name} holds" in told for name in DEFAULT)


@pytest.mark.parametrize("stage", ["tasks", "audit", "views"])  # several inputs, one, and rows
def test_two_replays_give_the_same_bytes(stage: str, stack: Stack, day: User) -> None:
    once, twice = rondo(stack, "replay", stage), rondo(stack, "replay", stage)
    assert (once.returncode, once.stdout) == (0, twice.stdout)


def test_a_replay_of_one_user_has_their_current_tasks(stack: Stack, day: User) -> None:
    entries = lines(rondo(stack, "replay", "tasks", "--user", day.id))
    titles = sorted(entry["value"]["title"] for entry in entries if entry["table"] == "tasks")
    assert titles == sorted(task["title"] for task in day.everything())


def test_a_replay_until_a_record_does_not_know_it_and_since_it_knows_nothing_else(stack: Stack, day: User) -> None:
    renamed, *_ = [entry for entry in day.trail() if entry["event"] == "TaskUpdated"]
    mark, own = renamed["at"], ("--user", day.id)

    def versions(*span: str) -> set[tuple[str, int]]:
        entries = lines(rondo(stack, "replay", "tasks", *own, *span))
        return {(e["value"]["id"], e["value"]["version"]) for e in entries if e["table"] == "tasks"}

    task = renamed["task"]["id"] if isinstance(renamed["task"], dict) else renamed["task"]
    assert versions("--until", mark) == {(task, 1)}
    assert versions("--since", mark) == versions()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("audit", "--until", "task-events/0/0"),
            "core does not read task-events: name a record of task-commands or retries.",
        ),
        (("tasks", "--since", "task-commands/0/99999999"), "there is no record 99999999 yet"),
        (("tasks", "--until", "task-commands/99/0"), "task-commands has the partitions 0 to 3, and no 99."),
        (("views", "--until", "task-events/0/0"), "at a record of one: name an instant, as 2026-11-23T12:00:00Z."),
        (("tasks", "--user", "nobody"), "The stage tasks has no entries of user nobody."),
    ],
)
def test_a_replay_of_what_there_is_not_says_so(words: tuple[str, ...], told: str, stack: Stack, day: User) -> None:
    done = rondo(stack, "replay", *words)
    assert (done.returncode, done.stdout) == (1, b"")
    assert told in done.stderr.decode()


@pytest.mark.parametrize(
    ("words", "name", "value", "told", "status"),
    [
        (("verify", "views"), "POSTGRES", "postgresql://127.0.0.1:1/rondo", "Rondo can't be reached", 3),
        (("replay", "views"), "POSTGRES", "postgresql://127.0.0.1:1/rondo", "Rondo can't be reached", 3),
        (("verify", "tasks"), "KAFKA", "127.0.0.1:1", "Rondo can't be reached", 3),
        (("lag",), "KAFKA", "somewhere:x", "RONDO_KAFKA=… names no broker", 1),
        (("verify", "tasks"), "REGISTRY", "http://127.0.0.1:1", "registry", 3),
        (("verify", "tasks"), "PARTITIONS", "abc", "The setting RONDO_PARTITIONS is not usable", 1),
    ],
)
def test_a_part_that_is_away_or_misnamed_is_reported_in_one_sentence(
    *, words: tuple[str, ...], name: str, value: str, told: str, status: int, stack: Stack
) -> None:
    done = rondo(stack, *words, **{f"RONDO_{name}": value})
    sentence = done.stderr.decode().strip()
    assert done.returncode == status
    assert told in sentence
    assert "Traceback" not in sentence


def test_a_postgres_without_views_is_reported_in_one_sentence(stack: Stack) -> None:
    dsn = urlsplit(stack.run["postgres"])._replace(path="/postgres").geturl()
    done = rondo(stack, "lag", "views", RONDO_POSTGRES=dsn)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_rows_that_are_replayed_are_those_that_stand(stack: Stack, day: User) -> None:
    rows = lines(rondo(stack, "replay", "views", "--user", day.id))
    assert {row["row"]["id"] for row in rows if row["table"] == "tasks"} == {task["id"] for task in day.everything()}


async def first(stack: Stack, topology: Topology, partition: int | None = None) -> Difference:
    """The first difference that is found in a partition of a topology."""
    report: Report = await verify(settings(stack), [topology])
    return next(found for found in report.differences if found.partition == partition)


async def test_a_row_that_was_changed_in_postgres_is_named(stack: Stack, day: User) -> None:
    task = next(task for task in day.everything() if task["title"] == "Number 7")
    with psycopg.connect(stack.run["postgres"], autocommit=True) as connection:
        change = "update rondo.tasks set title = %s where id = %s"
        connection.execute(change, ("Number 8", task["id"]))
        found = await first(stack, VIEWS)
        connection.execute(change, ("Number 7", task["id"]))
    assert found.place == f"row of rondo.tasks, id {task['id']}"
    assert (found.field, found.current, found.replayed) == ("title", "'Number 8'", "'Number 7'")
    assert (found.source or "").startswith(f"task-events/{partition_of(day.id, PARTITIONS)}/")


async def test_a_row_that_stands_though_it_was_purged_is_named_with_the_purge(
    stack: Stack, day: User, purged: str
) -> None:
    with psycopg.connect(stack.run["postgres"], autocommit=True) as connection:
        columns = [
            name
            for (name,) in connection.execute(
                "select column_name from information_schema.columns"
                " where (table_schema, table_name, is_generated) = ('rondo', 'tasks', 'NEVER')"
            )
        ]
        values = ["%(new)s" if name == "id" else name for name in columns]
        connection.execute(
            f"insert into rondo.tasks ({', '.join(columns)})"
            f" select {', '.join(values)} from rondo.tasks where id = %(old)s",
            {"new": purged, "old": day.everything()[0]["id"]},
        )
        found = await first(stack, VIEWS)
        connection.execute("delete from rondo.tasks where id = %s", [purged])
    assert (found.place, found.replayed) == (f"row of rondo.tasks, id {purged}", "nothing")
    assert found.source in [
        place(raw)
        async for raw in committed(stack.run["kafka"], TASK_EVENTS.name)
        if dict(raw.headers).get("ce_type") == b"task-purged"
    ]


async def test_a_row_that_is_gone_from_postgres_is_named(stack: Stack, day: User) -> None:
    with psycopg.connect(stack.run["postgres"]) as connection:
        connection.execute(
            "create table kept as select * from rondo.audit where user_id = %s and sequence = 2", [day.id]
        )
        connection.execute("delete from rondo.audit where user_id = %s and sequence = 2", [day.id])
        connection.commit()
        found = await first(stack, VIEWS)
        connection.execute("insert into rondo.audit select * from kept")
        connection.execute("drop table kept")
    assert (found.place, found.current) == (f"row of rondo.audit, user_id {day.id}, sequence 2", "nothing")


async def test_a_value_of_a_changelog_that_was_changed_is_named(stack: Stack, day: User, wire: Wire) -> None:
    changelog, key = CORE.changelog, f"audit/heads\x00{day.id}"
    (truth,) = [raw.value async for raw in committed(stack.run["kafka"], changelog.name) if raw.key == key.encode()][
        -1:
    ]
    doctored = await wire.encoded(changelog, r.AuditHead(1, "0" * 64))
    where = partition_of(day.id, PARTITIONS)
    await wire.put(changelog, doctored, key, where)
    found = await first(stack, CORE, where)
    await wire.put(changelog, truth, key, where)
    assert (found.topology, found.partition, found.place) == ("core", where, f"key audit/heads {day.id}")
    assert found.field == "hash"
    assert (found.source or "").startswith(f"task-commands/{where}/")


SOURCES = {
    TASK_COMMANDS: {Source.API},
    TASK_FOLLOWUPS: {Source.BLOCK},
    TASK_EVENTS: {Source.BLOCK},
    TASK_NOTICES: {Source.BLOCK},
    REMINDERS: {Source.BLOCK},
    REMINDER_NOTICES: {Source.BLOCK},
    AUDIT_LOG: {Source.BLOCK},
    NOTIFICATIONS: {Source.BLOCK, Source.EFFECT},
}
"""Who writes each keyed topic of the contract, but retries, whose records have tests of their own."""


def test_each_topic_of_records_about_users_is_looked_at() -> None:
    without = {RETRIES, SERIES_NOTICES, DEAD_LETTERS, CLOCK}  # nothing writes notices of series yet
    assert SOURCES.keys() == {*SHARED} - without


@pytest.mark.parametrize("topic", SOURCES, ids=lambda topic: topic.name)
async def test_each_record_is_in_its_envelope_whichever_part_wrote_it(
    topic: Topic, stack: Stack, day: User, purged: str, wire: Wire
) -> None:
    """Of the day's user: others have records that tests put there. Notices of tasks only come after 30 days."""
    found = [raw async for raw in committed(stack.run["kafka"], topic.name)]
    own = [raw for raw in found if raw.key == day.id.encode() or topic is TASK_NOTICES]
    for raw in own:
        expected = await wire.envelope(raw)
        assert (raw.key, list(raw.headers)) == (expected.key, expected.headers)
        assert raw.timestamp >= expected.at
    assert {dict(raw.headers)["ce_source"].decode() for raw in own} == SOURCES[topic]


def elsewhere(stack: Stack, partition: int) -> User:
    """A user in another partition than the day's, since what is planted on a topic stays."""
    users = (stack.new_user() for _ in range(1000))
    return next(user for user in users if partition_of(user.id, PARTITIONS) == partition)


async def events(stack: Stack, user: User) -> list[ConsumerRecord]:
    return [raw async for raw in committed(stack.run["kafka"], TASK_EVENTS.name) if raw.key == user.id.encode()]


async def test_an_event_that_stands_twice_is_named(stack: Stack, day: User, wire: Wire) -> None:
    where = (partition_of(day.id, PARTITIONS) + 1) % PARTITIONS
    user = elsewhere(stack, where)
    await asyncio.to_thread(user.rondo.create, "Once", wait=WAIT)
    created, _ = await events(stack, user)
    again = await wire.again(created)
    found = await first(stack, CORE, where)
    assert found.place == f"task-events/{where}/{again.offset}"
    assert dict(created.headers)["rondo_source"].decode() in found.reason


@pytest.mark.parametrize(("beside", "headers"), [(2, ()), (3, [("ce_id", b"a timer's, as it seems")])])
async def test_an_event_that_was_put_in_is_named(
    *, beside: int, headers: list[tuple[str, bytes]], stack: Stack, day: User, wire: Wire
) -> None:
    where = (partition_of(day.id, PARTITIONS) + beside) % PARTITIONS
    user = elsewhere(stack, where)
    await asyncio.to_thread(user.rondo.create, "Once", wait=WAIT)
    created, _ = await events(stack, user)
    forged = await wire.put(TASK_EVENTS, created.value, user.id, where, headers=headers)
    found = await first(stack, CORE, where)
    assert (found.place, found.reason) == (
        f"task-events/{where}/{forged.offset}",
        "the record is there, but the stage did not write it.",
    )
