"""Rewords the API's errors for the command line: options instead of fields."""

import re
from collections.abc import Mapping, Sequence

import click

from rondo.client import Problem

CALLED: Mapping[str, Sequence[str]] = {
    "tags": ("tag", "add_tag"),
    "add_tags": ("add_tag",),
    "remove_tags": ("remove_tag",),
    "due.zone": ("zone", "due"),
    "start.zone": ("zone", "start"),
    "recurrence": ("repeat",),
    "rdates": ("rdate",),
    "exdates": ("exdate",),
    "reminders": ("remind",),
    "list": ("list", "list_"),
    "filter": ("filter_", "saved"),
    "q": ("words",),
    **dict.fromkeys(("until", "duration"), ("when",)),
    "zone": ("zone", "days_in"),
    "to": ("top",),
    "tasks": ("tasks", "task"),
    "Idempotency-Key": ("key",),
}
"""By field, the names that a command's parameter for it may have; otherwise that of the field."""
PHRASES: Mapping[str, str] = {
    "leave recurrence out": "leave --repeat out",
    "give recurrence, too": "give --repeat, too",
    "clear recurrence too": "--clear repeat, too",
    "add them, or use `at`": "write it as in --due 'fri 9:00', or an instant in --remind",
    "give one, or use `at`": "give one, or an instant in --remind",
    "With `time`, `before` is in whole days or weeks, such as P1D": "With a time of day, it is in whole days or weeks, "
    "as in '1d before at 18:00'",
    "`before` is at most": "It is at most",
    "Give either before or at": "Write a time before the due, or an instant",
    "either `before`, a time before the due, or `at`, an instant": "either a time before the due, or an instant",
    "`before` is from": "A time before the due is from",
    "`at` is an": "It is an",
    "here, or by add_tags, remove_tags or shift": "by --due, --add-tag, --remove-tag or --shift",
}
"""Phrases of the API's errors, and those of the command line for them."""
MEMBERS: Mapping[str, str] = {"date": "a day in --{}", "time": "a time in --{}", "zone": "--zone"}
"""The typed forms of the members of a due or a start."""
MOST = 3
"""Errors of one problem that are printed."""


def describe(problem: Problem) -> str:
    """Return a problem as sentences, each error with its option."""
    errors = problem.document.get("errors") or ()
    if not errors:
        return advice(problem.detail)
    sentences = [about(error["field"], error["detail"]) for error in errors[:MOST]]
    more = [f"And {len(errors) - MOST:,} more."] if len(errors) > MOST else []
    return " ".join([*sentences, *more])


def about(field: str | None, detail: str) -> str:
    """Return an error's sentence after its option."""
    return f"{option(field)}: {advice(detail)}" if field and field != "body" else advice(detail)


def advice(detail: str) -> str:
    """Return an error's sentence in terms of the command line."""
    sentence = re.sub("|".join(map(re.escape, PHRASES)), lambda found: PHRASES[found[0]], detail)
    return re.sub(r"\b(due|start)\.(date|time|zone)\b", lambda found: MEMBERS[found[2]].format(found[1]), sentence)


def option(field: str) -> str:
    """Return the running command's option or argument for a field of the API; else the field."""
    context = click.get_current_context(silent=True)
    known = {param.name: param for param in context.command.params} if context else {}
    path = field.removeprefix("changes.")
    head = path.partition(".")[0]
    for name in CALLED.get(path) or CALLED.get(head) or (head,):
        if param := known.get(name):
            return as_typed(param)
    return path


def as_typed(param: click.Parameter) -> str:
    """Return a parameter as it is typed."""
    return max(param.opts, key=len) if isinstance(param, click.Option) else param.human_readable_name
