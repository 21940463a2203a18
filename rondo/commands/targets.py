"""`rondo targets`: where notifications go."""

import sys
from typing import Any, cast

import click
from click.exceptions import Exit

from rondo.client.models import Target, TargetChanges
from rondo.commands import api_command, output, references, results
from rondo.commands.api_command import TaskCommands
from rondo.commands.choices import OneOf
from rondo.commands.exits import FAILED
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

ORDER = click.option("--order", help="Sort key among the targets.")
ENABLED = click.option("--enable/--disable", "enabled", default=None, help="Send notifications there, or not.")


@click.group("targets", cls=TaskCommands, invoke_without_command=True)
@api_command.as_json
@click.pass_context
def targets_group(ctx: click.Context, as_json: bool) -> None:
    """Show where notifications go, or add, edit, test and delete a target."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, as_json=as_json)


@targets_group.command()
@api_command.as_json
def show(as_json: bool) -> None:
    """Show the targets in their order, and how deliveries there went."""
    with api_command.rondo() as client:
        found = list(client.targets(limit=api_command.PAGE))
    if as_json:
        output.echo_json(found)
    elif output.on_terminal():
        output.echo(_table(found))
    else:
        lines = ("\t".join((one["id"], one["kind"], _state(one), plain(one["name"]))) for one in found)
        click.echo("".join(f"{line}\n" for line in lines), nl=False)


@targets_group.command()
@click.argument("name")
@click.argument("address", required=False)
@ENABLED
@ORDER
@api_command.as_json
def add(name: str, address: str | None, as_json: bool, **typed: Any) -> None:
    """Add a target: a name and its address, such as mailto://user:password@example.org.

    Without ADDRESS it is asked for and not shown, or read from standard input.
    """
    address = _address(address)
    with api_command.rondo() as client:
        answer = client.create_target(name, address, wait=api_command.WAIT, **api_command.typed_only(typed))
    results.report_named(answer, "target", "Added", as_json)


@targets_group.command()
@click.argument("target")
@click.option("--name", help="The new name.")
@click.option("--address", help="The new address; - asks for it, or reads it from standard input.")
@ENABLED
@ORDER
@click.option("--clear", multiple=True, type=OneOf(["order"]), help="Clear this field.")
@api_command.as_json
def edit(target: str, address: str | None, clear: tuple[str, ...], as_json: bool, **typed: Any) -> None:
    """Set fields of a target, given by name or id."""
    given = {**typed, "address": address and _address(address)}
    changes = api_command.typed_only(given) | dict.fromkeys(clear)
    if not changes:
        raise click.UsageError("Nothing to change: name a field, such as --address or --disable.")
    with api_command.rondo() as client:
        id_ = references.target(client, target)["id"]
        answer = client.update_target(id_, wait=api_command.WAIT, **cast("TargetChanges", changes))
    results.report_named(answer, "target", "Changed", as_json)


@targets_group.command()
@click.argument("target")
@api_command.as_json
def delete(target: str, as_json: bool) -> None:
    """Delete a target and its address."""
    with api_command.rondo() as client:
        answer = client.delete_target(references.target(client, target)["id"], wait=api_command.WAIT)
    results.report_named(answer, "target", "Deleted", as_json)


@targets_group.command("test")
@click.argument("target")
@api_command.as_json
def send_test(target: str, as_json: bool) -> None:
    """Send a test message to a target; status 1 if that fails."""
    with api_command.rondo() as client:
        found = references.target(client, target)
        result = client.send_test_to_target(found["id"])
    if as_json:
        output.echo_json(result)
    elif result["sent"]:
        click.echo(f"Sent a test message to {output.short(found, 'name')}")
    else:
        click.echo(f"{output.short(found, 'name')}: {result['error']}.", err=True)
    if not result["sent"]:
        raise Exit(FAILED)


def _address(typed: str | None) -> str:
    """Return the typed address, or what is typed now: other users of the machine see a command's arguments."""
    if typed not in {None, "-"}:
        return str(typed)
    if not sys.stdin.isatty():
        return api_command.typed_in().strip()
    asked: str = click.prompt("Address", hide_input=True)
    return asked


def _state(target: Target) -> str:
    """Return how a target is doing, in a word or two."""
    if not target["has_address"]:
        return "no address"
    if not target["enabled"]:
        return "disabled"
    if target["failing_since"]:
        return "failing"
    return "working" if target["last_sent_at"] else "unused"


def _table(targets: list[Target]) -> Fitted:
    columns = (
        Column("id", drop=2),
        Column("kind", drop=1),
        Column("state"),
        Column("name", wraps=True, floor=10),
        Column("error", wraps=True, floor=12),
    )
    return Fitted(columns, [_row(one) for one in targets])


def _row(one: Target) -> tuple[Cell, ...]:
    texts = (_state(one), plain(one["name"]), plain(one["error"] or ""))
    return Cell.of(one["id"][:SHOWN], "dim"), Cell.of(one["kind"]), *map(Cell.of, texts)
