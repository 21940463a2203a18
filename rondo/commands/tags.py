"""`rondo tags`: tags of all tasks."""

import click

from domain import cleaning
from rondo.client import Pending
from rondo.client.models import Tag, TagAnswer
from rondo.commands import api_command, output, references, undo_steps
from rondo.commands.api_command import TaskCommands
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from rondo.terminal.plain import plain

NOWHERE = "No task has {}, and it has no colour"


@click.group("tags", cls=TaskCommands, invoke_without_command=True)
@api_command.as_json
@click.pass_context
def tags_group(ctx: click.Context, as_json: bool) -> None:
    """Show the tags, or colour, rename and delete one on all tasks."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, as_json=as_json)


@tags_group.command()
@api_command.as_json
def show(as_json: bool) -> None:
    """Show the tags by name, each with its number of open tasks."""
    with api_command.rondo() as client:
        found = list(client.tags(limit=api_command.PAGE))
    if as_json:
        output.echo_json(found)
    elif output.on_terminal():
        output.echo(_table(found))
    else:
        click.echo("".join(f"{tag['open']}\t{plain(tag['name'])}\n" for tag in found), nl=False)


@tags_group.command()
@click.argument("tag")
@click.argument("colour", required=False)
@api_command.as_json
def colour(tag: str, colour: str | None, as_json: bool) -> None:
    """Set a tag's colour, such as #1e90ff; without COLOUR, remove it."""
    with api_command.rondo() as client:
        answer = client.colour_tag(tag := references.tag(client, tag), colour, wait=api_command.WAIT)
    done, already = ("Coloured {}", "{} already had that colour") if colour else ("{} has no colour now", "{} had none")
    _report(answer, done.format(plain(tag)), already.format(plain(tag)), as_json)


@tags_group.command()
@click.argument("tag")
@click.argument("name")
@api_command.as_json
def rename(tag: str, name: str, as_json: bool) -> None:
    """Rename a tag on all its tasks. If NAME is a tag already, the two are merged."""
    with api_command.rondo() as client, undo_steps.ahead():
        answer = client.rename_tag(
            tag := references.tag(client, tag), name := cleaning.tag(name), wait=api_command.WAIT
        )
    already = f"{plain(tag)} already has that name" if tag == name else NOWHERE.format(plain(tag))
    _report(answer, f"Renamed {plain(tag)} to {plain(name)}", already, as_json, ahead=True)


@tags_group.command()
@click.argument("tag")
@api_command.as_json
def delete(tag: str, as_json: bool) -> None:
    """Remove a tag from all its tasks. The tasks stay."""
    with api_command.rondo() as client, undo_steps.ahead():
        answer = client.delete_tag(tag := references.tag(client, tag), wait=api_command.WAIT)
    _report(answer, f"Deleted {plain(tag)}", NOWHERE.format(plain(tag)), as_json, ahead=True)


def _report(answer: TagAnswer, done: str, already: str, as_json: bool, *, ahead: bool = False) -> None:
    undo_steps.undoable(answer, ahead=ahead, summaries=[done])
    if answer["command"]["status"] == "pending":
        raise Pending(answer["command"]["id"], "")
    if as_json:
        output.echo_json(answer)
    else:
        click.echo(already if answer["command"]["status"] == "nothing-to-do" else done)


def _table(tags: list[Tag]) -> Fitted:
    rows = [(Cell.of(f"{tag['open']:,}"), Cell.of(f"#{plain(tag['name'])}", tag["colour"] or "blue")) for tag in tags]
    return Fitted((Column("open", drop=1), Column("tag", wraps=True, floor=16)), rows)
