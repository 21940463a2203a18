"""`rondo complete`, `rondo reopen`, `rondo delete` and `rondo restore`: a task's status."""

import click

from rondo.commands import api_command, results, task_ids
from rondo.commands.api_command import TaskCommand


@click.command(cls=TaskCommand)
@task_ids.several
@api_command.as_json
def complete(tasks: tuple[str, ...], as_json: bool) -> None:
    """Complete tasks. Completing a recurring task creates its next occurrence."""
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.complete(task, wait=api_command.WAIT),
            lambda answer: results.describe(answer, "Completed", "was already completed"),
            as_json,
        )


@click.command(cls=TaskCommand)
@task_ids.several
@api_command.as_json
def reopen(tasks: tuple[str, ...], as_json: bool) -> None:
    """Open completed tasks again."""
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.reopen(task, wait=api_command.WAIT),
            lambda answer: results.describe(answer, "Opened", "was already open"),
            as_json,
        )


@click.command(cls=TaskCommand)
@task_ids.several
@click.option("--keep-parts", is_flag=True, help="Keep their sub-tasks, as tasks without a parent.")
@api_command.as_json
def delete(tasks: tuple[str, ...], keep_parts: bool, as_json: bool) -> None:
    """Delete tasks and their sub-tasks. They can be restored for 30 days; their history stays."""
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.delete(task, wait=api_command.WAIT, subtasks=None if keep_parts else "delete"),
            lambda answer: results.describe(answer, "Deleted", "was already deleted"),
            as_json,
            ahead=not keep_parts,
        )


@click.command(cls=TaskCommand)
@task_ids.several
@api_command.as_json
def restore(tasks: tuple[str, ...], as_json: bool) -> None:
    """Restore deleted tasks, open or completed as they were."""
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.restore(task, wait=api_command.WAIT),
            lambda answer: results.describe(answer, "Restored", "was not deleted"),
            as_json,
        )
