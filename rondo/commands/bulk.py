"""`rondo bulk`: the same to many tasks, as one command."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

import click
from click.exceptions import Exit

from rondo.client import Rondo
from rondo.client.models import Action, NewBulk
from rondo.commands import bulk_progress, fields, keeping, shared
from rondo.commands.conditions import Condition, combined
from rondo.commands.exits import DONE, FAILED
from rondo.commands.shared import TaskCommands
from rondo.terminal.descriptions import tasks as counted

C = TypeVar("C", bound=Callable[..., Any])


@click.group("bulk", cls=TaskCommands)
def bulk_group() -> None:
    """Do the same to many tasks, as one command that can be undone.

    They are those that --filter finds, or those that are named. A task that does not allow it is left as it is.
    """


def _meant(command: C) -> C:
    for option in reversed(
        (
            click.argument("tasks", metavar="[ID]...", nargs=-1, type=shared.TaskId()),
            click.option("-f", "--filter", "filter_", help="Which tasks, see docs/filters.md."),
            click.option(
                "--days-in",
                metavar="ZONE",
                type=shared.ZoneName(),
                help="Where its days are; else here.",
            ),
            click.option("-y", "--yes", is_flag=True, help="Don't ask before."),
            shared.as_json,
        )
    ):
        command = option(command)
    return command


@bulk_group.command()
@_meant
def complete(**meant: Any) -> None:
    """Complete tasks."""
    run("complete", {}, "Completed", "completed already", **meant)


@bulk_group.command()
@_meant
def reopen(**meant: Any) -> None:
    """Open completed tasks again."""
    run("reopen", {}, "Opened", "open already", **meant)


@bulk_group.command()
@_meant
def delete(**meant: Any) -> None:
    """Delete tasks. They can be restored for 30 days."""
    run("delete", {}, "Deleted", "deleted already", **meant)


@bulk_group.command()
@_meant
def restore(**meant: Any) -> None:
    """Bring deleted tasks back."""
    run("restore", {}, "Restored", "not deleted", **meant)


@bulk_group.command()
@_meant
@fields.options
@click.option("--add-tag", multiple=True, help="A tag besides those that they have; several times.")
@click.option("--remove-tag", multiple=True, help="A tag to take away; several times.")
@fields.CLEARED
@click.option("--shift", type=int, metavar="DAYS", help="Move start and due by so many days; -1 is one earlier.")
def edit(
    *,
    add_tag: tuple[str, ...],
    remove_tag: tuple[str, ...],
    clear: tuple[str, ...],
    shift: int | None,
    **typed: Any,
) -> None:
    """Set fields of tasks, all to the same; move their dates; add and remove tags."""
    meant = {name: typed.pop(name) for name in ("tasks", "filter_", "days_in", "yes", "as_json")}
    set_ = fields.zoned(fields.written(typed, whole=False))
    with shared.rondo() as client:
        changes = {**fields.resolved(client, set_), **fields.cleared(clear, typed, set_)}
    extra = {"changes": changes, "add_tags": list(add_tag), "remove_tags": list(remove_tag), "shift": shift}
    update = {name: value for name, value in extra.items() if value}
    if not update:
        raise click.UsageError("Nothing to change: name a field, as --due, --shift or --add-tag.")
    run("update", update, "Changed", "like that already", **meant)


@bulk_group.command()
@click.argument("bulk", metavar="ID", type=click.UUID)
@shared.as_json
def show(bulk: UUID, as_json: bool) -> None:
    """Show how far a bulk is, and the tasks that it left as they are."""
    with shared.rondo() as client:
        found = client.bulk(str(bulk))
        if as_json:
            shared.echo_json(bulk_progress.shown(client, found))
        else:
            if found["status"] == "pending":
                click.echo(f"{found['decided']:,} of {found['chunks']:,} chunks are decided.")
            bulk_progress.tell(client, found, "Changed", "unchanged")


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
    """Count, ask, send, follow, tell; and end with 1 where a task was left as it is."""
    if bool(tasks) == (filter_ is not None):
        raise click.UsageError("Say which tasks: by --filter, or by their ids.")
    if days_in and filter_ is None:
        raise click.UsageError("--days-in is where the days of a --filter are: give one, or leave it out.")
    filter_ = None if filter_ is None else combined([Condition("--filter", filter_)])
    with shared.rondo() as client:
        wanted = cast("NewBulk", {"action": action, **_which(client, tasks, filter_, days_in), **update})
        if filter_ and not yes:
            if not (meant := _meant_by(client, wanted)):
                _tell_none({"tasks": 0}, as_json)
                raise Exit(DONE)
            if not click.confirm(f"{action.capitalize()} {counted(meant)}?", err=True):
                raise Exit(FAILED)
        sent = client.change_many(**wanted)
        keeping.keep("bulk", [sent["id"]] if sent["tasks"] else [], f"{done} {counted(sent['tasks'])}")
        found = bulk_progress.followed(client, sent)
        keeping.keep("bulk", [found["id"]] if found["tasks"] else [], f"{done} {counted(found['changed'])}")
        if not found["tasks"]:
            _tell_none(bulk_progress.shown(client, found), as_json)
        elif as_json:
            shared.echo_json(bulk_progress.shown(client, found))
        else:
            bulk_progress.tell(client, found, done, already)
    raise Exit(FAILED if found["refused"] or found["status"] == "in-part" else DONE)


def _which(client: Rondo, tasks: tuple[str, ...], filter_: str | None, days_in: str | None) -> dict[str, Any]:
    if filter_:
        return {"filter": filter_, "zone": days_in or shared.default_zone()}
    return {"tasks": [{"id": task} for task in shared.resolve(client, tasks)]}


def _meant_by(client: Rondo, wanted: NewBulk) -> int:
    """Return how many tasks somebody is to be asked about. Raises ``click.UsageError`` where nobody can be."""
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: --yes does it without.")
    return client.count_many(**wanted)["tasks"]


def _tell_none(found: dict[str, object], as_json: bool) -> None:
    """Tell that a filter found nothing: as JSON by what was found, also where nothing was sent for that."""
    if as_json:
        shared.echo_json(found)
    else:
        click.echo("No task is found.")
