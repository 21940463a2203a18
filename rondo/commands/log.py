"""The commands that look at the log, its stages and its topics, and the worker that runs them."""

import asyncio
import contextlib
import errno
import sys
from typing import Any, BinaryIO

import asyncpg
import click
import httpx
from aiokafka.errors import KafkaError

from rondo import demo
from rondo.client import RondoError
from rondo.commands import shared
from rondo.commands.exits import AWAY, Failed
from rondo.commands.help_format import Context
from rondo.operator import audit, lag, replay, tail, topics
from rondo.operator.location import Place, Unknown
from schemas import logs
from schemas.addresses import only_origins
from schemas.registry.client import RegistryUnavailable
from streams import worker
from streams.kafka.reading import NoTopic, StillOpen
from streams.progress import positions
from streams.progress.lag import NoViews
from streams.replay import Differs, Mark, NotAMark, OtherRules, Scope
from streams.runtime.rocksdb import DiskError

TOLD = (
    Unknown,
    demo.Stuck,
    OtherRules,
    NotAMark,
    Differs,
    StillOpen,
    NoViews,
    tail.UnknownTopic,
    replay.Nothing,
    NoTopic,
)
"""Errors whose text is for the person who typed the command."""


_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EROFS, errno.EIO})


def _quoted(error: Exception) -> str:
    """Return the text of another program's error, which may quote an address, without the password of that."""
    return only_origins(str(error))


def _away(error: Exception) -> Failed:
    return Failed(f"Rondo can't be reached ({_quoted(error)}): is `make run` running?", AWAY)


def _failed(error: OSError) -> Failed:
    """Return how a command ends by an error of the system: of a file or of this machine, else of a connection."""
    if isinstance(error, DiskError) or error.filename is not None or error.errno in _MACHINE:
        return Failed(f"This machine can't do it ({_quoted(error)}).")
    return _away(error)


class LogCommand(click.Command):
    """A command that looks at the log; what goes wrong on the way ends it as ``Failed``."""

    context_class = Context

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        logs.configure("warning")  # a worker's own setting comes after
        try:
            return super().invoke(ctx)
        except TOLD as error:
            raise Failed(str(error)) from error
        except RondoError as error:
            raise shared.failed(error) from error
        except RegistryUnavailable as error:
            raise Failed(_quoted(error), AWAY) from error
        except BrokenPipeError:
            raise  # who reads the output has seen enough: click ends it without a word
        except OSError as error:
            raise _failed(error) from error
        except (httpx.TransportError, KafkaError) as error:
            raise _away(error) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            advice = "is it Rondo's, and has `make run` or a migration prepared it?"
            raise Failed(f"Postgres can't answer ({_quoted(error)}): {advice}") from error


@click.command("worker", cls=LogCommand)
@click.argument("stages", nargs=-1, type=click.Choice(worker.STAGES))
def run_worker(stages: tuple[str, ...]) -> None:
    """Run STAGES in this process; without any, all of them."""
    worker.run(stages or worker.STAGES)


@click.command("demo", cls=LogCommand)
def tell_demo() -> None:
    """Tell a story on a running Rondo: a recurring task, its reminder, its audit trail."""
    demo.tell(Place.found())


@click.group("audit")
def audit_group() -> None:
    """Look after the audit trail."""


@audit_group.command("verify", cls=LogCommand)
@click.option("--user", help="Only this user's chain, by id.")
def verify(user: str | None) -> None:
    """Check every user's hash chain on the log, and name the first break."""
    found = asyncio.run(audit.verify(Place.found(), user))
    if user and not found.entries:
        raise Failed(f"There is no entry of user {user} on the log.")
    click.echo(found.told())
    sys.exit(1 if found.broken else 0)


@click.command("verify", cls=LogCommand)
@click.argument("stages", nargs=-1, type=click.Choice(worker.STAGES))
def verify_stages(stages: tuple[str, ...]) -> None:
    """Fold the log again for STAGES, without any for all of them, and compare with state, topics and rows.

    Rondo may run meanwhile. The status is 1 where something differs.
    """
    report = asyncio.run(replay.verify(Place.found(), stages or worker.STAGES))
    click.echo(report.told())
    sys.exit(1 if report.differences else 0)


@click.command("replay", cls=LogCommand)
@click.argument("stage", type=click.Choice(worker.STAGES))
@click.option("--user", help="Only what belongs to this user, by id.")
@click.option(
    "--since", help="Only what changed since a record (task-commands/0/17) or an instant (2026-11-23T12:00Z)."
)
@click.option("--until", help="As it was before a record or an instant; views, before an instant.")
@click.option("--output", type=click.File("wb", atomic=True), default="-", help="A file to write to.")
def replay_stage(stage: str, user: str | None, since: str | None, until: str | None, output: BinaryIO) -> None:
    """Fold the log again for STAGE, and tell what it leads to: one JSON object a line."""
    since_mark, until_mark = (Mark.parsed(text) if text else None for text in (since, until))
    asyncio.run(replay.show(Place.found(), stage, Scope(user, since_mark, until_mark), output))


@click.command("lag", cls=LogCommand)
@click.argument("stages", nargs=-1, type=click.Choice(worker.STAGES))
@click.option("-j", "--json", "as_json", is_flag=True, help="One JSON object a line.")
def show_lag(stages: tuple[str, ...], as_json: bool) -> None:
    """Show how far STAGES are behind, without any all of them; no worker has to run."""
    lags = asyncio.run(lag.found(Place.found(), stages or worker.STAGES))
    if not lags:
        raise Failed("This broker has none of the stages' topics: is it another one, or was Rondo never started on it?")
    if as_json:
        click.echo("\n".join(lag.json(lags)))
    else:
        shared.echo(lag.table(lags))


@click.command("reset-positions", cls=LogCommand)
def reset_positions() -> None:
    """Reset positions that are beyond the end of the log to that end: what was lost there is given up."""
    at = Place.found()
    resets = asyncio.run(positions.reset(at.kafka, at.registry, at.postgres, map(worker.find, worker.STAGES)))
    if not resets:
        click.echo("No position is beyond the end of the log.")
    for one in resets:
        lost = f"{one.end} to {one.position - 1}"
        click.echo(f"{one.stage}: {one.topic}/{one.partition} from {one.position} to {one.end}; lost: {lost}")


@click.command("topics", cls=LogCommand)
def show_topics() -> None:
    """Show every topic, and what is not as it should be; then the status is 1."""
    found = asyncio.run(topics.found(Place.found()))
    shared.echo(topics.table(found))
    sys.exit(1 if any(topic.deviations for topic in found) else 0)


@click.command("tail", cls=LogCommand)
@click.argument("topic")
@click.option("-n", "last", type=click.IntRange(0), default=10, show_default=True, help="So many that stand.")
@click.option("--from-beginning", is_flag=True, help="All that stand.")
@click.option("--no-follow", is_flag=True, help="End instead of waiting for what comes.")
@click.option("--user", help="Only this user's, by id.")
@click.option("--partition", type=int, help="Only this partition's.")
@click.option("-j", "--json", "as_json", is_flag=True, help="One JSON object a line, with headers.")
def follow_topic(topic: str, last: int, as_json: bool, **options: Any) -> None:
    """Show the records of TOPIC, decoded: the last ones, and then what comes, until Ctrl-C.

    Each is told with its place, its time, its key, its type and its value.
    """
    whole, follow = options.pop("from_beginning"), not options.pop("no_follow")
    wanted = tail.Wanted(topic, None if whole else last, follow, **options)

    async def show() -> None:
        async with contextlib.aclosing(tail.tail(Place.found(), wanted)) as records:
            async for record in records:
                click.echo(record.json() if as_json else record.line())

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(show())
