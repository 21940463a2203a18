"""`rondo undo`: undo the last change, or a given command or bulk."""

import click
from click.exceptions import Exit

from rondo.client import Login, Problem, Rondo, RondoError
from rondo.client.models import Bulk
from rondo.commands import api_command, bulk_progress, output
from rondo.commands.api_command import TaskCommand
from rondo.commands.exits import AWAY, DONE, FAILED, Failed
from rondo.terminal import journal
from rondo.terminal.descriptions import count_changes
from rondo.terminal.ids import SHOWN
from rondo.terminal.plain import plain

NOTHING = "Nothing was done from here that can be undone: give a command's id, from `rondo history --json`."


@click.command(cls=TaskCommand)
@click.argument("id_", metavar="[ID]", required=False, type=click.UUID)
@click.option("--bulk", is_flag=True, help="ID is that of a bulk, as printed by `rondo bulk`; default: of a command.")
@api_command.as_json
def undo(id_: object | None, bulk: bool, as_json: bool) -> None:
    """Undo a command or a bulk; without ID, the last change made from here, and if repeated, the one before it.

    A task, list, filter or tag whose same fields were changed later is left as it is. Changes without an effect are
    skipped.
    """
    if bulk and id_ is None:
        raise click.UsageError("--bulk needs the ID of a bulk.")
    login = Login.load()
    with api_command.rondo() as client:
        if id_ is not None:
            done = _undo(client, _named(client, "bulk" if bulk else "command", str(id_), login), as_json)
            raise Exit(DONE if done else FAILED)
        for step in reversed(journal.steps(login)):
            done = _undo(client, step, as_json)
            journal.pop(login)
            if done is not None:
                raise Exit(DONE if done else FAILED)
    raise Failed(NOTHING)


def _named(client: Rondo, kind: journal.Kind, id_: str, login: Login) -> journal.Step:
    """Return the step of an id: from the journal, else from the API."""
    summary = next((step.summary for step in journal.steps(login) if step.ids == [id_]), "")
    return journal.Step(kind, [id_], summary or f"{kind} {id_}{'' if kind == 'bulk' else _about(client, id_)}")


def _about(client: Rondo, command: str) -> str:
    """Return the task that a command is about, where the API still has it."""
    try:
        known = client.command(command)
        return f" on {output.name(client.task(known['task']['id']))}" if known["task"] else ""
    except RondoError:  # the undo itself reports it
        return ""


def _undo(client: Rondo, step: journal.Step, as_json: bool) -> bool | None:
    """Undo a step and report it; return whether it was undone in full, None where it had changed nothing."""
    undone: list[Bulk] = []
    refused = nothing = 0
    for id_ in reversed(step.ids):
        try:
            send = client.undo_bulk if step.kind == "bulk" else client.undo_command
            undone.append(bulk_progress.follow(client, send(id_)))
        except Problem as problem:
            if (end := api_command.failed(problem)).exit_code == AWAY:
                raise
            if problem.code == "nothing-to-undo":
                nothing += 1
                continue
            refused += 1
            click.echo(end.message, err=True)
    summary = plain(step.summary) or f"{step.kind} {', '.join(id_[:SHOWN] for id_ in step.ids)}"
    if nothing == len(step.ids):
        click.echo(f"Skipped, as it changed nothing: {summary}.", err=True)
        return None
    if as_json:
        output.echo_json(undone)
    else:
        _report(client, summary, undone)
    return not refused and not any(each["refused"] for each in undone)


def _report(client: Rondo, summary: str, undone: list[Bulk]) -> None:
    changed = any(each["changed"] for each in undone)
    done = "Undone" if changed else "Nothing left to undo" if undone else "Not undone"
    click.echo(f"{done}: {summary}.", err=not undone)
    for each in undone:
        bulk_progress.report(client, each, "Put back", "already like that", count_changes)
