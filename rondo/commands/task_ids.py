"""Arguments that are ids of tasks, or their beginnings."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from rondo.client import Login, Rondo, RondoError
from rondo.commands import api_command, hints
from rondo.commands.exits import Failed
from rondo.terminal import ids
from rondo.terminal.plain import plain

C = TypeVar("C", bound=Callable[..., Any])


COMPLETION = 2.0
"""Seconds that the completion of an id may take."""


class TaskId(click.ParamType):
    """A task's id or its beginning."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it in lower case. Raises ``click.BadParameter`` for what can't be one."""
        try:
            return ids.normal(value)
        except ValueError as error:
            self.fail(f"{error}{hints.of_id(value, ctx)}", param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        param: click.Parameter,  # noqa: ARG002 - click's
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return ids that begin so, with their titles, by default those of the newest open tasks.

        Return nothing where Rondo does not answer at once.
        """
        try:
            login = Login.load()
            with Rondo(login.api, login.token, timeout=COMPLETION, attempts=1) as client:
                found = _begun(client, incomplete.lower())
        except (RondoError, UnicodeError, OSError):
            return []
        length = max(ids.SHOWN, len(incomplete))
        return [CompletionItem(id_[:length], help=plain(title)) for id_, title in found]


def _begun(client: Rondo, beginning: str) -> list[tuple[str, str]]:
    """Return ids and titles of a page of tasks: of the newest open ones, or of those whose ids begin so."""
    if not beginning:
        return [
            (task["id"], task["title"])
            for task in islice(client.tasks("open", limit=api_command.PAGE), api_command.PAGE)
        ]
    return [(task["id"], task["title"]) for task in client.tasks_by_id(beginning, limit=api_command.PAGE)["items"]]


def several(command: C) -> C:
    """Add an argument of one or more ids."""
    return click.argument("tasks", metavar="ID...", nargs=-1, required=True, type=TaskId())(command)


def one(command: C) -> C:
    """Add an argument of one id."""
    return click.argument("task", metavar="ID", type=TaskId())(command)


def resolve(client: Rondo, typed: Sequence[str]) -> list[str]:
    """Return the full ids of ids or their beginnings, each once. Raises ``Failed`` for an unknown or ambiguous one."""
    try:
        full = [text if ids.whole(text) else ids.only(text, client.tasks_by_id(text)) for text in dict.fromkeys(typed)]
    except ids.NotATask as error:
        raise Failed(str(error)) from None
    return list(dict.fromkeys(full))
