"""`rondo move`: a task's place in your own order."""

import click

from rondo.client.models import Place
from rondo.commands import api_command, results, task_ids
from rondo.commands.api_command import TaskCommand


@click.command(cls=TaskCommand)
@task_ids.one
@click.option("--before", metavar="ID", type=task_ids.TaskId(), help="Just before this task.")
@click.option("--after", metavar="ID", type=task_ids.TaskId(), help="Just after this task.")
@click.option("--top", is_flag=True, help="Before all open tasks.")
@click.option("--bottom", is_flag=True, help="After all open tasks.")
@api_command.as_json
def move(*, task: str, before: str | None, after: str | None, top: bool, bottom: bool, as_json: bool) -> None:
    """Move a task in your own order, which `rondo list --sort order` shows."""
    if [bool(each) for each in (before, after, top, bottom)].count(True) != 1:
        raise click.UsageError("Give one of --before, --after, --top and --bottom.")
    with api_command.rondo() as client:
        [moved] = task_ids.resolve(client, [task])
        place: Place = {"to": "top" if top else "bottom"}
        if before:
            place = {"before": task_ids.resolve(client, [before])[0]}
        elif after:
            place = {"after": task_ids.resolve(client, [after])[0]}
        results.each(
            [moved],
            lambda each: client.move(each, wait=api_command.WAIT, **place),
            lambda answer: results.describe(answer, "Moved", "is already there"),
            as_json,
        )
