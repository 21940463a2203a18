"""The command line: ``rondo worker``, ``rondo audit verify``, ``rondo demo``."""

import asyncio
import sys

import click
import httpx
from aiokafka.errors import KafkaConnectionError

from rondo import audit, demo
from rondo.client import Problem
from rondo.place import Place, Unknown
from schemas.registry.client import RegistryUnavailable
from streams import worker


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


def main() -> None:
    """Run the command line; what went wrong is one sentence on standard error."""
    try:
        cli()
    except (Unknown, Problem, RegistryUnavailable, demo.Stuck) as error:
        fail(str(error))
    except (httpx.TransportError, KafkaConnectionError) as error:
        fail(f"Rondo can't be reached ({error}): is `make run` running?")


def fail(sentence: str) -> None:
    """End with a sentence and status 1."""
    click.echo(sentence, err=True)
    sys.exit(1)
