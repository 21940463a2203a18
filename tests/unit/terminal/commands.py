"""Every command on tasks, typed with every option that says something to the API; and what is answered before."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from api.http import document
from api.models.target import TARGET as TARGET_RESOURCE
from rondo.cli import SECTIONS, cli
from tests.unit.client.scripted import Says
from tests.unit.client.tasks import TASK

ID = TASK["id"]
OTHER = "00000000-0000-0000-0000-000000000000"
LISTS = Says(200, {"items": [{"id": ID, "name": "home", "open": 1, "colour": None}], "next": None})
FILTERS = Says(200, {"items": [{"id": ID, "name": "home", "filter": "open", "sort": "", "colour": None}], "next": None})
SETTINGS = Says(200, {"zone": "Europe/Paris"})
TARGET: dict[str, Any] = document.with_nulls(TARGET_RESOURCE.example) | {"id": ID, "name": "phone"}
TARGETS = Says(200, {"items": [TARGET], "next": None})
FIELDS = ("--notes", "n", "--priority", "low", "--tag", "t", "--start", "today 8:00", "--due", "fri 9:00")
RULES = (
    "--zone",
    "Europe/Paris",
    "--remind",
    "15m",
    "--repeat",
    "daily",
    "--parent",
    OTHER,
    "--pin",
    "--subtasks",
    "carry",
)


@dataclass(frozen=True)
class Typed:
    """A command as it is typed, and what the API answers before the request that all is about."""

    words: tuple[str, ...]
    before: tuple[Says, ...] = ()

    def __str__(self) -> str:
        return " ".join(self.words[:3])


TYPED = (
    Typed(("add", "Buy milk", *FIELDS, *RULES, "--list", "home", "--key", "k"), (LISTS, SETTINGS)),
    Typed(("edit", ID, "--title", "x", *FIELDS, *RULES, "--list", "home", "--json"), (LISTS, SETTINGS)),
    Typed(("edit", ID, "--add-tag", "a", "--remove-tag", "b", "--json"), (Says(200, TASK),)),
    Typed(("list", "--filter", "open", "--sort", "due", "--zone", "UTC", "--limit", "7")),
    Typed(("list", "--saved", "home"), (FILTERS,)),
    Typed(("show", ID)),
    Typed(("move", ID, "--before", OTHER)),
    Typed(("move", ID, "--after", OTHER)),
    Typed(("move", ID, "--top")),
    Typed(("complete", ID)),
    Typed(("skip", ID)),
    Typed(("complete", ID, "--on", "2026-12-08")),
    Typed(("skip", ID, "--on", "2026-12-08 9:00")),
    Typed(("reopen", ID, "--on", "2026-12-08")),
    Typed(("delete", ID, "--on", "2026-12-08", "--scope", "this")),
    Typed(("edit", ID, "--title", "x", "--on", "2026-12-08", "--scope", "this", "--json")),
    Typed(("upcoming", ID, "--limit", "7")),
    Typed(("snooze", ID, "tomorrow", "9am")),
    Typed(("unsnooze", ID)),
    Typed(("reopen", ID)),
    Typed(("delete", ID)),
    Typed(("delete", ID, "--keep-parts")),
    Typed(("restore", ID)),
    Typed(("undo", ID, "--bulk")),
    Typed(("history", ID)),
    Typed(("history", ID, "--series")),
    Typed(("search", "milk", "--filter", "open", "--zone", "UTC", "--limit", "7")),
    Typed(("bulk", "complete", "--filter", "open", "--days-in", "UTC", "--yes")),
    Typed(("bulk", "reopen", ID)),
    Typed(("bulk", "delete", ID)),
    Typed(("bulk", "restore", ID)),
    Typed(("bulk", "edit", ID, *FIELDS, *RULES, "--add-tag", "a", "--remove-tag", "b", "--shift", "1"), (SETTINGS,)),
    Typed(("bulk", "show", ID)),
    Typed(("lists",)),
    Typed(("lists", "show")),
    Typed(("lists", "add", "home", "--colour", "#ffffff", "--order", "V")),
    Typed(("lists", "edit", "home", "--name", "n", "--colour", "#ffffff", "--order", "V"), (LISTS,)),
    Typed(("lists", "delete", "home", "--tasks", "move"), (LISTS,)),
    Typed(("filters",)),
    Typed(("filters", "show")),
    Typed(("filters", "add", "home", "open", "--sort", "due", "--colour", "#ffffff", "--order", "V")),
    Typed(("filters", "edit", "home", "--name", "n", "--filter", "open", "--sort", "due", "--order", "V"), (FILTERS,)),
    Typed(("filters", "edit", "home", "--colour", "#ffffff"), (FILTERS,)),
    Typed(("filters", "delete", "home"), (FILTERS,)),
    Typed(("notifications", "--limit", "7")),
    Typed(("targets",)),
    Typed(("targets", "show")),
    Typed(("targets", "add", "phone", "ntfy://topic", "--disable", "--order", "V")),
    Typed(
        ("targets", "edit", "phone", "--name", "n", "--address", "ntfy://topic", "--enable", "--order", "V"), (TARGETS,)
    ),
    Typed(("targets", "test", "phone"), (TARGETS,)),
    Typed(("targets", "delete", "phone"), (TARGETS,)),
    Typed(("tags",)),
    Typed(("tags", "show")),
    Typed(("tags", "colour", "home", "#ffffff")),
    Typed(("tags", "rename", "home", "house")),
    Typed(("tags", "delete", "home")),
)


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command of these sections with its path."""
    for name in (name for title in ("Tasks", "Notifications", "You") for name in SECTIONS[title]):
        command = cli.get_command(click.Context(cli), name)
        assert command
        yield (name,), command
        if isinstance(command, click.Group):
            yield from (((name, each), sub) for each, sub in command.commands.items())
