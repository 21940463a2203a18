"""A demonstration on a running Rondo: a recurring task, its reminder, its next occurrence, its audit trail."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from rich.console import Console

from rondo.client import Entry, Notification, Rondo, Task, settled
from rondo.client.models import WrittenDue
from rondo.commands import output
from rondo.location import Place
from rondo.operator import audit
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted

PATIENCE = 30.0  # seconds for anything to happen
ZONE = "Europe/Paris"
COLUMNS = (
    Column("at", drop=1),
    Column("event"),
    Column("actor", drop=2),
    Column("changes", wraps=True, floor=12),
    Column("hash", drop=4),
    Column("follows", drop=3),
)
T = TypeVar("T")


class Stuck(RuntimeError):
    """An expected step did not happen."""


def run(place: Place) -> None:
    """Run the demonstration. Raises ``Stuck`` where a step does not happen."""
    console = Console()
    with Rondo(place.api, place.token) as rondo:
        task = _create(rondo, console)
        _remind(rondo, console, task)
        following = _complete(rondo, console, task)
        _audit(rondo, console, place, [task, following])


def _create(rondo: Rondo, console: Console) -> Task:
    console.rule("1. A task every weekday at 09:00 in Paris, with a reminder three seconds ahead")
    day = _weekday(datetime.now(ZoneInfo(ZONE)).date())
    due: WrittenDue = {"date": day.isoformat(), "time": "09:00", "zone": ZONE}
    remind = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    task = settled(
        rondo.create(
            "Stand-up with the team",
            due=due,
            recurrence="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            reminders=[{"at": remind}, {"before": "PT10M"}],
            wait=PATIENCE,
        )
    )
    console.print(f"Created: {_line(task)}")
    return task


def _remind(rondo: Rondo, console: Console, task: Task) -> None:
    console.rule("2. The reminder fires")
    with console.status("waiting …"):
        sent = _wait(lambda: _sent(rondo, task), "The reminder was not sent.")
    step = next(step for step in sent["steps"] if step["step"] == "sent")
    lateness = datetime.fromisoformat(step["at"]) - datetime.fromisoformat(sent["due_at"])
    console.print(f"Sent to the {step['channel']} {lateness.total_seconds():.2f} s after it was due, as {sent['id']}")


def _complete(rondo: Rondo, console: Console, task: Task) -> Task:
    console.rule("3. The task is completed, and the next occurrence is created")
    rondo.complete(task["id"], wait=PATIENCE)
    rondo.complete(task["id"], wait=PATIENCE)  # completing twice advances the series once
    following = _wait(lambda: _open(rondo, task), "The next occurrence was not created.")
    console.print(f"Next: {_line(following)}")
    assert task["due"]
    assert following["due_at"]
    was = date.fromisoformat(task["due"]["date"])
    expected = datetime.combine(_weekday(was + timedelta(days=1)), datetime.min.time().replace(hour=9), ZoneInfo(ZONE))
    due_at = datetime.fromisoformat(following["due_at"])
    if due_at != expected:
        raise Stuck(f"The next occurrence is due at {due_at.isoformat()} instead of {expected.isoformat()}.")
    console.print(f"That is the next weekday, at 09:00 in Paris: {due_at.isoformat()}")
    return following


def _audit(rondo: Rondo, console: Console, place: Place, tasks: list[Task]) -> None:
    console.rule("4. The audit trail")
    rows = []
    for task in tasks:
        for entry in _wait(lambda task=task: list(rondo.history(task["id"])), "The audit trail has no entries."):  # type: ignore[misc]
            actor, hashes = entry["actor"].partition(":")[0], (entry["hash"][:8], entry["previous"][:8])
            rows.append([*map(Cell.of, (entry["at"][11:23], entry["event"], actor, _changes(entry), *hashes))])
    output.echo(Fitted(COLUMNS, rows))
    verified = asyncio.run(audit.verify(place))
    console.print(verified.describe())
    if verified.broken:
        raise Stuck("The audit trail is broken.")


def _changes(entry: Entry) -> str:
    if entry["event"] == "TaskCreated":
        return "all fields set"
    return "\n".join(f"{change['field']}: {change['before']} → {change['after']}" for change in entry["changes"])


def _weekday(day: date) -> date:
    """Return the day, or for a weekend the Monday after it."""
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def _sent(rondo: Rondo, task: Task) -> Notification | None:
    ours = (n for n in rondo.notifications() if n["task"] and n["task"]["id"] == task["id"])
    return next((n for n in ours if n["status"] == "sent"), None)


def _open(rondo: Rondo, task: Task) -> Task | None:
    return next((other for other in rondo.tasks("open") if other["series"] == task["series"]), None)


def _line(task: Task) -> str:
    due = task["due"]
    assert due
    return f"{task['title']}, due {due['date']} {due['time']} {due['zone']} ({task['due_at']}), {task['id']}"


def _wait(look: Callable[[], T | None], otherwise: str) -> T:
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise Stuck(f"{otherwise} Look at the logs of the stages in the data directory.")
        time.sleep(0.1)
    return found
