"""The sub-tasks of a recurring task pass on to its next occurrence, are taken back by an undo, and verify."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams import replay, topologies
from streams.runtime.settings import Settings
from tests.acceptance.days import WAIT, following
from tests.acceptance.stack import Stack, User

TOMORROW = datetime.now(UTC).date() + timedelta(days=1)


def chores(user: User, subtasks: Any) -> dict[str, Any]:
    """A weekly task with a tree of sub-tasks, of which one is done."""
    made = user.rondo.create(
        "Clean", due={"date": TOMORROW.isoformat()}, recurrence="FREQ=WEEKLY", subtasks=subtasks, wait=WAIT
    )
    task: dict[str, Any] = made["task"]
    kitchen = part(user, "Kitchen", task["id"])
    part(user, "Stove", kitchen, due={"date": TOMORROW.isoformat()})
    user.rondo.complete(part(user, "Towels", task["id"]), wait=WAIT)
    return task


def part(user: User, title: str, parent: str, **fields: Any) -> str:
    id_: str = user.rondo.create(title, parent=parent, wait=WAIT, **fields)["task"]["id"]
    return id_


def below(user: User, task: str) -> dict[str, tuple[str, str | None]]:
    """The status and the due day of each sub-task, at all levels, by title."""
    found: dict[str, tuple[str, str | None]] = {}
    for each in user.rondo.tasks(f"parent = {task} and (open or completed)"):
        found |= {each["title"]: (each["status"], each["due"] and each["due"]["date"])} | below(user, each["id"])
    return found


NEXT_WEEK = (TOMORROW + timedelta(days=7)).isoformat()
PASSED_ON = {
    "reset": {"Kitchen": ("open", None), "Stove": ("open", NEXT_WEEK), "Towels": ("open", None)},
    "carry": {"Kitchen": ("open", None), "Stove": ("open", NEXT_WEEK)},
    "stay": {},
}


@pytest.mark.parametrize("mode", PASSED_ON)
def test_subtasks_pass_on_as_the_task_says_and_an_undo_takes_them_back(user: User, mode: str) -> None:
    task = chores(user, mode)
    before = below(user, task["id"])
    completed = user.rondo.complete(task["id"], wait=WAIT)
    latest = following(user, task)
    assert below(user, latest["id"]) == PASSED_ON[mode]
    assert [each["status"] for each in user.rondo.series(latest["id"])] == ["open", "completed"]

    user.rondo.undo_command(completed["command"]["id"], wait=WAIT)
    assert below(user, task["id"]) == before
    assert [each["status"] for each in user.rondo.series(task["id"])] == ["deleted", "open"]


def test_the_index_of_subtasks_is_what_the_log_leads_to(stack: Stack, user: User) -> None:
    user.rondo.complete(chores(user, "reset")["id"], wait=WAIT)
    run = stack.run
    settings = Settings(kafka=run["kafka"], registry=run["registry"], postgres=run["postgres"], data=stack.data)
    report = asyncio.run(replay.verify(settings, topologies.parsed("")))
    assert report.differences == [], report.describe()
