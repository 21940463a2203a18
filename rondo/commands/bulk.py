"""`rondo bulk`: one change to many tasks, as one command."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

import click
from click.exceptions import Exit

from rondo.client import Rondo
from rondo.client.models import Action, NewBulk
from rondo.commands import api_command, bulk_progress, fields, output, settings, task_ids, undo_steps
from rondo.commands.api_command import TaskCommands
from rondo.commands.conditions import Condition, combined
from rondo.commands.exits import DONE, FAILED
from rondo.terminal.descriptions import tasks as counted

C = TypeVar("C", bound=Callable[..., Any])


@click.group("bulk", cls=TaskCommands)
def bulk_group() -> None:
    """Change many tasks with one command, which can be undone.

    Select them by --filter or by their ids. A task that can't be changed is left as it is.
    """


def _targets(command: C) -> C:
    """Add the arguments that select tasks, and those that all changes share."""
    for option in reversed(
        (
            click.argument("tasks", metavar="[ID]...", nargs=-1, type=task_ids.TaskId()),
            click.option("-f", "--filter", "filter_", help="Select tasks by a filter, see docs/filters.md."),
            click.option(
                "--days-in",
                metavar="ZONE",
                type=api_command.ZoneName(),
                help="Time zone of the filter's days; default: this machine's.",
            ),
            click.option("-y", "--yes", is_flag=True, help="Don't ask for confirmation."),
            api_command.as_json,
        )
    ):
        command = option(command)
    return command


@bulk_group.command()
@_targets
def complete(**targets: Any) -> None:
    """Complete tasks."""
    run("complete", {}, "Completed", "already completed", **targets)


@bulk_group.command()
@_targets
def reopen(**targets: Any) -> None:
    """Open completed tasks again."""
    run("reopen", {}, "Opened", "already open", **targets)


@bulk_group.command()
@_targets
def delete(**targets: Any) -> None:
    """Delete tasks. They can be restored for 30 days."""
    run("delete", {}, "Deleted", "already deleted", **targets)


@bulk_group.command()
@_targets
def restore(**targets: Any) -> None:
    """Restore deleted tasks."""
    run("restore", {}, "Restored", "not deleted", **targets)


@bulk_group.command()
@_targets
@fields.options
@click.option("--add-tag", multiple=True, help="Add a tag; repeatable.")
@click.option("--remove-tag", multiple=True, help="Remove a tag; repeatable.")
@fields.CLEARED
@click.option("--shift", type=int, metavar="DAYS", help="Move start and due by DAYS days; -1 is a day earlier.")
def edit(
    *,
    add_tag: tuple[str, ...],
    remove_tag: tuple[str, ...],
    clear: tuple[str, ...],
    shift: int | None,
    **typed: Any,
) -> None:
    """Set fields, move dates, and add or remove tags."""
    targets = {name: typed.pop(name) for name in ("tasks", "filter_", "days_in", "yes", "as_json")}
    set_ = fields.written(typed, whole=False)
    with api_command.rondo() as client:
        changes = {**fields.resolved(client, set_), **fields.cleared(clear, typed, set_)}
    extra = {"changes": changes, "add_tags": list(add_tag), "remove_tags": list(remove_tag), "shift": shift}
    update = {name: value for name, value in extra.items() if value}
    if not update:
        raise click.UsageError("Nothing to change: name a field, such as --due, --shift or --add-tag.")
    run("update", update, "Changed", "already like that", **targets)


@bulk_group.command()
@click.argument("bulk", metavar="ID", type=click.UUID)
@api_command.as_json
def show(bulk: UUID, as_json: bool) -> None:
    """Show a bulk's progress and the tasks that it refused."""
    with api_command.rondo() as client:
        found = client.bulk(str(bulk))
        if as_json:
            output.echo_json(bulk_progress.with_refusals(client, found))
        else:
            if found["status"] == "pending":
                click.echo(f"{found['decided']:,} of {found['chunks']:,} chunks are decided.")
            bulk_progress.report(client, found, "Changed", "unchanged")


def run(
    action: Action,
    update: dict[str, Any],
    done: str,
    already: str,
    *,
    tasks: tuple[str, ...],
    filter_: str | None,
    days_in: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Count, confirm, send, follow and report a bulk; exit with 1 where a task was left as it is."""
    if bool(tasks) == (filter_ is not None):
        raise click.UsageError("Select tasks by --filter or by their ids.")
    if days_in and filter_ is None:
        raise click.UsageError("--days-in is the time zone of a --filter: add a --filter, or leave --days-in out.")
    filter_ = None if filter_ is None else combined([Condition("--filter", filter_)])
    with api_command.rondo() as client:
        wanted = cast("NewBulk", {"action": action, **_which(client, tasks, filter_, days_in), **update})
        if filter_ and not yes:
            if not (count := _count(client, wanted)):
                _report_none({"tasks": 0}, as_json)
                raise Exit(DONE)
            if not click.confirm(f"{action.capitalize()} {counted(count)}?", err=True):
                raise Exit(FAILED)
        with settings.Zone(client, wanted.get("changes") or {}).known() as use:
            sent = client.change_many(**wanted)
            use.made = bool(sent["tasks"])
        undo_steps.keep("bulk", [sent["id"]] if sent["tasks"] else [], f"{done} {counted(sent['tasks'])}")
        found = bulk_progress.follow(client, sent)
        undo_steps.keep("bulk", [found["id"]] if found["tasks"] else [], f"{done} {counted(found['changed'])}")
        if not found["tasks"]:
            _report_none(bulk_progress.with_refusals(client, found), as_json)
        elif as_json:
            output.echo_json(bulk_progress.with_refusals(client, found))
        else:
            bulk_progress.report(client, found, done, already)
    raise Exit(FAILED if found["refused"] or found["status"] == "in-part" else DONE)


def _which(client: Rondo, tasks: tuple[str, ...], filter_: str | None, days_in: str | None) -> dict[str, Any]:
    if filter_:
        return {"filter": filter_, "zone": days_in or api_command.default_zone()}
    return {"tasks": [{"id": task} for task in task_ids.resolve(client, tasks)]}


def _count(client: Rondo, wanted: NewBulk) -> int:
    """Return the number of tasks to confirm. Raises ``click.UsageError`` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal nobody can confirm: pass --yes.")
    return client.count_many(**wanted)["tasks"]


def _report_none(found: dict[str, object], as_json: bool) -> None:
    """Report that a filter selects no tasks."""
    if as_json:
        output.echo_json(found)
    else:
        click.echo("No tasks found.")
