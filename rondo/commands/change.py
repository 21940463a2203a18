"""`rondo add` and `rondo edit`: a task's fields."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, cast

import click

from domain import cleaning
from rondo.client import Answer, NotFound, Outdated, Rondo, Task, settled
from rondo.client.models import Changes, Scope
from rondo.commands import api_command, fields, hints, output, results, settings, task_ids, undo_steps
from rondo.commands.api_command import TaskCommand
from rondo.commands.choices import OneOf
from rondo.terminal import descriptions

FIELDS = tuple(field for field in Task.__annotations__ if field in Changes.__optional_keys__ | {"title"})
"""The fields that a change may set, in the order of a task's fields."""
TRIES = 5
"""Attempts to add tags to a task that others change meanwhile."""


@click.command(cls=TaskCommand)
@click.argument("title", nargs=-1, required=True)
@fields.options
@click.option("--key", help="Idempotency key: running it again with the same key creates no second task.")
@api_command.as_json
def add(title: tuple[str, ...], key: str | None, as_json: bool, **typed: Any) -> None:
    """Create a task. The words of TITLE need quotes only where the shell interprets them."""
    set_ = fields.written(typed)
    if key is not None and not (key.isascii() and key.isprintable() and key.strip()):
        raise click.UsageError("--key: Use printable ASCII characters.")
    with api_command.rondo() as client:
        resolved = fields.resolved(client, set_)
        with settings.Zone(client, set_).known():
            answer = client.create(" ".join(title), wait=api_command.WAIT, key=key, **resolved)
    known = cast("Task", answer["task"] or {})
    undo_steps.undoable(answer, summaries=[f"Created {output.name(known)}"] if "title" in known else [])
    task = settled(answer)
    if as_json:
        output.echo_json(answer)
    else:
        click.echo(", due ".join(filter(None, (f"Created {output.name(task)}", descriptions.due(task["due"])))))
    hints.suggest_fields(task["id"], title)


@click.command(cls=TaskCommand)
@task_ids.several
@click.option("--title", help="The new title.")
@fields.options
@click.option("--add-tag", multiple=True, help="Add a tag; repeatable.")
@click.option("--remove-tag", multiple=True, help="Remove a tag; repeatable.")
@click.option(
    "--scope",
    type=OneOf(["this", "following", "all"]),
    help="Of a series: this occurrence, this and the following ones, or all. By default a moved due or start is this "
    "one's, and the following ones get everything else, too.",
)
@fields.ON
@fields.CLEARED
@api_command.as_json
def edit(
    *,
    tasks: tuple[str, ...],
    title: str | None,
    add_tag: tuple[str, ...],
    remove_tag: tuple[str, ...],
    clear: tuple[str, ...],
    scope: Scope | None,
    occurrence: str | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Set the same fields of one or more tasks. --tag and --remind replace all tags and reminders.

    A --due or --start without a time keeps a task's time and zone.
    """
    on = fields.occurrence(occurrence)
    set_ = fields.written(typed, whole=False)
    emptied = fields.cleared(clear, typed, set_)
    if (add_tag or remove_tag) and "tags" in {*set_, *emptied}:
        raise click.UsageError("--add-tag and --remove-tag can't be used with --tag or --clear tag.")
    if not (set_ or emptied or add_tag or remove_tag or title is not None):
        raise click.UsageError("Nothing to change: name a field, such as --title or --due.")

    with api_command.rondo() as client:
        ids = task_ids.resolve(client, tasks)
        changes = cast("Changes", {**fields.resolved(client, set_), **emptied})
        if title is not None:
            changes["title"] = title

        before: dict[str, Task] = {}
        zone = settings.Zone(client, set_)

        def send(task: str) -> Answer:
            if not as_json:
                with suppress(NotFound):  # not in the views yet: the command itself finds out whether it exists
                    before[task] = client.task(task)
            with zone.known():
                if add_tag or remove_tag:
                    found = partial(tagged, changes=changes, added=add_tag, removed=remove_tag)
                    return changed_as_seen(client, task, found, scope, on)
                return client.update(task, wait=api_command.WAIT, scope=scope, occurrence=on, **changes)

        results.each(ids, send, lambda answer: describe(before, answer, None if scope == "all" else on), as_json)


def describe(before: Mapping[str, Task], answer: Answer, on: str | None = None) -> str:
    """Return the result of a change as a sentence, with the fields that it really changed.

    Where somebody else has changed the task since it was read ``before``, or of an occurrence that is yet to come,
    these are not known.
    """
    sentence, after = results.describe(answer, "Changed", "was already like that", on), settled(answer)
    seen = before.get(after["id"])
    if on or answer["command"]["status"] != "accepted" or seen is None or seen["version"] != after["version"] - 1:
        return sentence
    was, is_ = cast("dict[str, Any]", seen), cast("dict[str, Any]", after)
    return f"{sentence}: {', '.join(field for field in FIELDS if was[field] != is_[field])}"


def tagged(seen: Task, changes: Changes, added: Iterable[str], removed: Iterable[str]) -> Changes:
    """Return changes with the current task's tags, without those removed and with those added."""
    tags = {*seen["tags"], *map(cleaning.tag, added)} - {*removed, *map(cleaning.tag, removed)}
    return cast("Changes", {**changes, "tags": sorted(tags)})


def changed_as_seen(
    client: Rondo,
    task: str,
    changes: Callable[[Task], Changes],
    scope: Scope | None = None,
    on: str | None = None,
) -> Answer:
    """Change a task by its current fields, if its version is still the one that was read: no update gets lost."""
    for left in reversed(range(TRIES)):
        seen = client.task(task)
        try:
            return client.update(
                task, wait=api_command.WAIT, version=seen["version"], scope=scope, occurrence=on, **changes(seen)
            )
        except Outdated:
            if not left:
                raise
    raise AssertionError
