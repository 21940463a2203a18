"""`rondo complete`, `skip`, `snooze`, `unsnooze`, `reopen`, `delete` and `restore`: commands without fields."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import click

from rondo.client import Answer, settled
from rondo.client.models import Scope
from rondo.commands import api_command, fields, results, task_ids
from rondo.commands.api_command import TaskCommand
from rondo.commands.choices import OneOf
from rondo.terminal import clock


@click.command(cls=TaskCommand)
@task_ids.several
@fields.ON
@api_command.as_json
def complete(tasks: tuple[str, ...], occurrence: str | None, as_json: bool) -> None:
    """Complete tasks. Completing a recurring task creates its next occurrence."""
    on = fields.occurrence(occurrence)
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.complete(task, wait=api_command.WAIT, occurrence=on),
            lambda answer: results.describe(answer, "Completed", "was already completed", on),
            as_json,
        )


@click.command(cls=TaskCommand)
@task_ids.several
@fields.ON
@api_command.as_json
def skip(tasks: tuple[str, ...], occurrence: str | None, as_json: bool) -> None:
    """Skip occurrences: each is closed without being done, and the next one of its series opens."""
    on = fields.occurrence(occurrence)
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.skip(task, wait=api_command.WAIT, occurrence=on),
            lambda answer: results.describe(answer, "Skipped", "was already closed", on),
            as_json,
        )


@click.command(cls=TaskCommand)
@task_ids.one
@click.argument("when", nargs=-1, required=True)
@api_command.as_json
def snooze(task: str, when: tuple[str, ...], as_json: bool) -> None:
    """Remind of a task once more: in 15m, 2h or 1d, or at WHEN, such as tomorrow 9am or fri 17:00.

    Until then none of its reminders is repeated. A day alone is from the day-time of your settings on.
    """
    until = fields.snoozed(" ".join(when))
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, [task]),
            lambda task: client.snooze(task, wait=api_command.WAIT, **until),
            _describe_snooze,
            as_json,
        )


def _describe_snooze(answer: Answer) -> str:
    """Return the result of snoozing as a sentence, with the instant on the person's clock."""
    until = clock.local(settled(answer)["snoozed"] or "", api_command.default_zone())
    return f"{results.describe(answer, 'Snoozed', 'was already snoozed')} until {until:%Y-%m-%d %H:%M}"


@click.command(cls=TaskCommand)
@task_ids.several
@api_command.as_json
def unsnooze(tasks: tuple[str, ...], as_json: bool) -> None:
    """Snooze tasks no more: their other reminders come as they would."""
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.unsnooze(task, wait=api_command.WAIT),
            lambda answer: results.describe(answer, "No longer snoozed:", "was not snoozed"),
            as_json,
        )


@click.command(cls=TaskCommand)
@task_ids.several
@fields.ON
@api_command.as_json
def reopen(tasks: tuple[str, ...], occurrence: str | None, as_json: bool) -> None:
    """Open completed tasks again. With --on, take back all that was decided about that occurrence."""
    on = fields.occurrence(occurrence)
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.reopen(task, wait=api_command.WAIT, occurrence=on),
            lambda answer: results.describe(answer, "Opened", "was already open", on),
            as_json,
        )


@click.command(cls=TaskCommand)
@task_ids.several
@click.option("--keep-parts", is_flag=True, help="Keep their sub-tasks, as tasks without a parent.")
@click.option(
    "--scope",
    type=OneOf(["this", "following", "all"]),
    help="Of a series: leave out this occurrence, so that the series goes on; end the series, the default; or delete "
    "all of its occurrences, those completed, too.",
)
@fields.ON
@api_command.as_json
def delete(
    tasks: tuple[str, ...],
    keep_parts: bool,
    scope: Scope | None,
    occurrence: str | None,
    as_json: bool,
) -> None:
    """Delete tasks and their sub-tasks. They can be restored for 30 days; their history stays."""
    on = fields.occurrence(occurrence)
    one = None if scope == "all" else on
    subtasks: Literal["delete"] | None = None if keep_parts or one else "delete"
    with api_command.rondo() as client:
        results.each(
            task_ids.resolve(client, tasks),
            lambda task: client.delete(task, wait=api_command.WAIT, scope=scope, subtasks=subtasks, occurrence=on),
            partial(_describe_deletion, one, scope),
            as_json,
            ahead=subtasks is not None or scope == "all",
        )


def _describe_deletion(on: str | None, scope: str | None, answer: Answer) -> str:
    """Return the result of a deletion as a sentence, with a word on the series that it ends."""
    if on and scope != "this":
        return results.describe(answer, "Deleted all from", "was already deleted", on)
    sentence = results.describe(answer, "Deleted", "was already deleted", on)
    task: Mapping[str, Any] = answer["task"] or {}
    is_open = on is None and task.get("recurrence") and task.get("completed_at", "") is None
    ends = is_open and answer["command"]["status"] == "accepted"
    if ends and scope == "all":
        return f"{sentence}, with all occurrences of its series. `rondo undo` brings them back."
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
