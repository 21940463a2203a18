"""Tasks in words: lines with tabs between fields, the facts of a card, changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rondo.client.models import Due, Entry, Task, UpcomingOccurrence
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

FIELDS = ("id", "status", "priority", "due", "title", "tags")
"""The fields of a task's line in a pipe or a file."""


def tasks(number: int) -> str:
    """Return a number of tasks in words."""
    return "1 task" if number == 1 else f"{number:,} tasks"


def count_changes(number: int) -> str:
    """Return a number of changes in words."""
    return "1 change" if number == 1 else f"{number:,} changes"


def due(value: Due | None) -> str:
    """Return a due: its date, and its time and zone if it has them."""
    if value is None:
        return ""
    time = (value["time"] or "").removesuffix(":00")
    return " ".join(filter(None, (value["date"], time, value["zone"])))


def near(value: Due | None, today: date, seen: date | None = None) -> str:
    """Return a due, with yesterday, today and tomorrow by name if it is ``seen`` on its own date.

    A due in a distant zone is often on another day there than here: then its date is shown.
    """
    if value is None:
        return ""
    day = date.fromisoformat(value["date"])
    name = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((day - today).days)
    return due({**value, "date": name}) if name and seen in {None, day} else due(value)


def status(task: Task) -> str:
    """Return a task's status; of an occurrence that was skipped or missed, that."""
    closing = task["closing"] if task["status"] == "completed" else None
    return closing if closing in {"skipped", "missed"} else task["status"]


def line(task: Task) -> str:
    """Return a task as a line with tabs between ``FIELDS``."""
    tags = ",".join(task["tags"])
    fields = (task["id"], status(task), task["priority"], due(task["due"]), task["title"], tags)
    return "\t".join(map(plain, fields))


@dataclass(frozen=True)
class Around:
    """A task's surroundings: its list's name, its parent's title, its sub-tasks; None for what does not exist."""

    list: str | None = None
    parent: str | None = None
    parts: tuple[Task, ...] = ()
    ended: str = ""
    """Why nothing follows it in its series."""
    words: str = ""
    """The rule of its series in words."""
    next: tuple[UpcomingOccurrence, ...] = ()
    """The occurrences of its series after it, as far as they are known."""


ALONE = Around()


def facts(task: Task, around: Around = ALONE) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a task's fields that are set."""
    values = {
        "title": plain(task["title"]),
        "id": task["id"],
        "status": status(task),
        "priority": task["priority"],
        "start": _with_instant(task["start"], task["start_at"]),
        "due": _with_instant(task["due"], task["due_at"]),
        "repeat": plain(around.words),
        "rule": ", ".join(repeats(task)),
        "next": ", ".join(map(_upcoming, around.next)),
        "ended": around.ended,
        "next time": _NEXT_TIME[task["subtasks"]] if around.parts else "",
        "remind": "; ".join(map(reminder, task["reminders"])),
        "snoozed": task["snoozed"] or "" if task["status"] == "open" else "",
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


def reminder(value: Mapping[str, Any]) -> str:
    """Return a reminder of the API as it is typed; members that say nothing may be missing."""
    every = value.get("repeat_every")
    first = value.get("at") or _relative(value["before"], value.get("relative_to") or "due", value.get("time"))
    return f"{first}, every {_short(every)}" if every else str(first)


def _relative(before: str, anchor: str, time: str | None) -> str:
    """Return a reminder before the due or the start as it is typed."""
    at = f" at {time.removesuffix(':00') if time.count(':') == 2 else time}" if time else ""
    if before == "PT0S":
        place = "" if anchor == "due" else f" of the {anchor}"
        return f"on the day{place}{at}" if at else f"at {anchor}"
    return f"{_short(before)} before{'' if anchor == 'due' else f' {anchor}'}{at}"


def _short(duration: str) -> str:
    """Return an ISO 8601 duration as it is typed: 1d12h; one with seconds as it is."""
    return duration if duration.endswith("S") else duration.removeprefix("P").replace("T", "").lower()


def repeats(task: Task) -> Iterator[str]:
    """Yield the rule of a task, its further dates, and those that it leaves out."""
    if task["recurrence"]:
        yield plain(task["recurrence"])
        yield from (f"also {each}" for each in task["rdates"])
        yield from (f"not {each}" for each in task["exdates"])


def _upcoming(occurrence: UpcomingOccurrence) -> str:
    """Return when an occurrence is due, and what became of it if it was closed before it comes."""
    when = due({**occurrence["due"], "zone": None})
    return when if occurrence["status"] == "upcoming" else f"{when} ({occurrence['status']})"


_NEXT_TIME = {
    "reset": "sub-tasks are reset",
    "carry": "open sub-tasks are carried over",
    "stay": "sub-tasks stay",
    None: "",
}


def _named(task: str, title: str | None) -> str:
    return f"{task[:SHOWN]} {plain(title)}" if title else task


def _with_instant(value: Due | None, instant: str | None) -> str:
    return f"{due(value)} ({instant})" if instant else due(value)


def occurrence_line(task: Task) -> str:
    """Return an occurrence as a line with tabs between itself, its status, when it was completed, and its id."""
    return "\t".join((task["occurrence"] or "", status(task), task["completed_at"] or "", task["id"]))


def upcoming_line(occurrence: UpcomingOccurrence) -> str:
    """Return an occurrence as a line with tabs between what names it, its due, its status, and what was changed."""
    return "\t".join(
        (occurrence["occurrence"], due(occurrence["due"]), occurrence["status"], decided_ahead(occurrence))
    )


def decided_ahead(occurrence: UpcomingOccurrence) -> str:
    """Return which fields of an occurrence were changed, and which from it on."""
    alone, following = (", ".join(occurrence[name]) for name in ("changed", "following"))
    return "; ".join(filter(None, (alone, following and f"from here on {following}")))


def history_line(entry: Entry) -> str:
    """Return an entry as a line with tabs between instant, event, actor and changes."""
    return "\t".join((entry["at"], entry["event"], plain(entry["actor"]), "; ".join(describe(entry))))


def describe(entry: Entry) -> Iterator[str]:
    """Yield in words what an entry changed, and what followed from it."""
    yield from changes(entry)
    if why := why_ended(entry):
        yield why
    elif (led_to := entry["led_to"]) and led_to["status"] == "accepted" and (task := led_to["task"]):
        yield f"next: {task['id'][:SHOWN]}"
        if detail := led_to.get("detail"):
            yield plain(detail)


def why_ended(entry: Entry) -> str:
    """Return why nothing follows a completed occurrence; "" if something does, or if its rule has ended."""
    led_to = entry["led_to"]
    return plain(led_to.get("detail") or "") if led_to and led_to["status"] == "rejected" else ""


def changes(entry: Entry) -> Iterator[str]:
    """Yield in words what an entry changed, without its own instants and fields that stay empty."""
    for change in entry["changes"]:
        before, after = value(change["before"]), value(change["after"])
        if change["field"] not in {"created_at", "completed_at"} and before != after:
            yield f"{change['field']}: {f'{before} → ' if change['before'] else ''}{after}"


def value(found: Any) -> str:
    """Return a field's value in the history in words."""
    match found:
        case None | "" | []:
            return "none"
        case {"date": _, "time": _, "zone": _}:
            return due(found)
        case {"before": _} | {"at": _}:
            return reminder(found)
        case {"occurrence": _, "changes": _}:
            return _decided(found)
        case list():
            return ", ".join(map(value, found))
    return plain(str(found))


def _decided(found: Mapping[str, Any]) -> str:
    """Return in words what was decided about an occurrence that is yet to come, or those that follow it, too."""
    set_ = ", ".join(f"{field}: {value(one)}" for field, one in found["changes"].items())
    which = found["occurrence"] if found["scope"] == "this" else f"{found['occurrence']} and following"
    return f"{which} ({set_ or found['status']})"
