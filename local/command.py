"""The command line of ``python -m local``."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import click
from rich.console import Console

from local import directory as data
from local import jars, leftovers, ports, settings, terminal
from local.disk_pressure import DiskPressure
from local.errors import FULL, Problem, Stopped
from local.greeting import description, greeting
from local.progress import Progress
from local.settings import CACHE
from local.stack import BROKER, POSTGRES, REGISTRY, Stack
from local.watch import Watch

_ONLY = {"kafka": BROKER, "postgres": POSTGRES, "registry": REGISTRY}
_ONLY_OPTION = click.option(
    "--only", callback=lambda *args: _parts(args[2]), help=f"Start only some parts: {','.join(_ONLY)}."
)


@click.group()
def main() -> None:
    """Run a whole Rondo on this machine."""
    terminal.never_fail()


@main.command()
@_ONLY_OPTION
@click.option("-v", "--verbose", is_flag=True, help="Show everything that the parts log, not only warnings.")
def up(only: frozenset[str] | None, verbose: bool) -> None:
    """Start the stack, and stop it on Ctrl-C."""
    with _reporting(), ExitStack() as stopped, _running(only, greet=True) as (stack, stopping):
        watch = Watch(stack, click.echo, verbose=verbose, room=_room(stack))
        stopped.callback(watch.remind)  # those that came while everything was stopping
        watch.until(stopping)


def _room(stack: Stack) -> DiskPressure:
    chosen = settings.load()
    return DiskPressure(chosen.data.resolve(), chosen.disk_bytes, stack.parts, click.echo)


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_ONLY_OPTION
@click.argument("command", nargs=-1, required=True)
def during(only: frozenset[str] | None, command: tuple[str, ...]) -> None:
    """Run COMMAND on the running stack, or on one that is started for it."""
    with _reporting():
        where = settings.load().data
        if data.is_held(where):
            signal.signal(signal.SIGINT, lambda *_: None)  # the command gets it too and ends: wait for that
            sys.exit(_status(command))
        with _running(only, greet=False):
            status = _status(command)
        sys.exit(status)


def _status(command: tuple[str, ...]) -> int:
    """Run a command; return its status as a shell does."""
    status = subprocess.run(command, check=False).returncode
    return status if status >= 0 else 128 - status


@main.command("jars")
def list_jars() -> None:
    """Print the jars that Maven resolves for Apache Kafka now, in the form of local/kafka.jars."""
    with _reporting():
        click.echo(jars.relist(CACHE / "maven"), nl=False)


def _parts(names: str | None) -> frozenset[str] | None:
    if names is None:
        return None
    try:
        return frozenset(_ONLY[name] for name in names.split(","))
    except KeyError as error:
        raise click.BadParameter(f"{error} is not one of {', '.join(_ONLY)}.") from None


@contextmanager
def _reporting() -> Iterator[None]:
    """Print a problem and exit with status 1; exit with 0 if asked to stop."""
    try:
        yield
    except Problem as problem:
        click.echo(str(problem), err=True)
        sys.exit(1)
    except Stopped:
        return
    except OSError as error:
        if error.errno not in FULL:
            raise
        click.echo(f"The disk is full: free some space, and start Rondo again. ({error})", err=True)
        sys.exit(1)


@contextmanager
def _running(only: frozenset[str] | None, *, greet: bool) -> Iterator[tuple[Stack, threading.Event]]:
    """Run the stack within. Yields it, and the event that Ctrl-C or SIGTERM sets."""
    began = time.monotonic()
    chosen = settings.load()
    with data.held(chosen.data, chosen.stack, chosen.disk_bytes) as directory:
        directory.run.unlink(missing_ok=True)  # from a run that was killed, or in a copy: its addresses are wrong
        leftovers.end(directory.path)
        for path in directory.close():
            click.echo(f"Other users of this machine may read {path}: its permissions can't be changed.")
        if only is None:
            _check_port(chosen.port)
        stopping = terminal.asked_to_stop(lambda: leftovers.kill(leftovers.of(directory.path)))
        os.environ.update(leftovers.marks(directory.path))
        ports.spare_proxies(os.environ)
        stack = Stack(chosen, directory, stopping)
        try:
            _start(stack, only)
            run = description(stack, directory.secrets().user, only)
            data.write(directory.run, {**run, "directory": leftovers.identity(directory.path)})
            if greet:
                took, today = time.monotonic() - began, datetime.now(UTC).date()
                click.echo(greeting(run, directory.run, took, today=today, webhook=bool(chosen.webhook)))
            yield stack, stopping
        finally:
            directory.run.unlink(missing_ok=True)
            click.echo("Stopping: API, stages, registry, broker, Postgres.")
            stack.stop(click.echo)


def _start(stack: Stack, only: frozenset[str] | None) -> None:
    console = Console()
    progress = Progress([name for name in stack.names if only is None or name in only], console)
    with progress.display():
        stack.start(progress, only)


def _check_port(port: int) -> None:
    if not ports.free(port):
        raise Problem(
            f"Port {port} is in use by another program: stop that program, or give the API another port, as in"
            f" RONDO_PORT={port + 1} make run."
        )
