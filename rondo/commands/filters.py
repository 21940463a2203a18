"""`rondo filters`: saved filters."""

from typing import Any, cast

import click

from rondo.client.models import FilterChanges, SavedFilter
from rondo.commands import api_command, output, references, results
from rondo.commands.api_command import TaskCommands
from rondo.commands.choices import OneOf
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

SORT = click.option("--sort", help="Sort order, such as due,-priority.")
COLOUR = click.option("--colour", help="A colour, such as #1e90ff.")
ORDER = click.option("--order", help="Sort key among the saved filters.")


@click.group("filters", cls=TaskCommands, invoke_without_command=True)
@api_command.as_json
@click.pass_context
def filters_group(ctx: click.Context, as_json: bool) -> None:
    """Show the saved filters in their order, or add, edit and delete one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, as_json=as_json)


@filters_group.command()
@api_command.as_json
def show(as_json: bool) -> None:
    """Show the saved filters in their order."""
    with api_command.rondo() as client:
        found = list(client.filters(limit=api_command.PAGE))
    if as_json:
        output.echo_json(found)
    elif output.on_terminal():
        output.echo(_table(found))
    else:
        lines = ("\t".join((one["id"], plain(one["name"]), plain(one["filter"]), one["sort"])) for one in found)
        click.echo("".join(f"{line}\n" for line in lines), nl=False)


@filters_group.command()
@click.argument("name")
@click.argument("filter_", metavar="FILTER")
@SORT
@COLOUR
@ORDER
@api_command.as_json
def add(name: str, filter_: str, as_json: bool, **typed: Any) -> None:
    """Save a filter under a name, for `rondo list --saved NAME`."""
    with api_command.rondo() as client:
        answer = client.create_filter(name, filter_, wait=api_command.WAIT, **api_command.typed_only(typed))
    results.report_named(answer, "filter", "Saved", as_json)


@filters_group.command()
@click.argument("saved")
@click.option("--name", help="The new name.")
@click.option("--filter", "filter_", help="The new filter, see docs/filters.md.")
@SORT
@COLOUR
@ORDER
@click.option("--clear", multiple=True, type=OneOf(["sort", "colour", "order"]), help="Clear this field.")
@api_command.as_json
def edit(saved: str, filter_: str | None, clear: tuple[str, ...], as_json: bool, **typed: Any) -> None:
    """Set fields of a saved filter, given by name or id."""
    changes = api_command.typed_only({**typed, "filter": filter_}) | dict.fromkeys(clear)
    if not changes:
        raise click.UsageError("Nothing to change: name a field, such as --filter or --sort.")
    with api_command.rondo() as client:
        found = references.saved_filter(client, saved)["id"]
        answer = client.update_filter(found, wait=api_command.WAIT, **cast("FilterChanges", changes))
    results.report_named(answer, "filter", "Changed", as_json)


@filters_group.command()
@click.argument("saved")
@api_command.as_json
def delete(saved: str, as_json: bool) -> None:
    """Delete a saved filter. Its tasks stay."""
    with api_command.rondo() as client:
        answer = client.delete_filter(references.saved_filter(client, saved)["id"], wait=api_command.WAIT)
    results.report_named(answer, "filter", "Deleted", as_json)


def _table(filters: list[SavedFilter]) -> Fitted:
    columns = (
        Column("id", drop=2),
        Column("name", wraps=True, floor=10),
        Column("filter", wraps=True, floor=16),
        Column("sort", drop=1, wraps=True),
    )
    return Fitted(
        columns,
        [
            (
                Cell.of(one["id"][:SHOWN], "dim"),
                Cell.of(plain(one["name"]), one["colour"] or ""),
                Cell.of(plain(one["filter"])),
                Cell.of(plain(one["sort"])),
            )
            for one in filters
        ],
    )
