"""Suggests options for field syntax of Taskwarrior and Todoist: `project:Home +errand due:friday`.

It is never interpreted: a title may contain such words.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

import click

from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

OPTIONS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("project", "proj", "pro", "list"), ("list",)),
    **dict.fromkeys(("tag", "tags", "label", "labels", "+", "@"), ("add_tag", "tag")),
    **dict.fromkeys(("due", "deadline", "until"), ("due",)),
    **dict.fromkeys(("start", "scheduled", "sched", "wait"), ("start",)),
    **dict.fromkeys(("priority", "prio", "pri", "p"), ("priority",)),
    **dict.fromkeys(("recur", "recurrence", "repeat"), ("repeat",)),
    "remind": ("remind",),
    "parent": ("parent",),
    "notes": ("notes",),
}
"""Other programs' names of fields, and the parameters that they may be here."""
PRIORITIES: Mapping[str, str] = {
    "h": "high",
    "m": "medium",
    "l": "low",
    "1": "urgent",
    "2": "high",
    "3": "medium",
    "4": "none",
    **{name: name for name in ("none", "low", "medium", "high", "urgent")},
}
_WORD = re.compile(
    r"(?:(?P<name>[a-z]+):|(?P<sign>[+@])(?=[^\W\d]))(?P<value>[^\s:/]\S*)|(?P<p>p)(?P<level>[1-4])", re.IGNORECASE
)


def option(word: str, command: click.Command) -> list[str] | None:
    """Return the option of a command, and its value, that a word probably stands for; None if there is none."""
    if not (found := _WORD.fullmatch(word)):
        return None
    name = (found["name"] or found["sign"] or found["p"]).lower()
    value = found["value"] or found["level"]
    names = [each for each in OPTIONS.get(name, ()) if any(param.name == each for param in command.params)]
    if names and names[0] == "priority":
        value = PRIORITIES.get(value.lower(), "")
    return [f"--{names[0].replace('_', '-')}", value] if names and value else None


def suggest_fields(task: str, title: Iterable[str]) -> None:
    """Print on standard error which words of a title look like fields, and the command that sets them."""
    command = click.get_current_context().command
    words = [word for argument in title for word in argument.split()]
    fields = {word: found for word in words if (found := option(word, command))}
    if not fields:
        return
    rest = " ".join(word for word in words if word not in fields)
    typed = ["rondo", "edit", task[:SHOWN], *(["--title", rest] if rest else [])]
    typed += ["--add-tag" if part == "--tag" else part for found in fields.values() for part in found]
    named = ", ".join(f"`{plain(word)}`" for word in fields)
    click.echo(f"The title contains {named}. To set fields instead: {plain(shlex.join(typed))}", err=True)


def of_id(word: str, context: click.Context | None) -> str:
    """Return a sentence that suggests an option for a word in the place of an id; empty if there is none."""
    found = option(word, context.command) if context else None
    return f" Did you mean `{shlex.join(found)}`?" if found else ""


def as_filter(words: Sequence[str]) -> str:
    """Return a sentence that suggests a filter for words; empty if there is none."""
    from domain.query import QueryError, parse  # noqa: PLC0415 - its parser takes long to import

    conditions = []
    for word in words:
        try:
            parse(word)
            conditions.append(word)
        except QueryError as error:
            conditions.append(error.suggestion or "")
    suggestion = " and ".join(conditions)
    try:
        parse(suggestion)
    except QueryError:
        return ""
    return f" Did you mean `rondo list --filter {shlex.quote(suggestion)}`?"
