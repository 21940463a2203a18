"""`rondo lists`: lists of tasks."""

from typing import Any, cast

import click

from rondo.client.models import List, ListChanges
from rondo.commands import api_command, output, references, results, undo_steps
from rondo.commands.api_command import TaskCommands
from rondo.commands.choices import OneOf
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

COLOUR = click.option("--colour", help="A colour, such as #1e90ff.")
ORDER = click.option("--order", help="Sort key among the lists.")


@click.group("lists", cls=TaskCommands, invoke_without_command=True)
@api_command.as_json
@click.pass_context
def lists_group(ctx: click.Context, as_json: bool) -> None:
    """Show the lists in their order, or add, edit and delete one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, as_json=as_json)


@lists_group.command()
@click.argument("list_", metavar="[LIST]", required=False)
@api_command.as_json
def show(list_: str | None, as_json: bool) -> None:
    """Show the lists in their order, or one, each with its number of open tasks."""
    with api_command.rondo() as client:
        found = list(client.lists(limit=api_command.PAGE)) if list_ is None else [references.the_list(client, list_)]
    if as_json:
        output.echo_json(found)
    elif output.on_terminal():
        output.echo(_table(found))
    else:
        click.echo("".join(f"{one['id']}\t{one['open']}\t{plain(one['name'])}\n" for one in found), nl=False)


@lists_group.command()
@click.argument("name", nargs=-1, required=True)
@COLOUR
@ORDER
@api_command.as_json
def add(name: tuple[str, ...], as_json: bool, **typed: Any) -> None:
    """Create a list."""
    with api_command.rondo() as client:
        answer = client.create_list(" ".join(name), wait=api_command.WAIT, **api_command.typed_only(typed))
    results.report_named(answer, "list", "Created", as_json)


@lists_group.command()
@click.argument("list_", metavar="LIST")
@click.option("--name", help="The new name.")
@COLOUR
@ORDER
@click.option("--clear", multiple=True, type=OneOf(["colour", "order"]), help="Clear this field.")
@api_command.as_json
def edit(list_: str, clear: tuple[str, ...], as_json: bool, **typed: Any) -> None:
    """Set fields of a list, given by name or id."""
    changes = api_command.typed_only(typed) | dict.fromkeys(clear)
    if not changes:
        raise click.UsageError("Nothing to change: name a field, such as --name or --colour.")
    with api_command.rondo() as client:
        id_ = references.the_list(client, list_)["id"]
        answer = client.update_list(id_, wait=api_command.WAIT, **cast("ListChanges", changes))
    results.report_named(answer, "list", "Changed", as_json)


@lists_group.command()
@click.argument("list_", metavar="LIST")
@click.option("--tasks", type=OneOf(["move", "delete"]), help="Move its tasks to the inbox, or delete them.")
@api_command.as_json
def delete(list_: str, tasks: Any, as_json: bool) -> None:
    """Delete a list; one with tasks needs --tasks."""
    with api_command.rondo() as client, undo_steps.ahead(bool(tasks)):
        answer = client.delete_list(references.the_list(client, list_)["id"], wait=api_command.WAIT, tasks=tasks)
    results.report_named(answer, "list", "Deleted", as_json, ahead=bool(tasks))


def _table(lists: list[List]) -> Fitted:
    columns = (Column("id", drop=2), Column("open", drop=1), Column("name", wraps=True, floor=16))
    rows = [
        (
            Cell.of(one["id"][:SHOWN], "dim"),
            Cell.of(f"{one['open']:,}"),
            Cell.of(plain(one["name"]), one["colour"] or ""),
        )
        for one in lists
    ]
    return Fitted(columns, rows)
