"""`rondo complete`, `rondo skip`, `rondo reopen`, `rondo delete` and `rondo restore`: a task's status."""

from collections.abc import Mapping
from typing import Any, Literal

import click

from rondo.client import Answer
from rondo.commands import api_command, results, task_ids
from rondo.commands.api_command import TaskCommand
from rondo.commands.choices import OneOf


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
def skip(tasks: tuple[str, ...], as_json: bool) -> None:
    """Skip occurrences: each is closed without being done, and the next one of its series opens."""
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.skip(task, wait=api_command.WAIT),
            lambda answer: results.describe(answer, "Skipped", "was already closed"),
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
@click.option(
    "--scope",
    type=OneOf(["this", "following"]),
    help="Of a series: leave out this occurrence, so that the next one opens; or end the series, the default.",
)
@api_command.as_json
def delete(tasks: tuple[str, ...], keep_parts: bool, scope: Literal["this", "following"] | None, as_json: bool) -> None:
    """Delete tasks and their sub-tasks. They can be restored for 30 days; their history stays."""
    subtasks: Literal["delete"] | None = None if keep_parts else "delete"
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.delete(task, wait=api_command.WAIT, scope=scope, subtasks=subtasks),
            _describe_deletion,
            as_json,
            ahead=not keep_parts,
        )


def _describe_deletion(answer: Answer) -> str:
    """Return the result of a deletion as a sentence, with a word on the series that it ends."""
    sentence = results.describe(answer, "Deleted", "was already deleted")
    task: Mapping[str, Any] = answer["task"] or {}
    is_open = task.get("recurrence") and task.get("completed_at", "") is None
    ends = is_open and answer["command"]["status"] == "accepted"
    return f"{sentence}; its series ends. `rondo undo` brings it back." if ends else sentence


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
