"""The ingress alone, the stages stopped: Rondo's API beside a bare route that produces one record, in the same server.

Both run at once on one broker, and are asked in turn. Each round begins with the other one.
"""

import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec
import psutil

from api.http import tokens
from bench import bare, load, log
from bench.implementations import wait_until
from bench.load import Answers
from bench.meter import cpu_of
from bench.pipeline import launching
from bench.services import Services
from bench.trial import Say, Wrong
from local import ports
from schemas.topics import TASK_COMMANDS

TASK = msgspec.json.encode(
    {
        "title": "Stand-up",
        "due": {"date": "2099-01-05", "time": "09:00", "zone": "Europe/Paris"},
        "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "reminders": [{"before": "PT10M"}],
    }
)
"""The README's task, due after any run of this bench."""
RONDO, BARE = "rondo", "bare"
MANY = 32
"""Connections that keep a server busy."""
LISTED = 50
"""Tasks on the page that is read."""
_SECONDS = 60.0  # timeout
_WARMING = 0.3  # of the seconds of a load
_SECRET = "s" * 32


@dataclass(frozen=True)
class Request:
    """A request to one of the servers, the status of its answer, and the topic that it appends a record to."""

    server: str
    what: str
    port: int
    sent: bytes
    status: int
    topic: str | None = None


@dataclass(frozen=True)
class Asked:
    """The answers to a request under a load, and the CPU seconds of each part meanwhile."""

    request: Request
    connections: int
    answers: Answers
    cpu: Mapping[str, float]

    def us(self, part: str) -> float:
        """CPU microseconds of a part per answer."""
        return self.cpu[part] / self.answers.count * 1e6

    @property
    def own(self) -> float:
        """CPU microseconds of the server itself per answer."""
        return self.us(self.request.server)


Round = dict[tuple[str, str, int], Asked]
"""What was asked in a round, by server, request and connections."""


def measure(services: Services, seconds: float, rounds: int, say: Say) -> list[Round]:
    """Ask both servers in each round for their list, one task at a time, and as many as they can take."""
    say("starting")
    with _serving(services) as (requests, parts):
        for request in requests[-1]:  # the broker is slow at first
            ask(services, parts, request, MANY, seconds)
        found: list[Round] = []
        for number in range(rounds):
            found.append({})
            for request, connections in _order(requests, number):
                say(f"round {number + 1}, {request.server}, {request.what}, {connections} connections")
                asked = ask(services, parts, request, connections, seconds)
                found[-1][request.server, request.what, connections] = asked
        return found


def _order(requests: list[tuple[Request, Request]], number: int) -> Iterator[tuple[Request, int]]:
    """Yield the requests of a round with their connections: the two that are compared follow each other."""
    for pair in requests:
        for connections in (1, MANY) if pair[0].topic else (1,):
            yield from ((request, connections) for request in pair[:: -1 if number % 2 else 1])


def ask(services: Services, parts: Mapping[str, int], request: Request, connections: int, seconds: float) -> Asked:
    """Warm a server up, and load it; raise ``Wrong`` for another status, or a record too few or too many."""
    load.run(load.Load(request.port, request.sent, seconds * _WARMING, connections))
    held, before = _length(services, request), _cpu(parts)
    answers = load.run(load.Load(request.port, request.sent, seconds, connections))
    used = {part: after - before[part] for part, after in _cpu(parts).items()}
    if set(answers.statuses) != {request.status}:
        raise Wrong(f"{request.server} answered {request.what} by {answers.statuses}, not by {request.status} alone.")
    if request.topic and (appended := _length(services, request) - held) != answers.count:
        raise Wrong(f"{request.server} accepted {answers.count} commands, and appended {appended}.")
    return Asked(request, connections, answers, {**used, "load": answers.cpu})


def _cpu(parts: Mapping[str, int]) -> dict[str, float]:
    return {part: cpu_of(psutil.Process(pid)) for part, pid in parts.items()}


def _length(services: Services, request: Request) -> int:
    return log.length(services.kafka, request.topic) if request.topic else 0


@contextmanager
def _serving(services: Services) -> Iterator[tuple[list[tuple[Request, Request]], dict[str, int]]]:
    """Run both servers, and stages until there are tasks to list; yield requests in pairs, and the parts' ids."""
    at = ports.choose([RONDO, BARE], {})
    log.create(services.kafka, (bare.TOPIC,))
    with launching(services, services.directory / "ingress") as (_, run):
        own = {name: {"RONDO_PORT": str(port), "RONDO_SECRET": _SECRET} for name, port in at.items()}
        servers = {
            RONDO: run(RONDO, "-m", "api", **own[RONDO], RONDO_DISK=str(services.directory)),
            BARE: run(BARE, "-m", "bench.bare", **own[BARE]),
        }
        create, listing = of_rondo(at[RONDO], tokens.issue(_SECRET, str(uuid4())))
        servers[BARE].wait_until(lambda: ports.answers(at[BARE]), _SECONDS)
        servers[RONDO].wait_until(lambda: _is_ready(at[RONDO]), _SECONDS)
        worker = run("worker", str(Path(sys.executable).with_name("rondo")), "worker")
        wait_until(lambda: _has_tasks(services, create), _SECONDS, "The list to read")
        worker.stop()
        parts = {name: process.pid for name, process in {**servers, **services.parts}.items()}
        yield [(listing, of_bare(at[BARE])[1]), (create, of_bare(at[BARE])[0])], parts


def of_rondo(port: int, token: str, headers: Mapping[str, str] | None = None) -> tuple[Request, Request]:
    """Return the request that creates the task, and the one that lists tasks."""
    by = {"Authorization": f"Bearer {token}", **(headers or {})}
    create = load.request("POST", "/v1/tasks", {**by, "Content-Type": "application/json"}, TASK)
    listing = load.request("GET", f"/v1/tasks?limit={LISTED}", by)
    return (
        Request(RONDO, "POST", port, create, 202, TASK_COMMANDS.name),
        Request(RONDO, "GET", port, listing, 200),
    )


def of_bare(port: int) -> tuple[Request, Request]:
    """Return the requests of the bare routes: one produces the task, one is empty."""
    take = load.request("POST", "/tasks", {"Content-Type": "application/json"}, TASK)
    return (
        Request(BARE, "POST", port, take, 202, bare.TOPIC),
        Request(BARE, "GET", port, load.request("GET", "/empty", {}), 200),
    )


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{ports.HOST}:{port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _has_tasks(services: Services, create: Request) -> bool:
    """Create some more tasks, and return whether the views have a page of them."""
    load.run(load.Load(create.port, create.sent, 0.2))
    return services.table.counts()[0] >= LISTED
