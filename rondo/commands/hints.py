"""How what people write who know Taskwarrior or Todoist is typed here: `project:Home +errand due:friday`.

It is told, never read: a title may say such things, too.
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
"""What other programs call a field, and the parameters that it may be here."""
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
    r"(?:(?P<name>[a-z]+):|(?P<sign>[+@])(?=[^\W\d]))(?P<said>[^\s:/]\S*)|(?P<p>p)(?P<level>[1-4])", re.IGNORECASE
)


def option(word: str, command: click.Command) -> list[str] | None:
    """Return the option of a command, and its value, that a word probably means; None where it means none."""
    if not (found := _WORD.fullmatch(word)):
        return None
    name = (found["name"] or found["sign"] or found["p"]).lower()
    said = found["said"] or found["level"]
    names = [each for each in OPTIONS.get(name, ()) if any(param.name == each for param in command.params)]
    if names and names[0] == "priority":
        said = PRIORITIES.get(said.lower(), "")
    return [f"--{names[0].replace('_', '-')}", said] if names and said else None


def tell_fields(task: str, title: Iterable[str]) -> None:
    """Tell on standard error which words of a title may be meant as fields of the task, and how to set them."""
    command = click.get_current_context().command
    words = [word for argument in title for word in argument.split()]
    meant = {word: found for word in words if (found := option(word, command))}
    if not meant:
        return
    rest = " ".join(word for word in words if word not in meant)
    typed = ["rondo", "edit", task[:SHOWN], *(["--title", rest] if rest else [])]
    typed += ["--add-tag" if part == "--tag" else part for found in meant.values() for part in found]
    named = ", ".join(f"`{plain(word)}`" for word in meant)
    click.echo(f"In the title stands {named}. If that is meant as fields: {plain(shlex.join(typed))}", err=True)


def of_id(word: str, context: click.Context | None) -> str:
    """Return as a sentence which option a word probably means that stands where ids do; empty where none."""
    found = option(word, context.command) if context else None
    return f" Did you mean `{shlex.join(found)}`?" if found else ""


def as_filter(words: Sequence[str]) -> str:
    """Return in a sentence which filter was probably meant by words; empty where none."""
    from domain.query import QueryError, parse  # noqa: PLC0415 - its parser takes long to import

    conditions = []
    for word in words:
        try:
            parse(word)
            conditions.append(word)
        except QueryError as error:
            conditions.append(error.suggestion or "")
    wished = " and ".join(conditions)
    try:
        parse(wished)
    except QueryError:
        return ""
    return f" Did you mean `rondo list --filter {shlex.quote(wished)}`?"
