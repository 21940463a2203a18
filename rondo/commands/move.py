"""`rondo move`: a task's place in your own order."""

import click

from rondo.client.models import Place
from rondo.commands import shared
from rondo.commands.shared import TaskCommand


@click.command(cls=TaskCommand)
@shared.one
@click.option("--before", metavar="ID", type=shared.TaskId(), help="Just before this task.")
@click.option("--after", metavar="ID", type=shared.TaskId(), help="Just after this task.")
@click.option("--top", is_flag=True, help="Before all open tasks.")
@click.option("--bottom", is_flag=True, help="After all open tasks.")
@shared.as_json
def move(*, task: str, before: str | None, after: str | None, top: bool, bottom: bool, as_json: bool) -> None:
    """Move a task in your own order, which `rondo list --sort order` shows."""
    if [bool(each) for each in (before, after, top, bottom)].count(True) != 1:
        raise click.UsageError("Give one of --before, --after, --top and --bottom.")
    with shared.rondo() as client:
        [moved] = shared.resolve(client, [task])
        place: Place = {"to": "top" if top else "bottom"}
        if before:
            place = {"before": shared.resolve(client, [before])[0]}
        elif after:
            place = {"after": shared.resolve(client, [after])[0]}
        shared.each(
            [moved],
            lambda each: client.move(each, wait=shared.WAIT, **place),
            lambda answer: shared.describe(answer, "Moved", "is already there"),
            as_json,
        )
