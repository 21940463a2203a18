"""`rondo undo`: take back what was done last, or what a command or a bulk did."""

import click
from click.exceptions import Exit

from rondo.client import Login, Problem, Rondo, RondoError
from rondo.client.models import Bulk
from rondo.commands import bulk_progress, shared
from rondo.commands.exits import AWAY, DONE, FAILED, Failed
from rondo.commands.shared import TaskCommand
from rondo.terminal import journal
from rondo.terminal.descriptions import things
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

NOTHING = "Nothing was done from here that could be undone: name a command, as `rondo history --json` does."


@click.command(cls=TaskCommand)
@click.argument("id_", metavar="[ID]", required=False, type=click.UUID)
@click.option("--bulk", is_flag=True, help="ID is that of a bulk, as `rondo bulk` tells it; else of a command.")
@shared.as_json
def undo(id_: object | None, bulk: bool, as_json: bool) -> None:
    """Take back what a command or a bulk did; without ID, what was last done from here, and then what was before it.

    A task, list, filter or tag is left as it is where something later has changed the same fields. What changed nothing
    is passed over.
    """
    if bulk and id_ is None:
        raise click.UsageError("--bulk says what ID is: name a bulk, or leave it out.")
    login = Login.found()
    with shared.rondo() as client:
        if id_ is not None:
            done = _take_back(client, _named(client, "bulk" if bulk else "command", str(id_), login), as_json)
            raise Exit(DONE if done else FAILED)
        for step in reversed(journal.steps(login)):
            done = _take_back(client, step, as_json)
            journal.pop(login)
            if done is not None:
                raise Exit(DONE if done else FAILED)
    raise Failed(NOTHING)


def _named(client: Rondo, kind: journal.Kind, id_: str, login: Login) -> journal.Step:
    """Return the step of an id: as it was told here, else as the API has it."""
    told = next((step.told for step in journal.steps(login) if step.ids == [id_]), "")
    return journal.Step(kind, [id_], told or f"{kind} {id_}{'' if kind == 'bulk' else _about(client, id_)}")


def _about(client: Rondo, command: str) -> str:
    """Return what a command is about, where the API still knows it."""
    try:
        known = client.command(command)
        return f" on {shared.name(client.task(known['task']['id']))}" if known["task"] else ""
    except RondoError:  # whatever is wrong, the undoing says it
        return ""


def _take_back(client: Rondo, step: journal.Step, as_json: bool) -> bool | None:
    """Undo a step and tell it; return whether all of it was undone, None where it had changed nothing."""
    undone: list[Bulk] = []
    refused = nothing = 0
    for id_ in reversed(step.ids):
        try:
            send = client.undo_bulk if step.kind == "bulk" else client.undo_command
            undone.append(bulk_progress.followed(client, send(id_)))
        except Problem as problem:
            if (end := shared.failed(problem)).exit_code == AWAY:
                raise
            if problem.code == "nothing-to-undo":
                nothing += 1
                continue
            refused += 1
            click.echo(end.message, err=True)
    told = plain(step.told) or f"{step.kind} {', '.join(id_[:SHOWN] for id_ in step.ids)}"
    if nothing == len(step.ids):
        click.echo(f"Passed over, as it changed nothing: {told}.", err=True)
        return None
    if as_json:
        shared.echo_json(undone)
    else:
        _tell(client, told, undone)
    return not refused and not any(each["refused"] for each in undone)


def _tell(client: Rondo, told: str, undone: list[Bulk]) -> None:
    changed = any(each["changed"] for each in undone)
    done = "Undone" if changed else "Nothing is left to undo of what was told as" if undone else "Not undone"
    click.echo(f"{done}: {told}.", err=not undone)
    for each in undone:
        bulk_progress.tell(client, each, "Put back", "stood so already", things)
