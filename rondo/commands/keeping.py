"""What is kept of a command, so that `rondo undo` takes it back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from rondo.client import Answer, Login, Problem
from rondo.client.models import FilterAnswer, ListAnswer, TagAnswer
from rondo.terminal import journal


def undoable(
    *answers: Answer | ListAnswer | FilterAnswer | TagAnswer, ahead: bool = False, told: Sequence[str] = ()
) -> None:
    """Keep commands that changed something, or may have, as one step that `rondo undo` takes back, with what was told.

    Where a bulk goes ``ahead`` of them, that may have changed tasks whatever became of the commands themselves.
    """
    done = [answer["command"] for answer in answers]
    changing = [each["id"] for each in done if ahead or each["status"] in {"accepted", "pending"}]
    keep("command", changing, "; ".join(told))


def keep(kind: journal.Kind, ids: Sequence[str], told: str) -> None:
    """Keep a step that `rondo undo` takes back, with what was told of it; else with the command that did it."""
    path = click.get_current_context().command_path
    journal.push(Login.found(), journal.Step(kind, list(ids), told or f"`{path}`"))


@contextmanager
def ahead(goes: bool = True) -> Iterator[None]:
    """Keep a command also where it is refused within, if a bulk ``goes`` ahead of it: that went before."""
    try:
        yield
    except Problem as problem:
        undoable(*refused(problem), ahead=goes)
        raise


def refused(problem: Problem) -> list[Answer]:
    """Return the answer of a command that was taken and refused; none where it was never taken."""
    command = problem.document.get("command")
    return [{"command": command, "task": None}] if command else []
