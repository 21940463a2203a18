"""The command line: ``rondo worker``, ``rondo verify``, ``rondo replay``, ``rondo audit verify``, ``rondo demo``."""

import asyncio
import sys
from typing import BinaryIO

import click
import httpx
from aiokafka.errors import KafkaConnectionError

from rondo import audit, demo, replay
from rondo.client import Problem
from rondo.place import Place, Unknown
from schemas import logs
from schemas.registry.client import RegistryUnavailable
from streams import worker
from streams.reading import Unsettled
from streams.replay import Differs, Mark, NotAMark, OtherRules, Wanted


@click.group()
def cli() -> None:
    """Rondo: tasks that never duplicate, reminders that are never lost."""


@cli.command("worker")
@click.argument("stages", nargs=-1, type=click.Choice(worker.STAGES))
def run_worker(stages: tuple[str, ...]) -> None:
    """Run STAGES in this process; without any, all six."""
    worker.run(stages or worker.STAGES)


@cli.command("demo")
def tell_demo() -> None:
    """Tell a story on a running Rondo: a recurring task, its reminder, its audit trail."""
    demo.tell(Place.found())


@cli.group("audit")
def audit_group() -> None:
    """Look after the audit trail."""


@audit_group.command("verify")
@click.option("--user", help="Only this user's chain, by id.")
def verify(user: str | None) -> None:
    """Check every user's hash chain on the log, and name the first break."""
    found = asyncio.run(audit.verify(Place.found(), user))
    if user and not found.entries:
        fail(f"There is no entry of user {user} on the log.")
    click.echo(found.told())
    sys.exit(1 if found.broken else 0)


@cli.command("verify")
@click.argument("stages", nargs=-1, type=click.Choice(worker.STAGES))
def verify_stages(stages: tuple[str, ...]) -> None:
    """Fold the log again for STAGES, without any for all six, and compare with state, topics and rows.

    Rondo may run meanwhile. The status is 1 where something differs.
    """
    logs.configure("warning")
    report = asyncio.run(replay.verify(Place.found(), stages or worker.STAGES))
    click.echo(report.told())
    sys.exit(1 if report.differences else 0)


@cli.command("replay")
@click.argument("stage", type=click.Choice(worker.STAGES))
@click.option("--user", help="Only what belongs to this user, by id.")
@click.option(
    "--since", help="Only what changed since a record (task-commands/0/17) or an instant (2026-11-23T12:00Z)."
)
@click.option("--until", help="As it was before a record or an instant.")
@click.option("--output", type=click.File("wb", atomic=True), default="-", help="A file to write to.")
def replay_stage(stage: str, user: str | None, since: str | None, until: str | None, output: BinaryIO) -> None:
    """Fold the log again for STAGE, and tell what it leads to: one JSON object a line."""
    logs.configure("warning")
    since_mark, until_mark = (Mark.parsed(text) if text else None for text in (since, until))
    asyncio.run(replay.show(Place.found(), stage, Wanted(user, since_mark, until_mark), output))


def main() -> None:
    """Run the command line; what went wrong is one sentence on standard error."""
    try:
        cli()
    except (Unknown, Problem, RegistryUnavailable, demo.Stuck, OtherRules, NotAMark, Differs, Unsettled) as error:
        fail(str(error))
    except (httpx.TransportError, KafkaConnectionError) as error:
        fail(f"Rondo can't be reached ({error}): is `make run` running?")


def fail(sentence: str) -> None:
    """End with a sentence and status 1."""
    click.echo(sentence, err=True)
    sys.exit(1)
