"""What a person asks of their tasks happens, once, and can be read back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rondo.client import Problem
from tests.acceptance.days import WAIT
from tests.acceptance.stack import Stack, User


def test_a_task_that_is_created_twice_under_one_key_stands_once(user: User) -> None:
    first = user.rondo.create("Buy milk", key="monday", wait=WAIT)
    again = user.rondo.create("Buy milk", key="monday", wait=WAIT)
    assert again == first
    assert [task["title"] for task in user.rondo.tasks()] == ["Buy milk"]


def test_a_key_that_stands_for_one_task_is_refused_for_another(user: User) -> None:
    user.rondo.create("Buy milk", key="monday", wait=WAIT)
    with pytest.raises(Problem) as refused:
        user.rondo.create("Buy bread", key="monday", wait=WAIT)
    assert refused.value.kind == "idempotency-key-reused"


def test_a_change_is_read_back_and_leaves_alone_what_it_does_not_name(user: User) -> None:
    task = user.rondo.create("Call home", notes="after six", tags=["family"], wait=WAIT)["task"]
    changed = user.rondo.update(task["id"], tags=["family", "phone"], priority="high", notes=None, wait=WAIT)["task"]
    assert user.rondo.task(task["id"]) == changed | {"words": None}
    assert changed == task | {
        "tags": ["family", "phone"],
        "priority": "high",
        "notes": "",
        "version": 2,
        "changed_at": changed["changed_at"],
    }


def test_a_command_is_known_by_its_address_with_what_became_of_it(user: User) -> None:
    asked = user.rondo.create("Follow me")
    known = user.rondo.command(asked["command"]["id"], wait=WAIT)
    assert asked["command"]["status"] == "pending"
    assert (known["status"], known["version"], known["task"]) == ("accepted", 1, asked["task"])


def test_a_rejected_command_is_reported_and_stays_known(user: User) -> None:
    task = user.rondo.create("Short-lived", wait=WAIT)["task"]["id"]
    user.rondo.delete(task, wait=WAIT)
    with pytest.raises(Problem) as refused:
        user.rondo.complete(task, wait=WAIT)
    known = user.rondo.command(refused.value.document["command"]["id"])
    assert (known["status"], known["task"]["id"]) == ("rejected", task)


def test_a_list_is_read_page_by_page_the_newest_first(user: User) -> None:
    titles = ["one", "two", "three", "four", "five"]
    tasks = [user.rondo.create(title, wait=WAIT)["task"]["id"] for title in titles]
    user.rondo.complete(tasks[1], wait=WAIT)
    user.rondo.delete(tasks[3], wait=WAIT)
    assert [task["title"] for task in user.rondo.tasks(limit=2)] == ["five", "three", "two", "one"]
    assert [task["title"] for task in user.rondo.tasks("open", limit=2)] == ["five", "three", "one"]


def test_the_history_is_a_chain_without_a_gap(user: User) -> None:
    task = user.rondo.create("Report", wait=WAIT)["task"]["id"]
    user.rondo.update(task, title="Annual report", wait=WAIT)
    user.rondo.create("Another", wait=WAIT)
    user.rondo.complete(task, wait=WAIT)
    user.rondo.reopen(task, wait=WAIT)
    trail = user.settled_trail()
    assert [entry["event"] for entry in trail if entry["task"] == task] == [
        "TaskCreated",
        "TaskUpdated",
        "TaskCompleted",
        "TaskReopened",
    ]
    assert [entry["sequence"] for entry in trail] == [1, 2, 3, 4, 5]
    assert [entry["previous"] for entry in trail] == ["0" * 64, *(entry["hash"] for entry in trail[:-1])]


def test_every_chain_of_hashes_holds_on_the_log(stack: Stack, user: User) -> None:
    user.rondo.create("Audited", wait=WAIT)
    user.settled_trail()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    done = subprocess.run(
        [Path(sys.executable).with_name("rondo"), "audit", "verify", "--user", user.id],
        env={**environment, "RONDO_DATA": str(stack.data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "1 entries of 1 users: every chain holds.\n"), done.stderr
