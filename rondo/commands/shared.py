"""What the commands on tasks share: the client, ids, options, and reports of answers."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from shutil import get_terminal_size
from typing import Any, TypeVar, cast

import click
from click.exceptions import Exit
from click.shell_completion import CompletionItem

from rondo.client import Answer, Login, Pending, Problem, Rondo, RondoError, Task, errors, settled
from rondo.client.models import FilterAnswer, ListAnswer
from rondo.commands import hints, option_names, undo_steps
from rondo.commands.aliases import Aliased
from rondo.commands.exits import AWAY, DONE, FAILED, USAGE, Failed
from rondo.commands.help_format import Context
from rondo.terminal import clock, ids
from rondo.terminal.cells import has_colours
from rondo.terminal.fitting import WIDE, Layout
from rondo.terminal.plain import plain

WAIT = 30.0
"""Seconds to wait for a command's outcome."""
PAGE = 200
"""Items per request where all are wanted."""
COMPLETION = 2.0
"""Seconds that the completion of an id may take."""
C = TypeVar("C", bound=Callable[..., Any])


class ZoneName(click.ParamType):
    """The IANA name of a time zone."""

    name = "zone"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. Raises ``click.BadParameter`` for an unknown one."""
        try:
            clock.zone(value)
        except clock.NoZone as error:
            self.fail(str(error), param, ctx)
        return value


zone: Callable[[C], C] = click.option(
    "-z", "--zone", type=ZoneName(), help="Time zone of your days, such as Europe/Paris; default: this machine's."
)
as_json: Callable[[C], C] = click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON, as the API has it.")


class TaskCommand(click.Command):
    """A command that calls the API; its errors become ``Failed``."""

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments. Refuse a second --filter: ignoring one of them would change more tasks."""
        _, _, order = self.make_parser(ctx).parse_args([*args])
        if [param.name for param in order].count("filter_") > 1 and not ctx.resilient_parsing:
            raise click.UsageError("--filter is given twice: write one filter, as in 'overdue and #work'.", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except RondoError as error:
            raise failed(error) from error
        except clock.NoZone as error:
            raise Failed(str(error), USAGE) from error
        except UnicodeError as error:
            raise Failed(f"The input is not UTF-8 ({error}).") from error
        except BrokenPipeError:
            raise  # the reader has closed the output: click exits silently
        except OSError as error:
            raise Failed(f"It failed on this machine ({error}).") from error


ADVICE: tuple[tuple[type[RondoError], int, str], ...] = (
    (errors.WrongWay, FAILED, ""),
    (errors.Unreachable, AWAY, "Is it running there? `rondo whoami` shows where the address comes from."),
    (errors.Pending, AWAY, "Check later with `rondo list`."),
    (errors.OutcomeUnknown, AWAY, "Check with `rondo list` before you run it again."),
    (errors.Unavailable, AWAY, ""),
    (errors.Unauthorized, FAILED, "`rondo login` sets another token."),
    (RondoError, FAILED, ""),
)
"""By type of error, the exit status, and advice to add to the error's own text."""


def failed(error: RondoError) -> Failed:
    """Return an error of the client as ``Failed``, with advice."""
    text = option_names.describe(error) if isinstance(error, Problem) else str(error)
    status, advice = next((status, advice) for kind, status, advice in ADVICE if isinstance(error, kind))
    return Failed(f"{text} {advice}".strip(), status)


class Client(Rondo):
    """The client of a terminal."""

    def _again(self, *failed: Any) -> Any:
        """Retry silently: only the last failure is reported."""
        import stamina  # noqa: PLC0415 - it takes long to import

        stamina.instrumentation.set_on_retry_hooks([])
        return super()._again(*failed)


@contextmanager
def rondo() -> Iterator[Rondo]:
    """Connect as the user who is logged in."""
    with Client.from_login() as client:
        yield client


class TaskCommands(TaskCommand, Aliased):
    """A group whose commands call the API, as it does itself without a command."""

    command_class = TaskCommand


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
        return [(task["id"], task["title"]) for task in islice(client.tasks("open", limit=PAGE), PAGE)]
    return [(task["id"], task["title"]) for task in client.tasks_by_id(beginning, limit=PAGE)["items"]]


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


def each(
    tasks: Iterable[str],
    send: Callable[[str], Answer],
    describe: Callable[[Answer], str],
    as_json: bool,
    *,
    ahead: bool = False,
) -> None:
    """Send a command for each task, and report its result; ``ahead`` as for ``keeping.undoable``.

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
                if (end := failed(error)).exit_code == AWAY:
                    raise
                click.echo(f"{task[: ids.SHOWN]}: {end.message}", err=True)
                status = FAILED
                continue
            answers.append(answer)
            sentences.append(describe(answer))
            if not as_json:
                click.echo(sentences[-1])
    finally:
        undo_steps.undoable(*taken, ahead=ahead, summaries=sentences)
        if as_json:
            echo_json(answers)
    raise Exit(status)


def describe(answer: Answer, done: str, already: str) -> str:
    """Return the result of a command on a task as a sentence."""
    task = name(settled(answer))
    return f"{task} {already}" if answer["command"]["status"] == "nothing-to-do" else f"{done} {task}"


def report_named(
    answer: ListAnswer | FilterAnswer, kind: str, done: str, as_json: bool, *, ahead: bool = False
) -> None:
    """Record and print the result of a command on a list or a saved filter; ``ahead`` as for ``keeping.undoable``."""
    known = cast("dict[str, Any]", answer)[kind] or {}
    summaries = [f"{done} {kind} {_short(known, 'name')}"] if "name" in known else []
    undo_steps.undoable(answer, ahead=ahead, summaries=summaries)
    named = _short(settled(answer), "name")
    if as_json:
        echo_json(answer)
    else:
        unchanged = answer["command"]["status"] == "nothing-to-do"
        click.echo(f"{named} was already like that" if unchanged else f"{done} {named}")


def name(task: Task) -> str:
    """Return a task's short id and title."""
    return _short(task, "title")


def _short(entity: Mapping[str, Any], field: str) -> str:
    return f"{entity['id'][: ids.SHOWN]} {plain(entity[field])}"


def echo_json(value: Any) -> None:
    """Print a JSON value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def echo(layout: Layout) -> None:
    """Print a layout fitted to this terminal; to a pipe or a file, in full and without colours."""
    terminal = on_terminal()
    room = get_terminal_size().columns if terminal else WIDE
    for line in layout.lines(room):
        click.echo(line.render(terminal and has_colours()), color=terminal)


def on_terminal() -> bool:
    """Return whether the output goes to a person, not to a program."""
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def typed_in() -> str:
    """Return the text on standard input, with line feeds as line ends. Raises ``UnicodeError``."""
    return click.get_binary_stream("stdin").read().decode().replace("\r\n", "\n").replace("\r", "\n")


def default_zone() -> str:
    """Return the IANA name of the default zone: this machine's. Raises ``NoZone``.

    Once accounts have zones, the account's comes first.
    """
    return clock.machine()


def typed_only(typed: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were typed."""
    return {field: value for field, value in typed.items() if value is not None}
