"""The commands that read the log, its stages and its topics, and the worker that runs stages."""

import asyncio
import contextlib
import errno
import sys
from typing import Any, BinaryIO

import asyncpg
import click
import httpx
from aiokafka.errors import KafkaError

from common import logs, settings
from common.addresses import only_origins
from rondo.client import RondoError
from rondo.commands import api_command, demo, output
from rondo.commands.exits import AWAY, Failed
from rondo.commands.help_format import Context
from rondo.location import Place, UnknownAddress
from rondo.operator import audit, grouping, lag, replay, tail, topics
from schemas.kafka.admin import NoTopic
from schemas.kafka.hidden import StillOpen
from schemas.registry.client import RegistryUnavailable
from streams import connections, topologies, worker
from streams.progress import positions
from streams.progress.lag import NoViews
from streams.regrouping import NotRegroupable
from streams.replay import Differs, LogPosition, NotAPosition, OtherVersion, Scope
from streams.runtime.ownership import OtherGrouping
from streams.runtime.rocksdb import DiskError
from streams.runtime.topology import WrongTopology

REPORTED = (
    UnknownAddress,
    demo.Stuck,
    OtherVersion,
    NotAPosition,
    Differs,
    StillOpen,
    NoViews,
    tail.UnknownTopic,
    replay.Nothing,
    NoTopic,
    WrongTopology,
    NotRegroupable,
    OtherGrouping,
)
"""Errors whose text is for the person who typed the command."""

_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EROFS, errno.EIO})


def _quoted(error: Exception) -> str:
    """Return the text of another program's error, without the passwords of addresses that it quotes."""
    return only_origins(str(error))


def _away(error: Exception) -> Failed:
    return Failed(f"Rondo can't be reached ({_quoted(error)}): is `make run` running?", AWAY)


def _refused() -> Failed | None:
    """Return what a part refuses of the settings, which its errors do not say."""
    at = Place.load().known
    if not {"kafka", "registry"} <= at.keys():
        return None
    sentence = asyncio.run(connections.refusal(at["kafka"], at["registry"], at.get("postgres", "")))
    return Failed(sentence) if sentence else None


def _failed(error: OSError) -> Failed:
    """Return an operating system error as ``Failed``: one of a file or of this machine, else one of a connection."""
    if isinstance(error, DiskError) or error.filename is not None or error.errno in _MACHINE:
        return Failed(f"It failed on this machine ({_quoted(error)}).")
    return _away(error)


class LogCommand(click.Command):
    """A command that reads the log; its errors become ``Failed``."""

    context_class = Context

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        logs.configure("warning")  # a worker's own setting is applied later
        settings.check(*connections.SETTINGS)
        try:
            return super().invoke(ctx)
        except REPORTED as error:
            raise Failed(str(error)) from error
        except RondoError as error:
            raise api_command.failed(error) from error
        except RegistryUnavailable as error:
            raise _refused() or Failed(_quoted(error), AWAY) from error
        except BrokenPipeError:
            raise  # the reader has closed the output: click exits silently
        except OSError as error:
            raise _refused() or _failed(error) from error
        except (httpx.TransportError, KafkaError) as error:
            raise _refused() or _away(error) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if refused := _refused():
                raise refused from error
            advice = "is it Rondo's database, and has `make run` or a migration prepared it?"
            raise Failed(f"Postgres can't answer ({_quoted(error)}): {advice}") from error


@click.command("worker", cls=LogCommand)
@click.argument("names", metavar="[TOPOLOGIES]...", nargs=-1)
def run_worker(names: tuple[str, ...]) -> None:
    """Run TOPOLOGIES in this process; by default all."""
    worker.run(names)


@click.command("demo", cls=LogCommand)
def run_demo() -> None:
    """Run a demonstration on a running Rondo: a recurring task, its reminder, its audit trail."""
    demo.run(Place.load())


@click.group("audit")
def audit_group() -> None:
    """Check the audit trail."""


@audit_group.command("verify", cls=LogCommand)
@click.option("--user", help="Only this user's chain, by id.")
def verify(user: str | None) -> None:
    """Check every user's hash chain on the log, and report the first break."""
    found = asyncio.run(audit.verify(Place.load(), user))
    if user and not found.entries:
        raise Failed(f"There is no entry of user {user} on the log.")
    click.echo(found.describe())
    sys.exit(1 if found.broken else 0)


@click.command("verify", cls=LogCommand)
@click.argument("stages", nargs=-1, type=click.Choice(topologies.STAGES))
def verify_stages(stages: tuple[str, ...]) -> None:
    """Fold the log again for the topologies of STAGES, by default all, and compare with state, topics and rows.

    Rondo may be running. The status is 1 if something differs.
    """
    report = asyncio.run(replay.verify(Place.load(), stages))
    click.echo(report.describe())
    sys.exit(1 if report.differences else 0)


@click.command("replay", cls=LogCommand)
@click.argument("stage", type=click.Choice(topologies.STAGES))
@click.option("--user", help="Only this user's entries, by id.")
@click.option(
    "--since", help="Only entries changed since a record (task-commands/0/17) or an instant (2026-11-23T12:00Z)."
)
@click.option("--until", help="State as of just before a record or an instant; for views, an instant.")
@click.option("--output", type=click.File("wb", atomic=True), default="-", help="File to write to.")
def replay_stage(stage: str, user: str | None, since: str | None, until: str | None, output: BinaryIO) -> None:
    """Fold the log again for STAGE, and print the result: one JSON object per line."""
    begin, end = (LogPosition.parsed(text) if text else None for text in (since, until))
    asyncio.run(replay.show(Place.load(), stage, Scope(user, begin, end), output))


@click.command("lag", cls=LogCommand)
@click.argument("stages", nargs=-1, type=click.Choice(topologies.STAGES))
@click.option("-j", "--json", "as_json", is_flag=True, help="One JSON object per line.")
def show_lag(stages: tuple[str, ...], as_json: bool) -> None:
    """Show how far behind the topologies of STAGES are, by default all; no worker has to run."""
    lags = asyncio.run(lag.read(Place.load(), stages))
    if not lags:
        raise Failed(
            "This broker has none of the stages' topics: is it another broker, or was Rondo never started on it?"
        )
    if as_json:
        click.echo("\n".join(lag.json(lags)))
    else:
        output.echo(lag.table(lags))


@click.command("reset-positions", cls=LogCommand)
def reset_positions() -> None:
    """Reset positions that are beyond the end of the log to its end; the records in between are lost."""
    at = Place.load()
    resets = asyncio.run(positions.reset(at.kafka, at.registry, at.postgres, grouping.of(at)))
    if not resets:
        click.echo("No position is beyond the end of the log.")
    for one in resets:
        lost = f"{one.end} to {one.position - 1}"
        click.echo(f"{one.topology}: {one.topic}/{one.partition} from {one.position} to {one.end}; lost: {lost}")


@click.command("regroup", cls=LogCommand)
@click.option("--unverified", is_flag=True, help="Take the state as it is, without folding the log again: faster.")
def regroup(unverified: bool) -> None:
    """Let a log that was written in another grouping go on in that of RONDO_TOPOLOGIES, while no worker runs.

    The log is folded again for the stages whose topology changes, and must lead to their state, which is taken over. If
    it ends half-way, run it again.
    """
    click.echo(grouping.describe(asyncio.run(grouping.regroup(Place.load(), verified=not unverified))))


@click.command("topics", cls=LogCommand)
def show_topics() -> None:
    """Show every topic, and its configuration drift; the status is 1 if there is any."""
    found = asyncio.run(topics.read(Place.load()))
    output.echo(topics.table(found))
    sys.exit(1 if any(topic.deviations for topic in found) else 0)


@click.command("tail", cls=LogCommand)
@click.argument("topic")
@click.option(
    "-n",
    "last",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Number of existing records to show.",
)
@click.option("--from-beginning", is_flag=True, help="Show all existing records.")
@click.option("--no-follow", is_flag=True, help="Exit instead of waiting for new records.")
@click.option("--user", help="Only this user's records, by id.")
@click.option("--partition", type=int, help="Only this partition.")
@click.option("-j", "--json", "as_json", is_flag=True, help="One JSON object per line, with headers.")
def follow_topic(topic: str, last: int, as_json: bool, **options: Any) -> None:
    """Show the records of TOPIC, decoded: the last ones, and then new ones, until Ctrl-C.

    Each is printed with its place, time, key, type and value.
    """
    whole, follow = options.pop("from_beginning"), not options.pop("no_follow")
    wanted = tail.TailQuery(topic, None if whole else last, follow, **options)

    async def show() -> None:
        async with contextlib.aclosing(tail.tail(Place.load(), wanted)) as records:
            async for record in records:
                click.echo(record.json() if as_json else record.line())

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(show())
