"""How tasks look: a table with colours on a terminal; elsewhere a line a task, its fields apart by tabs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from rondo.client.shapes import Due, Entry, ListedTask, Task
from rondo.terminal import dates
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

PRIORITY = {"urgent": "bold red", "high": "yellow", "medium": "cyan", "low": "dim", "none": ""}
NOTHING: Mapping[str, str] = {}
STATUS = {"open": "", "completed": "dim strike", "deleted": "dim strike"}
OVERDUE, TODAY, FOUND = "bold red", "green", "bold yellow"
FIELDS = ("id", "status", "priority", "due", "title", "tags")
"""What a line of a list holds where it is not shown on a terminal."""


def tasks(number: int) -> str:
    """Return so many tasks in words."""
    return "1 task" if number == 1 else f"{number:,} tasks"


def things(number: int) -> str:
    """Return so many changes of things in words."""
    return "1 change" if number == 1 else f"{number:,} changes"


def due(value: Due | None) -> str:
    """Return a due: its date, and where it has them its time and its zone."""
    if value is None:
        return ""
    time = (value["time"] or "").removesuffix(":00")
    return " ".join(filter(None, (value["date"], time, value["zone"])))


def near(value: Due | None, today: date) -> str:
    """Return a due with the days around ``today`` by their names."""
    if value is None:
        return ""
    days = (date.fromisoformat(value["date"]) - today).days
    name = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
    return due({**value, "date": name}) if name else due(value)


def line(task: Task) -> str:
    """Return a task as a line of fields apart by tabs, see ``FIELDS``."""
    tags = ",".join(task["tags"])
    fields = (task["id"], task["status"], task["priority"], due(task["due"]), task["title"], tags)
    return "\t".join(map(plain, fields))


def table(tasks: Iterable[ListedTask], now: datetime, lists: Mapping[str, str] = NOTHING) -> Table:
    """Return tasks as a table; ``now`` has the offset of where the person is.

    With the names of ``lists`` by their ids there is a column for them; the inbox has no name there.
    """
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("id", "due", "priority", "title", "tags", *(("list",) if lists else ())):
        shown.add_column(column, no_wrap=column in {"id", "priority"}, overflow="fold")
    for task in tasks:
        on = task["list"] and plain(lists.get(task["list"], task["list"][:SHOWN]))
        shown.add_row(*cells(task, now), *((Text(on or ""),) if lists else ()))
    return shown


def title(task: ListedTask) -> Text:
    """Return a task's title with what was looked for marked; and what of the notes holds it, a line below."""
    shown = Text("★ " if task["pinned"] else "", STATUS[task["status"]])
    highlights = task.get("highlights")
    if not highlights:
        return shown.append(plain(task["title"]))
    for part in highlights["title"]:
        shown.append(plain(part["text"]), FOUND if part["match"] else "")
    if highlights["notes"]:
        shown.append("\n")
    for part in highlights["notes"]:
        shown.append(plain(part["text"]), FOUND if part["match"] else "dim")
    return shown


def cells(task: ListedTask, now: datetime) -> Iterator[Text]:
    """Yield the cells of a task's row."""
    is_open = task["status"] == "open"
    priority = task["priority"]
    repeats = " ↻" if task["recurrence"] else ""
    yield Text(task["id"][:SHOWN], "dim")
    yield Text(near(task["due"], now.date()) + repeats, _urgency(task, now) if is_open else "dim")
    yield Text("" if priority == "none" else priority, PRIORITY[priority] if is_open else "dim")
    yield title(task)
    yield Text(" ".join(f"#{plain(tag)}" for tag in task["tags"]), "blue" if is_open else "dim")


def _urgency(task: Task, now: datetime) -> str:
    if dates.passed(task["due"], task["due_at"], now):
        return OVERDUE
    return TODAY if task["due"] and task["due"]["date"] == now.date().isoformat() else ""


@dataclass(frozen=True)
class Around:
    """What a task is on, a part of, and what is a part of it: the list's name, the parent's title, the sub-tasks.

    None where there is no such thing, or it is gone by now.
    """

    list: str | None = None
    parent: str | None = None
    parts: tuple[Task, ...] = ()


ALONE = Around()


def card(task: Task, now: datetime, around: Around = ALONE) -> Table:
    """Return everything of a task that means something to a person, a field a row."""
    shown = Table.grid(padding=(0, 2))
    shown.add_column(style="dim")
    shown.add_column(overflow="fold")
    for name, value in facts(task, around):
        style = _urgency(task, now) if name == "due" and task["status"] == "open" else PRIORITY.get(value, "")
        shown.add_row(name, Text(value, style if name in {"due", "priority"} else ""))
    return shown


def facts(task: Task, around: Around = ALONE) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a task's fields that are set."""
    reminders = (each["at"] or f"{each['before']} before" for each in task["reminders"])
    values = {
        "title": plain(task["title"]),
        "id": task["id"],
        "status": task["status"],
        "priority": task["priority"],
        "start": _with_instant(task["start"], task["start_at"]),
        "due": _with_instant(task["due"], task["due_at"]),
        "repeat": plain(task["recurrence"] or ""),
        "remind": ", ".join(reminders),
        "tags": ", ".join(map(plain, task["tags"])),
        "list": plain(around.list or task["list"] or ""),
        "parent": _named(task["parent"], around.parent) if task["parent"] else "",
        "sub-tasks": "\n".join(f"{_named(part['id'], part['title'])}, {part['status']}" for part in around.parts),
        "pinned": "yes" if task["pinned"] else "",
        "created": task["created_at"],
        "changed": task["changed_at"],
        "completed": task["completed_at"] or "",
        "notes": "\n".join(map(plain, task["notes"].split("\n"))),
    }
    return ((name, value) for name, value in values.items() if value)


def _named(task: str, title: str | None) -> str:
    return f"{task[:SHOWN]} {plain(title)}" if title else task


def _with_instant(value: Due | None, instant: str | None) -> str:
    return f"{due(value)} ({instant})" if instant else due(value)


def history(entries: Sequence[Entry]) -> Table:
    """Return a task's audit trail as a table."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("at", "event", "actor", "changes"):
        shown.add_column(column, no_wrap=column == "event", overflow="fold")
    for entry in entries:
        actor = entry["actor"].partition(":")[0]
        shown.add_row(*map(Text, (_seconds(entry["at"]), entry["event"], actor, "\n".join(changes(entry)))))
    return shown


def history_line(entry: Entry) -> str:
    """Return an entry as a line: instant, event, actor and changes apart by tabs."""
    return "\t".join((entry["at"], entry["event"], plain(entry["actor"]), "; ".join(changes(entry))))


def changes(entry: Entry) -> Iterator[str]:
    """Yield in words what an entry changed, but the instants that are its own, and what was and stays empty."""
    for change in entry["changes"]:
        before, after = value(change["before"]), value(change["after"])
        if change["field"] not in {"created_at", "completed_at"} and before != after:
            yield f"{change['field']}: {f'{before} → ' if change['before'] else ''}{after}"


def value(found: Any) -> str:
    """Return a field's value in the history in words; a due as everywhere."""
    match found:
        case None | "" | []:
            return "none"
        case {"date": _, "time": _, "zone": _}:
            return due(found)
        case {"before": before}:
            return f"{before} before"
        case {"at": at}:
            return str(at)
        case list():
            return ", ".join(map(value, found))
    return plain(str(found))


def _seconds(instant: str) -> str:
    return f"{instant[:19].replace('T', ' ')}Z"
