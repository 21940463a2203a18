"""`rondo list`, `rondo search`, `rondo show` and `rondo history`: tasks and their history."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

import click

from rondo.client import NotFound, Rondo
from rondo.client.models import List, ListedTask, Task
from rondo.commands import api_command, hints, output, references, task_ids
from rondo.commands.api_command import TaskCommand
from rondo.commands.conditions import OPEN, Condition, combined
from rondo.terminal import clock, descriptions, tables

Shape = TypeVar("Shape", Task, List)
NEXT = 3
"""The most occurrences to come that `rondo show` shows."""
LIMIT = click.IntRange(1, 1_000_000)


@click.command("list", cls=TaskCommand, context_settings={"allow_extra_args": True})
@click.option("-f", "--filter", "filter_", help="Select tasks, see docs/filters.md; default: open.")
@click.option("--saved", metavar="NAME", help="Use a saved filter and its sort order; see `rondo filters`.")
@click.option("-l", "--list", "list_", metavar="NAME", help="Only tasks on this list, by name or id, or inbox.")
@click.option("-s", "--sort", help="Sort order, such as due,-priority; default: newest first.")
@api_command.zone
@click.option("-n", "--limit", type=LIMIT, default=50, show_default=True, help="Maximum number of tasks.")
@api_command.as_json
@click.pass_context
def list_tasks(
    ctx: click.Context,
    *,
    filter_: str | None,
    saved: str | None,
    list_: str | None,
    sort: str | None,
    zone: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List tasks.

    To a pipe or a file, print one line per task, with tabs between its fields: id, status, priority, due, title, tags.
    """
    if ctx.args:
        raise click.UsageError(f"Unexpected words.{hints.as_filter(ctx.args)}")
    zone = zone or api_command.default_zone()
    with api_command.rondo() as client:
        conditions = [] if filter_ is None else [Condition("--filter", filter_)]
        if saved is not None:
            one = references.saved_filter(client, saved)
            conditions, sort = [Condition("--saved", one["filter"]), *conditions], sort or one["sort"] or None
        if list_ is not None:
            on = references.list_or_inbox(client, list_)
            condition = Condition("--list", f'list = "{on["id"]}"' if on else "no list")
            conditions = [*(conditions or [OPEN]), condition]
        query = combined(conditions or [OPEN])
        found = client.tasks(query, sort=sort, zone=zone, limit=min(limit + 1, api_command.PAGE))
        report(client, list(islice(found, limit + 1)), limit, zone, as_json)


@click.command(cls=TaskCommand)
@click.argument("words", nargs=-1, required=True)
@click.option("-f", "--filter", "filter_", help="Tasks to search, see docs/filters.md; default: all but deleted.")
@api_command.zone
@click.option("-n", "--limit", type=LIMIT, default=20, show_default=True, help="Maximum number of tasks.")
@api_command.as_json
def search(words: tuple[str, ...], filter_: str | None, zone: str | None, limit: int, as_json: bool) -> None:
    """Search titles and notes, best matches first. The last word may be a prefix; one may be mistyped."""
    zone = zone or api_command.default_zone()
    with api_command.rondo() as client:
        among = None if filter_ is None else combined([Condition("--filter", filter_)])
        found = client.tasks(among, q=" ".join(words), zone=zone, limit=min(limit + 1, api_command.PAGE))
        report(client, list(islice(found, limit + 1)), limit, zone, as_json)


def report(client: Rondo, tasks: list[ListedTask], limit: int, zone: str, as_json: bool) -> None:
    """Print at most ``limit`` tasks, with days in a zone, and whether there are more."""
    if as_json:
        output.echo_json(tasks[:limit])
    elif output.on_terminal():
        output.echo(tables.table(tasks[:limit], clock.now(zone), lists(client, tasks[:limit])))
    else:
        click.echo("".join(f"{descriptions.line(task)}\n" for task in tasks[:limit]), nl=False)
    if len(tasks) > limit:
        click.echo(f"There are more than {limit}: raise --limit to see them.", err=True)


def lists(client: Rondo, tasks: Iterable[Task]) -> dict[str, str]:
    """Return the names of all lists by id, if the tasks are on more than one, the inbox included; else nothing."""
    if len({task["list"] for task in tasks}) < 2:
        return {}
    return {one["id"]: one["name"] for one in client.lists(limit=api_command.PAGE)}


def around(client: Rondo, task: Task) -> descriptions.Around:
    """Return a task's list, its parent and its sub-tasks, without those that are deleted."""
    parts = client.tasks(f"parent = {task['id']} and (open or completed)", sort="order", limit=api_command.PAGE)
    on, above = _existing(client.show_list, task["list"]), _existing(client.task, task["parent"])
    named = (on and on["name"], above and above["title"], tuple(parts), _why_ended(client, task))
    if task["recurrence"] is None:
        return descriptions.Around(*named)
    language = client.settings().get("language") or output.language()
    coming = client.upcoming(task["id"], limit=NEXT, language=language)
    return descriptions.Around(*named, coming["words"] or "", tuple(coming["items"]))


def _why_ended(client: Rondo, task: Task) -> str:
    """Return why nothing follows a closed task of a series, from the outcome of what its last closing led to."""
    if task["status"] != "completed" or task["recurrence"] is None:
        return ""
    closings = [each for each in client.history(task["id"], limit=api_command.PAGE) if each["led_to"]]
    return descriptions.why_ended(closings[-1]) if closings else ""


def _existing(read: Callable[[str], Shape], id_: str | None) -> Shape | None:
    try:
        return read(id_) if id_ else None
    except NotFound:
        return None


@click.command(cls=TaskCommand)
@task_ids.several
@api_command.as_json
def show(tasks: tuple[str, ...], as_json: bool) -> None:
    """Show everything about tasks, with their sub-tasks."""
    with api_command.rondo() as client:
        found = [client.task(task) for task in task_ids.resolve(client, tasks)]
        if as_json:
            output.echo_json(found)
            return
        beside = [around(client, task) for task in found]
    for place, (task, its) in enumerate(zip(found, beside, strict=True)):
        if place:
            click.echo()
        if output.on_terminal():
            output.echo(tables.card(task, clock.now(api_command.default_zone()), its))
        else:
            click.echo("\n".join(f"{name}\t{value}" for name, value in descriptions.facts(task, its)))


@click.command(cls=TaskCommand)
@task_ids.one
@click.option("--series", is_flag=True, help="Show the occurrences of its series instead, the latest first.")
@api_command.as_json
def history(task: str, series: bool, as_json: bool) -> None:
    """Show a task's history, oldest first: who changed what, and when."""
    with api_command.rondo() as client:
        [id_] = task_ids.resolve(client, [task])
        if series:
            _show_series(list(client.series(id_, limit=api_command.PAGE)), as_json)
            return
        entries = list(client.history(id_, limit=api_command.PAGE))
    if as_json:
        output.echo_json(entries)
    elif output.on_terminal():
        output.echo(tables.history(entries))
    else:
        click.echo("\n".join(map(descriptions.history_line, entries)))


def _show_series(occurrences: Sequence[Task], as_json: bool) -> None:
    if as_json:
        output.echo_json(occurrences)
    elif not occurrences:
        click.echo("The task is in no series.")
    elif output.on_terminal():
        output.echo(tables.series(occurrences))
    else:
        click.echo("\n".join(map(descriptions.occurrence_line, occurrences)))


@click.command(cls=TaskCommand)
@task_ids.one
@click.option(
    "-n", "--limit", type=click.IntRange(1, api_command.PAGE), default=10, help="The most lines; default: 10."
)
@api_command.as_json
def upcoming(task: str, limit: int, as_json: bool) -> None:
    """Show the occurrences of a task's series that are yet to come, and what was decided about them."""
    with api_command.rondo() as client:
        [id_] = task_ids.resolve(client, [task])
        found = client.upcoming(id_, limit=limit)
    if as_json:
        output.echo_json(found)
    elif not found["items"]:
        click.echo("None that is known: the task does not recur, is closed, or the last, or counts from completion.")
    elif output.on_terminal():
        output.echo(tables.upcoming(found["items"]))
    else:
        click.echo("\n".join(map(descriptions.upcoming_line, found["items"])))
