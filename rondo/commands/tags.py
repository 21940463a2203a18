"""`rondo tags`: tags over all tasks."""

import click

from domain import cleaning
from rondo.client import Pending
from rondo.client.models import Tag, TagAnswer
from rondo.commands import keeping, references, shared
from rondo.commands.shared import TaskCommands
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from rondo.terminal.plain import plain

NOWHERE = "No task bears {}, and it has no colour"


@click.group("tags", cls=TaskCommands, invoke_without_command=True)
@shared.as_json
@click.pass_context
def tags_group(ctx: click.Context, as_json: bool) -> None:
    """Show the tags, or colour, rename and delete one over all tasks."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, as_json=as_json)


@tags_group.command()
@shared.as_json
def show(as_json: bool) -> None:
    """Show the tags by name, with how many open tasks bear each."""
    with shared.rondo() as client:
        found = list(client.tags(limit=shared.PAGE))
    if as_json:
        shared.echo_json(found)
    elif shared.on_terminal():
        shared.echo(_table(found))
    else:
        click.echo("".join(f"{tag['open']}\t{plain(tag['name'])}\n" for tag in found), nl=False)


@tags_group.command()
@click.argument("tag")
@click.argument("colour", required=False)
@shared.as_json
def colour(tag: str, colour: str | None, as_json: bool) -> None:
    """Give a tag a colour, as #1e90ff; without one take it away."""
    with shared.rondo() as client:
        answer = client.colour_tag(tag := references.tag(client, tag), colour, wait=shared.WAIT)
    done, already = ("Coloured {}", "{} had that colour already") if colour else ("{} has no colour now", "{} had none")
    _tell(answer, done.format(plain(tag)), already.format(plain(tag)), as_json)


@tags_group.command()
@click.argument("tag")
@click.argument("name")
@shared.as_json
def rename(tag: str, name: str, as_json: bool) -> None:
    """Give all tasks that bear a tag another in its place. Where that is one already, the two become one."""
    with shared.rondo() as client, keeping.ahead():
        answer = client.rename_tag(tag := references.tag(client, tag), name := cleaning.tag(name), wait=shared.WAIT)
    already = f"{plain(tag)} is called so already" if tag == name else NOWHERE.format(plain(tag))
    _tell(answer, f"Renamed {plain(tag)} to {plain(name)}", already, as_json, ahead=True)


@tags_group.command()
@click.argument("tag")
@shared.as_json
def delete(tag: str, as_json: bool) -> None:
    """Take a tag from all tasks that bear it. The tasks stay."""
    with shared.rondo() as client, keeping.ahead():
        answer = client.delete_tag(tag := references.tag(client, tag), wait=shared.WAIT)
    _tell(answer, f"Deleted {plain(tag)}", NOWHERE.format(plain(tag)), as_json, ahead=True)


def _tell(answer: TagAnswer, done: str, already: str, as_json: bool, *, ahead: bool = False) -> None:
    keeping.undoable(answer, ahead=ahead, told=[done])
    if answer["command"]["status"] == "pending":
        raise Pending(answer["command"]["id"], "")
    if as_json:
        shared.echo_json(answer)
    else:
        click.echo(already if answer["command"]["status"] == "nothing-to-do" else done)


def _table(tags: list[Tag]) -> Fitted:
    rows = [(Cell.of(f"{tag['open']:,}"), Cell.of(f"#{plain(tag['name'])}", tag["colour"] or "blue")) for tag in tags]
    return Fitted((Column("open", drop=1), Column("tag", wraps=True, floor=16)), rows)
