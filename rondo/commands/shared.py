"""What the commands on tasks share: who is logged in, ids, options, and how an answer is told."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from shutil import get_terminal_size
from typing import Any, TypeVar

import click
from click.exceptions import Exit
from click.shell_completion import CompletionItem

from rondo.client import Answer, Login, Pending, Problem, Rondo, RondoError, Task, errors, settled
from rondo.client.models import FilterAnswer, List, ListAnswer, SavedFilter
from rondo.commands import hints, keeping, option_names
from rondo.commands.aliases import Aliased
from rondo.commands.exits import AWAY, DONE, FAILED, USAGE, Failed
from rondo.commands.help_format import Context
from rondo.terminal import clock, ids
from rondo.terminal.cells import has_colours
from rondo.terminal.fitting import WIDE, Shown
from rondo.terminal.plain import plain

WAIT = 30.0
"""Seconds that a command waits for its outcome."""
PAGE = 200
"""Items asked for at a time where all are wanted."""
COMPLETION = 2.0
"""Seconds that the completion of an id may take."""
C = TypeVar("C", bound=Callable[..., Any])


class ZoneName(click.ParamType):
    """The IANA name of a time zone."""

    name = "zone"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it."""
        try:
            clock.zone(value)
        except clock.NoZone as error:
            self.fail(str(error), param, ctx)
        return value


zone: Callable[[C], C] = click.option(
    "-z", "--zone", type=ZoneName(), help="Where your days are, as Europe/Paris; else here."
)
as_json: Callable[[C], C] = click.option(
    "-j", "--json", "as_json", is_flag=True, help="A JSON value, as the API has it."
)


class TaskCommand(click.Command):
    """A command that talks to the API; what goes wrong on the way ends it as ``Failed``."""

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what was typed. Of two filters none is left out without a word: more tasks would be changed."""
        _, _, order = self.make_parser(ctx).parse_args([*args])
        if [param.name for param in order].count("filter_") > 1 and not ctx.resilient_parsing:
            raise click.UsageError("--filter is given twice: write one filter, as in 'overdue and #work'.", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except RondoError as error:
            raise failed(error) from error
        except clock.NoZone as error:
            raise Failed(str(error), USAGE) from error
        except UnicodeError as error:
            raise Failed(f"What was read is not UTF-8 ({error}).") from error
        except BrokenPipeError:
            raise  # who reads the output has seen enough: click ends it without a word
        except OSError as error:
            raise Failed(f"This machine can't do it ({error}).") from error


ADVICE: tuple[tuple[type[RondoError], int, str], ...] = (
    (errors.WrongWay, FAILED, ""),
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
    told = option_names.told(error) if isinstance(error, Problem) else str(error)
    status, advice = next((status, advice) for kind, status, advice in ADVICE if isinstance(error, kind))
    return Failed(f"{told} {advice}".strip(), status)


class Client(Rondo):
    """The client of a terminal."""

    def _again(self, *failed: Any) -> Any:
        """Try again without a word: what was tried in vain is told once, at the end."""
        import stamina  # noqa: PLC0415 - it takes long to import

        stamina.instrumentation.set_on_retry_hooks([])
        return super()._again(*failed)


@contextmanager
def rondo() -> Iterator[Rondo]:
    """Connect as who is logged in."""
    with Client.found() as client:
        yield client


class TaskCommands(TaskCommand, Aliased):
    """A group whose commands talk to the API, and that does so itself where none of them is typed."""

    command_class = TaskCommand


class TaskId(click.ParamType):
    """A task's id or its beginning."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it in its usual form."""
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
        """Offer ids that begin so, with their titles, by default those of the newest open tasks.

        Nothing is offered where Rondo can't be reached at once.
        """
        try:
            login = Login.found()
            with Rondo(login.api, login.token, timeout=COMPLETION, attempts=1) as client:
                found = _begun(client, incomplete.lower())
        except (RondoError, UnicodeError, OSError):
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
    """Send a command for each task, and tell what became of it; ``ahead`` as for ``keeping.undoable``.

    A refusal does not keep the others from theirs; where Rondo is away, the rest is not sent.
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
                    taken += keeping.refused(error)
                if (end := failed(error)).exit_code == AWAY:
                    raise
                click.echo(f"{task[: ids.SHOWN]}: {end.message}", err=True)
                status = FAILED
                continue
            answers.append(answer)
            sentences.append(told(answer))
            if not as_json:
                click.echo(sentences[-1])
    finally:
        keeping.undoable(*taken, ahead=ahead, told=sentences)
        if as_json:
            echo_json(answers)
    raise Exit(status)


def told(answer: Answer, done: str, already: str) -> str:
    """Return in a sentence what became of a command on a task."""
    task = name(settled(answer))
    return f"{task} {already}" if answer["command"]["status"] == "nothing-to-do" else f"{done} {task}"


def tell_named(answer: ListAnswer | FilterAnswer, found: List | SavedFilter, done: str) -> None:
    """Tell what became of a command on a list or a saved filter."""
    named = f"{found['id'][: ids.SHOWN]} {plain(found['name'])}"
    is_so = answer["command"]["status"] == "nothing-to-do"
    click.echo(f"{named} was like that already" if is_so else f"{done} {named}")


def name(task: Task) -> str:
    """Return a task as sentences name it."""
    return f"{task['id'][: ids.SHOWN]} {plain(task['title'])}"


def echo_json(value: Any) -> None:
    """Print a JSON value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def echo(shown: Shown) -> None:
    """Print what is laid out for this terminal; into a pipe or a file it comes whole, and without colours."""
    terminal = on_terminal()
    room = get_terminal_size().columns if terminal else WIDE
    for line in shown.lines(room):
        click.echo(line.written(terminal and has_colours()), color=terminal)


def on_terminal() -> bool:
    """Say whether people look at the output, and not a program."""
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def typed_in() -> str:
    """Return what stands on standard input, its lines ended as everywhere. Raises ``UnicodeError``."""
    return click.get_binary_stream("stdin").read().decode().replace("\r\n", "\n").replace("\r", "\n")


def default_zone() -> str:
    """Return the IANA name of the zone that is meant where none is typed: this machine's. Raises ``NoZone``.

    Here belongs the account's own, which comes before it, once accounts have zones.
    """
    return clock.machine()


def given(typed: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were typed."""
    return {field: value for field, value in typed.items() if value is not None}
