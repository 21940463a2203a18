"""``python -m local``: starts Rondo whole on this machine, and stops it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from rich.console import Console

from local import directory as data
from local import jars, leftovers, ports, settings
from local.greeting import description, greeting
from local.problem import Problem, Stopped
from local.progress import Progress
from local.settings import CACHE
from local.stack import BROKER, POSTGRES, REGISTRY, Stack
from local.watch import Watch

_ONLY = {"kafka": BROKER, "postgres": POSTGRES, "registry": REGISTRY}


@click.group()
def main() -> None:
    """Run Rondo whole on this machine."""


@main.command()
@click.option("--only", callback=lambda *given: _parts(given[2]), help=f"Start only some parts: {','.join(_ONLY)}.")
@click.option("-v", "--verbose", is_flag=True, help="Show all that the parts log, not only warnings.")
def up(only: frozenset[str] | None, verbose: bool) -> None:
    """Start the stack, and stop it at Ctrl-C."""
    with _told(), _running(only, greet=True) as (stack, stopping):
        Watch(stack, click.echo, verbose=verbose).until(stopping)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True)
def during(command: tuple[str, ...]) -> None:
    """Run COMMAND on the stack that runs, or on one that runs meanwhile."""
    with _told():
        where = settings.load().data
        if data.is_held(where):
            sys.exit(subprocess.run(command, check=False).returncode)
        with _running(None, greet=False):
            status = subprocess.run(command, check=False).returncode
        sys.exit(status)


@main.command("jars")
def list_jars() -> None:
    """Print what Maven resolves for Apache Kafka now, in the form of local/kafka.jars."""
    with _told():
        click.echo(jars.relist(CACHE / "maven"), nl=False)


def _parts(names: str | None) -> frozenset[str] | None:
    if names is None:
        return None
    try:
        return frozenset(_ONLY[name] for name in names.split(","))
    except KeyError as error:
        raise click.BadParameter(f"{error} is none of {', '.join(_ONLY)}.") from None


@contextmanager
def _told() -> Iterator[None]:
    """Tell a problem in its own words and end with status 1; end with 0 if asked to stop."""
    try:
        yield
    except Problem as problem:
        click.echo(str(problem), err=True)
        sys.exit(1)
    except Stopped:
        return


@contextmanager
def _running(only: frozenset[str] | None, *, greet: bool) -> Iterator[tuple[Stack, threading.Event]]:
    """Run the stack meanwhile. Yields it, and the event that Ctrl-C or SIGTERM sets."""
    began = time.monotonic()
    stopping = _asked_to_stop()
    chosen = settings.load()
    with data.held(chosen.data.resolve(), chosen.stack) as directory:
        leftovers.end(directory.path)
        if only is None:
            _check_port(chosen.port)
        os.environ[leftovers.MARK] = str(directory.path)
        ports.spare_proxies(os.environ)
        stack = Stack(chosen, directory, stopping)
        try:
            _start(stack, only)
            run = description(stack, directory.secrets().user, only)
            data.write(directory.run, run)
            if greet:
                took, today = time.monotonic() - began, datetime.now(UTC).date()
                click.echo(greeting(run, directory.run, took, today=today, webhook=chosen.webhook is not None))
            yield stack, stopping
        finally:
            directory.run.unlink(missing_ok=True)
            click.echo("Stopping: API, stages, registry, broker, Postgres.")
            stack.stop()


def _start(stack: Stack, only: frozenset[str] | None) -> None:
    console = Console()
    progress = Progress([name for name in stack.names if only is None or name in only], console)
    with progress.shown():
        stack.start(progress, only)


def _check_port(port: int) -> None:
    if not ports.free(port):
        raise Problem(
            f"Port {port} is taken by another program: stop that one, or give the API another port, as in"
            f" RONDO_PORT={port + 1} make run."
        )


def _asked_to_stop() -> threading.Event:
    """Return an event that Ctrl-C, SIGTERM or the terminal's closing sets, instead of ending this process."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


if __name__ == "__main__":
    main()
