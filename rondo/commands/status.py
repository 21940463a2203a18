"""`rondo complete`, `rondo reopen`, `rondo delete` and `rondo restore`: a task's status."""

import click

from rondo.commands import shared
from rondo.commands.shared import TaskCommand


@click.command(cls=TaskCommand)
@shared.several
@shared.as_json
def complete(tasks: tuple[str, ...], as_json: bool) -> None:
    """Complete tasks. Completing a recurring task creates its next occurrence."""
    with shared.rondo() as client:
        shared.each(
            shared.resolve(client, tasks),
            lambda task: client.complete(task, wait=shared.WAIT),
            lambda answer: shared.describe(answer, "Completed", "was already completed"),
            as_json,
        )


@click.command(cls=TaskCommand)
@shared.several
@shared.as_json
def reopen(tasks: tuple[str, ...], as_json: bool) -> None:
    """Open completed tasks again."""
    with shared.rondo() as client:
        shared.each(
            shared.resolve(client, tasks),
            lambda task: client.reopen(task, wait=shared.WAIT),
            lambda answer: shared.describe(answer, "Opened", "was already open"),
            as_json,
        )


@click.command(cls=TaskCommand)
@shared.several
@click.option("--keep-parts", is_flag=True, help="Keep their sub-tasks, as tasks without a parent.")
@shared.as_json
def delete(tasks: tuple[str, ...], keep_parts: bool, as_json: bool) -> None:
    """Delete tasks and their sub-tasks. They can be restored for 30 days; their history stays."""
    with shared.rondo() as client:
        shared.each(
            shared.resolve(client, tasks),
            lambda task: client.delete(task, wait=shared.WAIT, subtasks=None if keep_parts else "delete"),
            lambda answer: shared.describe(answer, "Deleted", "was already deleted"),
            as_json,
            ahead=not keep_parts,
        )


@click.command(cls=TaskCommand)
@shared.several
@shared.as_json
def restore(tasks: tuple[str, ...], as_json: bool) -> None:
    """Restore deleted tasks, open or completed as they were."""
    with shared.rondo() as client:
        shared.each(
            shared.resolve(client, tasks),
            lambda task: client.restore(task, wait=shared.WAIT),
            lambda answer: shared.describe(answer, "Restored", "was not deleted"),
            as_json,
        )
