"""Workers are killed while commands come; the stack starts them again."""

from collections import Counter
from datetime import datetime
from typing import Any

from confluent_kafka.admin import AdminClient, MemberDescription

from streams.topologies import DEFAULT
from tests.acceptance.days import PARIS, WEEKDAYS, weekday_after
from tests.acceptance.stack import Stack, User, until

KILLED = tuple(name for name in DEFAULT if name != "notify")
"""Not notify: no reminder comes due here."""
BURST = 25
TASKS = 2 * BURST * len(KILLED)
"""Tasks that are created, and completed."""
RECOVERY = 120.0
"""Seconds until all is done: a dead worker's partitions are given to another after 10 s without a heartbeat."""


def test_workers_that_are_killed_lose_nothing_and_double_nothing(stack: Stack, user: User) -> None:
    killed = {}
    for name in KILLED:
        before, after = whens(name)
        send_and_complete(user, before)
        killed[name] = stack.worker(name)
        killed[name].kill()
        send_and_complete(user, after)

    settle(user, tasks=2 * TASKS)
    assert Counter(task["title"] for task in user.everything()) == Counter(dict.fromkeys(titles(), 2))
    assert Counter(task["status"] for task in user.everything()) == Counter(completed=TASKS, open=TASKS)
    assert Counter(map(status_of, user.rondo.reminders())) == Counter(cancelled=TASKS, scheduled=TASKS)
    assert [entry["sequence"] for entry in user.settled_trail()] == list(range(1, 3 * TASKS + 1))
    assert all(stack.worker(name).pid != killed[name].pid for name in KILLED)


def test_a_worker_that_was_killed_is_the_same_member_of_its_group_again(stack: Stack) -> None:
    [before] = members(stack, "rondo-notify")
    killed = stack.worker("notify")
    killed.kill()
    until(lambda: stack.worker("notify").pid != killed.pid, RECOVERY, "No other worker came.")
    until(lambda: members(stack, "rondo-notify") not in ([], [before]), RECOVERY, "It did not join again.")
    [after] = members(stack, "rondo-notify")
    assert (before.group_instance_id, after.group_instance_id) == ("rondo-notify-stack",) * 2
    stack.until_ready("notify")


def members(stack: Stack, group: str) -> list[MemberDescription]:
    """Return the members of a consumer group."""
    client = AdminClient({"bootstrap.servers": stack.run["kafka"]})
    return list(client.describe_consumer_groups([group])[group].result().members)


def settle(user: User, tasks: int) -> None:
    """Return once there are ``tasks`` tasks, an entry for each of their versions, and the open tasks' reminders."""
    until(lambda: len(user.everything()) >= tasks, RECOVERY, "Not every task and next occurrence came.")
    user.settled_trail()
    scheduled = {"scheduled": tasks // 2, "cancelled": tasks // 2}
    until(lambda: Counter(map(status_of, user.rondo.reminders())) >= Counter(scheduled), RECOVERY, "Reminders lack.")


def status_of(item: dict[str, Any]) -> str:
    return str(item["status"])


def titles() -> list[str]:
    """Return the titles of all tasks that are sent."""
    return [f"{number} {when}" for name in KILLED for when in whens(name) for number in range(BURST)]


def whens(name: str) -> tuple[str, str]:
    """Return when bursts of commands are sent."""
    return f"before {name} dies", f"after {name} died"


def send_and_complete(user: User, when: str) -> None:
    """Create recurring tasks and complete them, without waiting for anything."""
    due = {"date": weekday_after(datetime.now(PARIS).date()).isoformat(), "time": "09:00", "zone": "Europe/Paris"}
    for number in range(BURST):
        task = user.rondo.create(f"{number} {when}", due=due, recurrence=WEEKDAYS, reminders=[{"before": "PT15M"}])
        user.rondo.complete(task["task"]["id"])
