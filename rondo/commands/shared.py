"""What the commands on tasks share: who is logged in, ids, options, and how an answer is told."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import click
import msgspec
import stamina
import tzlocal
from click.exceptions import Exit
from click.shell_completion import CompletionItem
from rich.console import Console, RenderableType

from rondo.client import Answer, Login, Pending, Problem, Rondo, RondoError, Task, errors, settled
from rondo.client.shapes import FilterAnswer, ListAnswer, TagAnswer
from rondo.commands.ending import AWAY, DONE, FAILED, Failed
from rondo.terminal import ids, journal
from rondo.terminal.plain import plain

WAIT = 30.0
"""Seconds that a command waits for its outcome."""
PAGE = 200
"""Items asked for at a time where all are wanted."""
COMPLETION = 2.0
"""Seconds that the completion of an id may take."""
C = TypeVar("C", bound=Callable[..., Any])

zone: Callable[[C], C] = click.option("--zone", help="The zone of your days, as Europe/Paris; else where you are.")
as_json: Callable[[C], C] = click.option("--json", "as_json", is_flag=True, help="One JSON value, as the API has it.")


class TaskCommand(click.Command):
    """A command that talks to the API; what goes wrong on the way ends it as ``Failed``."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except RondoError as error:
            raise failed(error) from error


ADVICE: tuple[tuple[type[RondoError], int, str], ...] = (
    (errors.Unreachable, AWAY, "Is it running there? `rondo whoami` tells where the address comes from."),
    (errors.Pending, AWAY, "`rondo list` tells later."),
    (errors.OutcomeUnknown, AWAY, "`rondo list` tells whether it was, before you type it again."),
    (errors.Unavailable, AWAY, ""),
    (errors.Unauthorized, FAILED, "`rondo login` takes another token."),
    (RondoError, FAILED, ""),
)
"""By kind of error, the status to end with and what to do besides what the error says itself."""


def failed(error: RondoError) -> Failed:
    """Return an error of the client as the end of a command, with what to do about it."""
    told = error.detail if isinstance(error, Problem) else str(error)
    status, advice = next((status, advice) for kind, status, advice in ADVICE if isinstance(error, kind))
    return Failed(f"{told} {advice}".strip(), status)


@contextmanager
def rondo() -> Iterator[Rondo]:
    """Connect as who is logged in."""
    stamina.instrumentation.set_on_retry_hooks([])  # what was tried in vain is told once, at the end
    with Rondo.found() as client:
        yield client


def undoable(*answers: Answer | ListAnswer | FilterAnswer | TagAnswer, ahead: bool = False) -> None:
    """Keep commands that changed something, or may have, as one step that `rondo undo` takes back.

    Where a bulk goes ``ahead`` of them, that may have changed tasks whatever became of the commands themselves.
    """
    done = [answer["command"] for answer in answers]
    changing = [each["id"] for each in done if ahead or each["status"] in {"accepted", "pending"}]
    journal.push(Login.found(), "command", changing)


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


class TaskId(click.ParamType):
    """A task's id or its beginning."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it in its usual form."""
        try:
            return ids.normal(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        param: click.Parameter,  # noqa: ARG002 - click's
        incomplete: str,
    ) -> list[CompletionItem]:
        """Offer ids that begin so, with their titles, by default those of the newest open tasks.

        Nothing is offered where Rondo can't be reached at once.
        """
        try:
            login = Login.found()
            with Rondo(login.api, login.token, timeout=COMPLETION, attempts=1) as client:
                found = _begun(client, incomplete.lower())
        except RondoError:
            return []
        shown = max(ids.SHOWN, len(incomplete))
        return [CompletionItem(id_[:shown], help=plain(title)) for id_, title in found]


def _begun(client: Rondo, beginning: str) -> list[tuple[str, str]]:
    """Return ids and titles of a page of tasks: of the newest open ones, or of those whose ids begin so."""
    if not beginning:
        return [(task["id"], task["title"]) for task in islice(client.tasks("open", limit=PAGE), PAGE)]
    return [(task["id"], task["title"]) for task in client.tasks_by_id(beginning, limit=PAGE)["items"]]


def several(command: C) -> C:
    """Take one or more ids."""
    return click.argument("tasks", metavar="ID...", nargs=-1, required=True, type=TaskId())(command)


def one(command: C) -> C:
    """Take one id."""
    return click.argument("task", metavar="ID", type=TaskId())(command)


def resolve(client: Rondo, typed: Sequence[str]) -> list[str]:
    """Return the ids that were typed whole or by their beginning, each once. Raises ``Failed`` where one means none."""
    try:
        meant = [text if ids.whole(text) else ids.only(text, client.tasks_by_id(text)) for text in dict.fromkeys(typed)]
    except ids.NotATask as error:
        raise Failed(str(error)) from None
    return list(dict.fromkeys(meant))


def each(
    tasks: Iterable[str],
    send: Callable[[str], Answer],
    told: Callable[[Answer], str],
    as_json: bool,
    *,
    ahead: bool = False,
) -> None:
    """Send a command for each task, and tell what became of it; ``ahead`` as for ``undoable``.

    A refusal does not keep the others from theirs; where Rondo is away, the rest is not sent.
    """
    answers: list[Answer] = []
    taken: list[Answer] = []
    status = DONE
    try:
        for task in tasks:
            try:
                answer = send(task)
                taken.append(answer)
                settled(answer)
            except (Problem, Pending) as error:
                if isinstance(error, Problem):
                    taken += refused(error)
                if (end := failed(error)).exit_code == AWAY:
                    raise
                click.echo(f"{task[: ids.SHOWN]}: {end.message}", err=True)
                status = FAILED
                continue
            answers.append(answer)
            if not as_json:
                click.echo(told(answer))
    finally:
        undoable(*taken, ahead=ahead)
        if as_json:
            echo_json(answers)
    raise Exit(status)


def told(answer: Answer, done: str, already: str) -> str:
    """Return in a sentence what became of a command on a task."""
    task = name(settled(answer))
    return f"{task} {already}" if answer["command"]["status"] == "nothing-to-do" else f"{done} {task}"


def name(task: Task) -> str:
    """Return a task as sentences name it."""
    return f"{task['id'][: ids.SHOWN]} {plain(task['title'])}"


def echo_json(value: Any) -> None:
    """Print a JSON value."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def echo(shown: RenderableType) -> None:
    """Print on a terminal what rich renders."""
    Console(highlight=False).print(shown)


def on_terminal() -> bool:
    """Say whether people look at the output, and not a program."""
    return Console().is_terminal


def local_zone() -> str:
    """Return the IANA name of the zone where the person is."""
    return str(tzlocal.get_localzone_name())


def now() -> datetime:
    """Return this moment, with the offset of where the person is."""
    return datetime.now(UTC).astimezone()


def given(typed: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were typed."""
    return {field: value for field, value in typed.items() if value is not None}
