"""Everything is stopped by Ctrl-C and started again on the same data."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

from local import leftovers
from tests.acceptance.days import WAIT, ahead, create_standup, following, sent
from tests.acceptance.stack import Ended, Stack, User, until

Seen = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Restart:
    """What was seen around a restart, which a reminder came due in the middle of."""

    user: User
    under_key: dict[str, Any]  # what a command under the key "before" was answered
    late: dict[str, Any]  # the task whose reminder came due meanwhile
    before: Seen
    after: Seen
    ended: Ended
    left: list[psutil.Process]


@pytest.fixture(scope="module")
def restart(stack: Stack) -> Restart:
    """A user's day, with the restart in its middle."""
    user = stack.new_user()
    under_key = user.rondo.create("Under a key", key="before", wait=WAIT)
    live_a_day(user)
    before = seen(user)
    remind = ahead(15)
    late = user.rondo.create("While you were out", reminders=[{"at": remind.isoformat()}], wait=WAIT)["task"]
    ended = stack.stop()
    left = list(leftovers.of(stack.data))
    assert datetime.now(UTC) < remind, "It took so long to stop that the reminder may have come before."
    until(lambda: datetime.now(UTC) > remind, 30, "The clock does not advance.")
    stack.start()
    return Restart(user, under_key, late, before, seen(user, late["id"]), ended, left)


def live_a_day(user: User) -> None:
    """Do something of everything, and wait until it has had all its consequences."""
    task = create_standup(user, ahead(2))
    sent(user, task["id"])
    user.rondo.update(task["id"], title="Stand-up with the team", tags=["work"], wait=WAIT)
    user.rondo.complete(task["id"], wait=WAIT)
    following(user, task)
    user.rondo.delete(user.rondo.create("A mistake", wait=WAIT)["task"]["id"], wait=WAIT)
    user.settled_trail()


def seen(user: User, but: str = "") -> Seen:
    """Return all that the user can read, but for what belongs to one task."""
    everything = {
        "tasks": user.everything(),
        "trail": user.trail(),
        "commands": [user.rondo.command(entry["command"]) for entry in user.trail()],
        "reminders": list(user.rondo.reminders()),
        "notifications": list(user.rondo.notifications()),
    }
    return {name: [item for item in items if task_of(item) != but] for name, items in everything.items()}


def task_of(item: dict[str, Any]) -> str:
    """Return the id of the task that something belongs to, or is."""
    task = item.get("task", item)
    return str(task if isinstance(task, str) else task["id"])


def test_ctrl_c_ends_everything_well_and_leaves_no_process(restart: Restart) -> None:
    assert (restart.ended, restart.left) == (Ended(0, []), [])


@pytest.mark.parametrize("what", ["tasks", "trail", "commands", "reminders", "notifications"])
def test_everything_reads_the_same_after_a_restart(restart: Restart, what: str) -> None:
    assert restart.before[what]
    assert restart.after[what] == restart.before[what]


def test_a_command_under_a_key_is_answered_as_before_the_restart(restart: Restart) -> None:
    assert restart.user.rondo.create("Under a key", key="before", wait=WAIT) == restart.under_key


def test_commands_go_on_after_a_restart_where_they_stopped(restart: Restart) -> None:
    task = restart.user.rondo.create("After", wait=WAIT)["task"]
    changed = restart.user.rondo.update(restart.late["id"], notes="read it", wait=WAIT)["task"]
    assert (task["version"], changed["version"]) == (1, 2)
    sequences = [entry["sequence"] for entry in restart.user.settled_trail()]
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_reminder_that_came_due_while_all_was_stopped_is_sent_after_and_once(restart: Restart) -> None:
    notification = sent(restart.user, restart.late["id"])
    assert [(step["step"], step["attempt"]) for step in notification["steps"]] == [("claimed", 1), ("sent", 1)]
    claimed = datetime.fromisoformat(notification["steps"][0]["at"])
    assert claimed > datetime.fromisoformat(notification["due_at"])
