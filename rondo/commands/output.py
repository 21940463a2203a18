"""Prints values, layouts and names of entities."""

import json
import os
import sys
from collections.abc import Mapping
from shutil import get_terminal_size
from typing import Any, Literal

import click

from rondo.client import Task
from rondo.terminal import ids
from rondo.terminal.cells import has_colours
from rondo.terminal.fitting import WIDE, Layout
from rondo.terminal.plain import plain


def name(task: Task) -> str:
    """Return a task's short id and title."""
    return short(task, "title")


def short(entity: Mapping[str, Any], field: str) -> str:
    """Return an entity's short id and a field."""
    return f"{entity['id'][: ids.SHOWN]} {plain(entity[field])}"


def echo_json(value: Any) -> None:
    """Print a JSON value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def echo(layout: Layout) -> None:
    """Print a layout fitted to this terminal; to a pipe or a file, in full and without colours."""
    terminal = on_terminal()
    room = get_terminal_size().columns if terminal else WIDE
    for line in layout.lines(room):
        click.echo(line.render(terminal and has_colours()), color=terminal)


def on_terminal() -> bool:
    """Return whether the output goes to a person, not to a program."""
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def language() -> Literal["en", "de"]:
    """Return the language of rules in words: German where the locale of the terminal is, else English."""
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "de" if locale.startswith("de") else "en"
