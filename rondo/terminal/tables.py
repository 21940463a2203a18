"""Tables and cards of tasks for a terminal, with colours."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from rondo.client.models import Entry, ListedTask, Task, UpcomingOccurrence
from rondo.terminal.cells import Cell
from rondo.terminal.clock import passed
from rondo.terminal.descriptions import ALONE, Around, decided_ahead, describe, due, facts, near, status
from rondo.terminal.fitting import Card, Column, Fitted
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

PRIORITY = {"urgent": "bold red", "high": "yellow", "medium": "cyan", "low": "dim", "none": ""}
NOTHING: Mapping[str, str] = {}
STATUS = {"open": "", "completed": "dim strike", "deleted": "dim strike"}
OVERDUE, TODAY, FOUND = "bold red", "green", "bold yellow"
COLUMNS = (
    Column("id"),
    Column("due", drop=1, wraps=True),
    Column("priority", drop=2),
    Column("title", wraps=True, floor=16),
    Column("tags", drop=4, wraps=True),
)
LIST = Column("list", drop=3, wraps=True)
HISTORY = (
    Column("at", wraps=True),
    Column("event", drop=1),
    Column("actor", drop=2),
    Column("changes", wraps=True, floor=12),
)

SERIES = (
    Column("id", drop=2),
    Column("occurrence", wraps=True),
    Column("status"),
    Column("completed", drop=1, wraps=True),
)
UPCOMING = (
    Column("occurrence", wraps=True),
    Column("due", wraps=True),
    Column("status"),
    Column("changed", wraps=True),
)


def table(tasks: Iterable[ListedTask], now: datetime, lists: Mapping[str, str] = NOTHING) -> Fitted:
    """Return tasks as a table; ``now`` has the person's offset.

    The names of ``lists``, by their ids, get a column; it is empty for the inbox.
    """
    rows = [(*cells(task, now), *((_list(task, lists),) if lists else ())) for task in tasks]
    return Fitted((*COLUMNS, LIST) if lists else COLUMNS, rows)


def _list(task: Task, lists: Mapping[str, str]) -> Cell:
    return Cell.of(plain(lists.get(task["list"], task["list"][:SHOWN])) if task["list"] else "")


def title(task: ListedTask) -> Cell:
    """Return a task's title with matches highlighted, and the matching part of its notes on a line below."""
    style = STATUS[task["status"]]
    pinned = (("★ ", style),) if task["pinned"] else ()
    closed = ((f" {status(task)}", "dim"),) if status(task) in {"skipped", "missed"} else ()
    highlights = task.get("highlights")
    if not highlights:
        return Cell((*pinned, (plain(task["title"]), style), *closed))
    found = [(plain(part["text"]), FOUND if part["match"] else style) for part in highlights["title"]]
    notes = [(plain(part["text"]), FOUND if part["match"] else "dim") for part in highlights["notes"]]
    return Cell((*pinned, *found, *closed, *((("\n", ""), *notes) if notes else ())))


def cells(task: ListedTask, now: datetime) -> Iterator[Cell]:
    """Yield the cells of a task's row."""
    is_open = task["status"] == "open"
    priority = task["priority"]
    repeats = " ↻" if task["recurrence"] else ""
    yield Cell.of(task["id"][:SHOWN], "dim")
    yield Cell.of(near(task["due"], now.date(), seen(task, now)) + repeats, _urgency(task, now) if is_open else "dim")
    yield Cell.of("" if priority == "none" else priority, PRIORITY[priority] if is_open else "dim")
    yield title(task)
    yield Cell.of(" ".join(f"#{plain(tag)}" for tag in task["tags"]), "blue" if is_open else "dim")


def _urgency(task: Task, now: datetime) -> str:
    if passed(task["due"], task["due_at"], now):
        return OVERDUE
    return TODAY if seen(task, now) == now.date() else ""


def seen(task: Task, now: datetime) -> date | None:
    """Return the date of a task's due for a person whose clock shows ``now``."""
    if task["due_at"]:
        return datetime.fromisoformat(task["due_at"]).astimezone(now.tzinfo).date()
    return date.fromisoformat(task["due"]["date"]) if task["due"] else None


def card(task: Task, now: datetime, around: Around = ALONE) -> Card:
    """Return a task as a card, a field per row."""
    return Card([(name, Cell.of(value, _style(name, value, task, now))) for name, value in facts(task, around)])


def _style(name: str, value: str, task: Task, now: datetime) -> str:
    if name == "due":
        return _urgency(task, now) if task["status"] == "open" else ""
    return PRIORITY[value] if name == "priority" else ""


def history(entries: Iterable[Entry]) -> Fitted:
    """Return a task's audit trail as a table."""
    rows = (
        (_seconds(entry["at"]), entry["event"], entry["actor"].partition(":")[0], "\n".join(describe(entry)))
        for entry in entries
    )
    return Fitted(HISTORY, [[*map(Cell.of, row)] for row in rows])


def series(occurrences: Iterable[Task]) -> Fitted:
    """Return the occurrences of a series as a table."""
    rows = (
        (
            Cell.of(task["id"][:SHOWN], "dim"),
            Cell.of(task["occurrence"] or ""),
            Cell.of(status(task), STATUS[task["status"]]),
            Cell.of(_seconds(task["completed_at"]) if task["completed_at"] else ""),
        )
        for task in occurrences
    )
    return Fitted(SERIES, list(rows))


def upcoming(occurrences: Iterable[UpcomingOccurrence]) -> Fitted:
    """Return the occurrences of a series that are yet to come as a table."""
    rows = (
        (
            Cell.of(each["occurrence"]),
            Cell.of(due(each["due"])),
            Cell.of(each["status"], "" if each["status"] == "upcoming" else "dim"),
            Cell.of(decided_ahead(each)),
        )
        for each in occurrences
    )
    return Fitted(UPCOMING, list(rows))


def _seconds(instant: str) -> str:
    return f"{instant[:19].replace('T', ' ')}Z"
