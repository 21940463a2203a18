"""``python -m bench.notify``: many reminders due at once, and a slow receiver.

The real worker reads them from the real log and posts them to a real receiver, which records each POST with its
``Idempotency-Key``. With ``--kill`` the worker is killed (SIGKILL) meanwhile and restarted, as by the stack.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any, Self

import click
import httpx
import uvicorn
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench import log
from bench.implementations import wait_until
from bench.meter import Meter
from bench.pipeline import launching
from bench.report import MIB, ratio
from bench.services import Services, running_services
from bench.workload import PARTITIONS, Message
from common import logs
from domain import ledger
from local import ports
from local.process import Process
from schemas import ids
from schemas import records as r
from schemas.codec import Codec
from schemas.kafka.log_reader import committed
from schemas.names import partition_of
from schemas.registry.client import Registry
from schemas.topics import NOTIFICATIONS, REMINDERS

_USERS = 500
_SECONDS = 3600.0  # timeout
_RESTART = 1.0  # seconds until the stack restarts a part that ended
_LOOK = 2.0  # seconds between two reads of the ledger


@dataclass(frozen=True)
class Post:
    """A POST: its key and its arrival, in seconds since 1970."""

    key: str
    at: float


@dataclass
class Receiver:
    """Answers each POST after ``answer`` seconds, however many are concurrent."""

    answer: float
    posts: list[Post] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    """Keys of answered POSTs."""
    at_a_time: int = 0
    """The maximum of concurrent POSTs."""
    open: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        app = Starlette(routes=[Route("/hook", self._take, methods=["POST"])])
        self._port = ports.choose(["hook"], {})["hook"]
        quiet: dict[str, Any] = {"log_config": None, "access_log": False, "lifespan": "off"}
        config = uvicorn.Config(app, host=ports.HOST, port=self._port, backlog=4096, **quiet)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started, 30, "The receiver")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()

    @property
    def url(self) -> str:
        """The URL to post to."""
        return f"http://{ports.HOST}:{self._port}/hook"

    async def _take(self, request: Request) -> Response:
        key = request.headers["Idempotency-Key"]
        await request.body()
        self.posts.append(Post(key, time.time()))
        self.open[key] += 1
        self.at_a_time = max(self.at_a_time, self.open.total())
        try:
            await asyncio.sleep(self.answer)
        finally:
            self.open -= Counter([key])
        self.sent.add(key)
        return Response(status_code=204)


@dataclass(frozen=True)
class Sent:
    """The measurements of the deliveries."""

    seconds: list[float]  # from due to the first POST, sorted
    doubles: int  # POSTs beyond the first of each
    records: int  # on the ledger
    at_a_time: int
    took: float
    cpu: float  # seconds of the worker
    memory: int  # bytes
    recovery: list[float]  # seconds from the kill to the next POST of each reminder in flight, sorted
    back: float  # seconds from the kill until a worker was ready again

    def percentile(self, of: int) -> float:
        """Return a percentile of the seconds."""
        return quantiles(self.seconds, n=100, method="inclusive")[of - 1]


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--n", "reminders", default=2000, help="Reminders, due at once.")
@click.option("--answer", default=19.0, help="Seconds until the receiver answers.")
@click.option("--kill", default=0.0, help="Seconds from due to the kill of the worker; 0: never.")
def main(reminders: int, answer: float, kill: float) -> None:
    """Measure the delivery of reminders that are due at once to a slow receiver. See docs/benchmarks.md."""
    logs.configure("warning")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    with running_services() as services, Receiver(answer) as receiver:
        _print(Console(), reminders, answer, measure(services, receiver, reminders, kill))


def measure(services: Services, receiver: Receiver, reminders: int, kill: float) -> Sent:
    """Make reminders due at once, and return the measurements of their delivery."""
    rondo = str(Path(sys.executable).with_name("rondo"))
    health = ports.choose(["health"], {})["health"]
    settings = {"RONDO_WEBHOOK": receiver.url, "RONDO_HEALTH_PORT": str(health), "RONDO_INSTANCE": "bench"}
    with launching(services, services.directory / "notify", **settings) as (registry, run):
        worker = run("notify", rondo, "worker", "notify")
        worker.wait_until(lambda: is_ready(health), 60)
        load = log.Load(services.kafka, REMINDERS.name, asyncio.run(_due(registry, reminders)))
        with Meter({"notify": worker.pid}) as meter:
            due = time.time()
            load.release()
            killed, hanging = _kill(worker, receiver, kill)
            back = _restart(run("notify", rondo, "worker", "notify"), health) if killed else 0.0
            wait_until(lambda: _is_done(services.kafka, registry, receiver, reminders), _SECONDS, "The reminders")
            took = time.time() - due
    return Sent(
        seconds=sorted(at - due for at in _first(receiver.posts).values()),
        doubles=len(receiver.posts) - len(_first(receiver.posts)),
        records=log.length(services.kafka, NOTIFICATIONS.name),
        at_a_time=receiver.at_a_time,
        took=took,
        cpu=0.0 if killed else meter.usage["notify"].cpu,
        memory=meter.usage["notify"].memory,
        recovery=sorted(_again(receiver.posts, hanging, killed)),
        back=back - killed,
    )


async def _due(registry: str, number: int) -> list[Message]:
    """Return ``number`` reminders of many users that are due now."""
    now, client = time.time_ns() // 1_000_000, Registry(registry)
    codec = Codec(client)
    await codec.publish([REMINDERS])
    await client.aclose()
    users = [ids.derive("bench", "user", n) for n in range(_USERS)]
    found = []
    for n in range(number):
        user, key = users[n % _USERS], ids.derive("bench", "reminder", n)
        due = r.ReminderDue(key, user, now, ids.derive("bench", "command", n), key, "r", now, f"Reminder {n}")
        value = codec.encode(REMINDERS.name, due)
        found.append(Message(partition_of(user, PARTITIONS), user.encode(), value, now))
    return found


def _kill(worker: Process, receiver: Receiver, after: float) -> tuple[float, dict[str, int]]:
    """Kill the worker ``after`` seconds, and wait as the stack does; return the time, and the POSTs in flight."""
    if not after:
        return 0.0, {}
    time.sleep(after)
    hanging = dict(receiver.open)
    killed = time.time()
    os.kill(worker.pid, signal.SIGKILL)
    time.sleep(_RESTART)
    return killed, hanging


def _restart(worker: Process, health: int) -> float:
    """Wait until the restarted worker is ready, and return the time."""
    worker.wait_until(lambda: is_ready(health), 60)
    return time.time()


def is_ready(port: int) -> bool:
    """Return whether the worker whose health is on this port is ready."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://{ports.HOST}:{port}/ready").is_success
    return False


def _is_done(kafka: str, registry: str, receiver: Receiver, reminders: int) -> bool:
    """Return whether every reminder was answered, none is in flight, and the ledger has every final step."""
    time.sleep(_LOOK)
    if len(receiver.sent) < reminders or receiver.open.total():
        return False
    return asyncio.run(_ended(kafka, registry)) == reminders


async def _ended(kafka: str, registry: str) -> int:
    """Return the number of deliveries that have ended, by the ledger."""
    client, last = Registry(registry), dict[str, r.Notification]()
    codec = Codec(client)
    async for raw in committed(kafka, NOTIFICATIONS.name):
        await codec.learn([raw.value])
        step: Any = codec.decode(raw.value)
        if accepted := ledger.accept(last.get(step.id), step):
            last[step.id] = accepted
    await client.aclose()
    return sum(map(ledger.is_final, last.values()))


def _first(posts: list[Post]) -> dict[str, float]:
    return {post.key: post.at for post in reversed(posts)}


def _again(posts: list[Post], hanging: dict[str, int], killed: float) -> list[float]:
    after = {post.key: post.at for post in reversed(posts) if post.at > killed}
    return [after[key] - killed for key in hanging if key in after]


def _print(console: Console, reminders: int, answer: float, sent: Sent) -> None:
    table = Table(title=f"{reminders:,} reminders due at once, a receiver that answers in {answer:g} s; seconds")
    for column in ("p50", "p99", "last", "all ended", "doubles", "at a time", "records each", "CPU s", "MiB"):
        table.add_column(column, justify="right")
    times = (sent.percentile(50), sent.percentile(99), sent.seconds[-1], sent.took)
    numbers = (f"{sent.doubles}", f"{sent.at_a_time}", f"{sent.records / reminders:.2f}")
    table.add_row(*(f"{each:.1f}" for each in times), *numbers, f"{sent.cpu:.1f}", f"{sent.memory / MIB:.0f}")
    console.print(table)
    ratio(console, "notify-p50-s", sent.percentile(50))
    ratio(console, "notify-p99-s", sent.percentile(99))
    ratio(console, "notify-doubles", sent.doubles)
    if sent.recovery:
        ratio(console, "notify-back-s", sent.back)
        ratio(console, "notify-recovery-first-s", sent.recovery[0])
        ratio(console, "notify-recovery-last-s", sent.recovery[-1])
        ratio(console, "notify-recovery-reminders", len(sent.recovery))


if __name__ == "__main__":
    main()
