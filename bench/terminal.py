"""The cost of a terminal command: CPU time of the whole process, with a server that answers at once.

``python -m bench.terminal`` runs `rondo list` some twenty times with a pipe, and as often on a terminal of 80 columns.
The server is another process, so its time does not count.
"""

import os
import pty
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import click
import msgspec

from api.http import document
from api.models import examples

TASKS = 50
"""Tasks on the server's page."""
PAGE = msgspec.json.encode({"items": [document.with_nulls(examples.TASK)] * TASKS, "next": None})


RONDO = str(Path(sys.executable).with_name("rondo"))


class _Tasks(BaseHTTPRequestHandler):
    """Answers every request with a page of tasks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _serve(port: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tasks)
    port.send(server.server_port)
    server.serve_forever()


@contextmanager
def server() -> Iterator[str]:
    """Serve tasks from a process of its own; yield the address."""
    processes = get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


def into_a_pipe(typed: list[str], environment: dict[str, str]) -> None:
    """Run a command whose output goes to a pipe."""
    subprocess.run(typed, env=environment, check=True, capture_output=True)


def on_a_terminal(typed: list[str], environment: dict[str, str]) -> None:
    """Run a command on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(typed, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        while process.poll() is None:
            try:
                os.read(ours, 65536)
            except OSError:  # it has ended
                break
    os.close(ours)


def costs(run: Callable[[list[str], dict[str, str]], None], api: str, rounds: int, typed: list[str]) -> list[float]:
    """Return the CPU times of a command, user and system, in milliseconds, one per round."""
    with tempfile.TemporaryDirectory() as home:
        here = {"HOME": home, "PATH": os.environ["PATH"], "RONDO_API": api, "RONDO_TOKEN": "token", "COLUMNS": "80"}
        run(typed, here)  # compiles changed modules
        return [cost(run, typed, here)[0] * 1000 for _ in range(rounds)]


def cost(
    run: Callable[[list[str], dict[str, str]], None], typed: list[str], environment: dict[str, str]
) -> tuple[float, float]:
    """Return the CPU time of a command, user and system, and the time that it took, in seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run(typed, environment)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, took


@click.command()
@click.option("--rounds", default=20, show_default=True, help="Runs of each command.")
def main(rounds: int) -> None:
    """Measure the cost of `rondo list`."""
    with server() as api:
        for way in (into_a_pipe, on_a_terminal):
            found = costs(way, api, rounds, [RONDO, "list"])
            figures = f"least {min(found):.0f}, median {statistics.median(found):.0f}, most {max(found):.0f} ms"
            click.echo(f"rondo list {way.__name__.replace('_', ' ')}: {figures} of CPU")


if __name__ == "__main__":
    main()
