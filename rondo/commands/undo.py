"""`rondo undo`: take back what was done last, or what a command or a bulk did."""

import click
from click.exceptions import Exit

from rondo.client import Login, Problem, Rondo
from rondo.client.shapes import Bulk
from rondo.commands import following, shared
from rondo.commands.ending import AWAY, DONE, FAILED, Failed
from rondo.commands.shared import TaskCommand
from rondo.terminal import journal
from rondo.terminal.shown import things


@click.command(cls=TaskCommand)
@click.argument("id_", metavar="[ID]", required=False, type=click.UUID)
@click.option("--bulk", is_flag=True, help="ID is that of a bulk, as `rondo bulk` tells it; else of a command.")
@shared.as_json
def undo(id_: object | None, bulk: bool, as_json: bool) -> None:
    """Take back what a command or a bulk did; without ID, what was last done from here, and then what was before it.

    A task, list, filter or tag is left as it is where something later has changed the same fields.
    """
    login = Login.found()
    steps = journal.steps(login)
    if id_ is None and not steps:
        raise Failed("Nothing was done from here that could be undone: name a command, as `rondo history --json` does.")
    named: journal.Step = ("bulk" if bulk else "command", [str(id_)])
    kind, ids = named if id_ else steps[-1]
    with shared.rondo() as client:
        undone = [_undone(client, kind, each) for each in reversed(ids)]
        if id_ is None:
            journal.pop(login)
        if as_json:
            shared.echo_json([each for each in undone if each])
        else:
            for each in filter(None, undone):
                following.tell(client, each, "Put back", "stood so already", things)
    raise Exit(DONE if all(each and not each["refused"] for each in undone) else FAILED)


def _undone(client: Rondo, kind: journal.Kind, id_: str) -> Bulk | None:
    """Return the bulk that undid something; None where it can't be undone, which is told."""
    send = client.undo_bulk if kind == "bulk" else client.undo_command
    try:
        return following.followed(client, send(id_))
    except Problem as problem:
        if (end := shared.failed(problem)).exit_code == AWAY:
            raise
        click.echo(end.message, err=True)
        return None
