"""Records commands in the journal of `rondo undo`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from rondo.client import Answer, Login, Problem
from rondo.client.models import FilterAnswer, ListAnswer, SettingsAnswer, TagAnswer, TargetAnswer
from rondo.terminal import journal


def undoable(
    *answers: Answer | ListAnswer | FilterAnswer | TagAnswer | TargetAnswer | SettingsAnswer,
    ahead: bool = False,
    summaries: Sequence[str] = (),
) -> None:
    """Record commands that changed something, or may have, as one step of `rondo undo`, with its summaries.

    Where a bulk runs ``ahead`` of them, it may have changed tasks even if the commands themselves were refused.
    """
    done = [answer["command"] for answer in answers]
    changing = [each["id"] for each in done if ahead or each["status"] in {"accepted", "pending"}]
    keep("command", changing, "; ".join(summaries))


def keep(kind: journal.Kind, ids: Sequence[str], summary: str) -> None:
    """Record a step of `rondo undo`, with its summary, by default the name of the command."""
    path = click.get_current_context().command_path
    journal.push(Login.load(), journal.Step(kind, list(ids), summary or f"`{path}`"))


@contextmanager
def ahead(goes: bool = True) -> Iterator[None]:
    """Record a command even if it is refused, where a bulk ``goes`` ahead of it."""
    try:
        yield
    except Problem as problem:
        undoable(*refused(problem), ahead=goes)
        raise


def refused(problem: Problem) -> list[Answer]:
    """Return the answer to a command that was accepted for processing and then rejected; else nothing."""
    command = problem.document.get("command")
    return [{"command": command, "task": None}] if command else []
