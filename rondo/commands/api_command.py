"""Commands that call the API: their client, options and errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from rondo.client import Problem, Rondo, RondoError, errors
from rondo.commands import option_names
from rondo.commands.aliases import Aliased
from rondo.commands.exits import AWAY, FAILED, USAGE, Failed
from rondo.commands.help_format import Context
from rondo.terminal import clock

WAIT = 30.0
"""Seconds to wait for a command's outcome."""


PAGE = 200
"""Items per request where all are wanted."""


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
    (errors.Invalid, USAGE, ""),
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


def typed_in() -> str:
    """Return the text on standard input, with line feeds as line ends. Raises ``UnicodeError``."""
    return click.get_binary_stream("stdin").read().decode().replace("\r\n", "\n").replace("\r", "\n")


def default_zone() -> str:
    """Return the IANA name of the zone in which times are typed and shown: this machine's. Raises ``NoZone``."""
    return clock.machine()


def typed_only(typed: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were typed."""
    return {field: value for field, value in typed.items() if value is not None}
