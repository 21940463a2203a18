"""Sends commands, and reports their results."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import click
from click.exceptions import Exit

from rondo.client import Answer, Pending, Problem, settled
from rondo.client.models import FilterAnswer, ListAnswer, TargetAnswer
from rondo.commands import api_command, output, undo_steps
from rondo.commands.exits import AWAY, DONE
from rondo.terminal import ids


def each(
    tasks: Iterable[str],
    send: Callable[[str], Answer],
    describe: Callable[[Answer], str],
    as_json: bool,
    *,
    ahead: bool = False,
) -> None:
    """Send a command for each task, and report its result; ``ahead`` as for ``undo_steps.undoable``.

    After a refusal, the others are still sent; where Rondo can't be reached, the rest is not sent.
    """
    answers: list[Answer] = []
    taken: list[Answer] = []
    sentences: list[str] = []
    status = DONE
    try:
        for task in tasks:
            try:
                answer = send(task)
                taken.append(answer)
                settled(answer)
            except (Problem, Pending) as error:
                if isinstance(error, Problem):
                    taken += undo_steps.refused(error)
                if (end := api_command.failed(error)).exit_code == AWAY:
                    raise
                click.echo(f"{task[: ids.SHOWN]}: {end.message}", err=True)
                status = max(status, end.exit_code)
                continue
            answers.append(answer)
            sentences.append(describe(answer))
            if not as_json:
                click.echo(sentences[-1])
    finally:
        undo_steps.undoable(*taken, ahead=ahead, summaries=sentences)
        if as_json:
            output.echo_json(answers)
    raise Exit(status)


def describe(answer: Answer, done: str, already: str, occurrence: str | None = None) -> str:
    """Return the result of a command on a task, or an occurrence of its series, as a sentence."""
    task = output.name(settled(answer))
    if occurrence:
        task = f"{occurrence.replace('T', ' ')} of {task}"
    return f"{task} {already}" if answer["command"]["status"] == "nothing-to-do" else f"{done} {task}"


def report_named(
    answer: ListAnswer | FilterAnswer | TargetAnswer, kind: str, done: str, as_json: bool, *, ahead: bool = False
) -> None:
    """Record and print the result of a command on a list, a filter or a target; ``ahead`` as for ``undo_steps``."""
    known = cast("dict[str, Any]", answer)[kind] or {}
    summaries = [f"{done} {kind} {output.short(known, 'name')}"] if "name" in known else []
    undo_steps.undoable(answer, ahead=ahead, summaries=summaries)
    named = output.short(settled(answer), "name")
    if as_json:
        output.echo_json(answer)
    else:
        unchanged = answer["command"]["status"] == "nothing-to-do"
        click.echo(f"{named} was already like that" if unchanged else f"{done} {named}")
