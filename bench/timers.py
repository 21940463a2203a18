"""``python -m bench.timers``: how late reminders' timers fire, and what one costs, while few or many others wait.

The real worker of the topology core on a real broker, its state with pending reminders: some that are due one after
another, many that are due at once, and the others later. Those are ingested into its RocksDB, so they are not on its
changelog.
"""

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import cast

import click
from confluent_kafka import Consumer, TopicPartition
from rich.console import Console

from bench import firing
from bench.implementations import wait_until
from bench.lateness import Fired, Load, Measured, show
from bench.meter import Meter, Usage
from bench.notify import is_ready
from bench.pending import CORE, Encode, Pending, ingest_all, published, shares, write
from bench.pipeline import launching
from bench.services import Services, running_services
from bench.trial import Say, Wrong
from bench.workload import PARTITIONS
from common import logs
from local import ports
from local.process import Process
from schemas import records as r
from schemas.topics import REMINDERS
from streams.runtime import Context
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings

_DAY = 86_400_000
_LATER = 30 * _DAY  # over which the pending ones are due, from a day on
_GAP = 5.0  # seconds between the two loads
_SECONDS = 600.0  # timeout
_PATIENCE = 120.0  # seconds without a sign of life of the worker that starts, on a busy machine
_ALONE = 20_000  # most timers that are fired without a broker


class Decided:
    """Reads the due reminders from the log as they become visible: each with the time, in ms since 1970."""

    def __init__(self, kafka: str) -> None:
        self.seen: list[tuple[float, bytes]] = []
        self._ended = threading.Event()
        options = {
            "bootstrap.servers": kafka,
            "group.id": "bench",
            "fetch.wait.max.ms": 20,
            "enable.auto.commit": False,
        }
        self._consumer = Consumer({**options, "isolation.level": "read_committed", "log_level": 2})
        self._consumer.assign([TopicPartition(REMINDERS.name, number, 0) for number in range(PARTITIONS)])
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "Decided":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._ended.is_set():
            records = self._consumer.consume(1000, 0.05)
            now = time.time() * 1000
            self.seen += [(now, value) for record in records if not record.error() and (value := record.value())]


def measure(services: Services, pending: int, load: Load, say: Say) -> Measured:
    """Measure with a number of pending reminders, on a new log."""
    data, health = services.directory / "timers", ports.choose(["health"], {})["health"]
    with launching(services, data, RONDO_HEALTH_PORT=str(health)) as (registry, run):
        started = partial(_started, run, health)
        say("the first opening")
        with started():
            pass
        [states] = (data / "state").glob(f"*/{CORE.name}")
        encode = Encode(asyncio.run(published(registry, [CORE])))
        if pending:
            say("loading")
            later = time.time() * 1000 + _DAY
            ingest_all(states, registry, shares(pending, later, _LATER / pending, load.even + load.burst))
        first = _due(states, encode, load)
        say("firing")
        with started() as (worker, ready), Decided(services.kafka) as decided:
            if time.time() * 1000 >= first:
                raise Wrong(f"The worker was not ready before the first reminder was due: --lead {load.lead:g}.")
            even = _fired(worker, decided, load.even)
            burst = _fired(worker, decided, load.burst)
        alone = asyncio.run(_alone(states, registry, data)) if pending else 0.0
        first_ones, at_once = asyncio.run(_checked(registry, decided, (even, burst), load))
    return Measured(pending, ready, first_ones, at_once, alone)


@contextmanager
def _started(run: Callable[..., Process], health: int) -> Iterator[tuple[Process, float]]:
    """Run the worker; yield it once it is ready, and the seconds that took."""
    began = time.monotonic()
    worker = run("core", str(Path(sys.executable).with_name("rondo")), "worker", CORE.name)
    worker.wait_until(lambda: is_ready(health), _PATIENCE)
    yield worker, time.monotonic() - began
    worker.stop()


def _due(states: Path, encode: Encode, load: Load) -> float:
    """Write the reminders that will be due soon; return when the first is, in ms since 1970."""
    first = time.time() * 1000 + load.lead * 1000
    at_once = first + (load.seconds + _GAP) * 1000
    even = shares(load.even, first, 1000 / load.rate)
    burst = [Pending(one.partition, load.even, one.size, at_once, 0) for one in shares(load.burst, at_once, 0)]
    for number in range(PARTITIONS):
        with closing(StateStore(states / str(number), CORE.timers)) as state:
            write(state, even[number], encode)
            write(state, burst[number], encode)
    return first


def _fired(worker: Process, decided: Decided, number: int) -> Usage:
    """Wait until ``number`` more reminders are visible; return what the worker used."""
    wanted = len(decided.seen) + number
    with Meter({CORE.name: worker.pid}) as meter:
        wait_until(lambda: len(decided.seen) >= wanted, _SECONDS, "The reminders")
    return meter.usage[CORE.name]


async def _checked(registry: str, decided: Decided, used: tuple[Usage, Usage], load: Load) -> tuple[Fired, Fired]:
    """Return how late each was. Raises ``Wrong`` unless each was decided once."""
    codec = await published(registry, [CORE])
    due = [(cast("r.ReminderDue", codec.decode(value)), at) for at, value in decided.seen]
    if len({one.id for one, _ in due}) != len(due) or len(due) != load.even + load.burst:
        raise Wrong(f"Of {load.even + load.burst} reminders, each due once, {len(due)} were decided.")
    late = [at - one.due for one, at in sorted(due, key=lambda each: each[0].due)]
    return Fired(sorted(late[: load.even]), used[0]), Fired(sorted(late[load.even :]), used[1])


async def _alone(states: Path, registry: str, data: Path) -> float:
    """Return the CPU microseconds to fire one of the pending timers without a broker."""
    settings = Settings(kafka="unasked", registry=registry, data=data, partitions=PARTITIONS)
    context = Context(settings, await published(registry, [CORE]))
    now = int(time.time() * 1000) + _DAY + _LATER
    with closing(StateStore(states / "0", CORE.timers)) as state:
        fired, cpu = await firing.fire(state, context, 0, now, min(_ALONE, state.timers))
    return cpu / fired * 1e6


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--pending", default="0,100000,10000000", help="Numbers of pending reminders.")
@click.option("--rate", default=1000, help="Reminders a second that are due one after another.")
@click.option("--seconds", default=30.0, help="For how long.")
@click.option("--burst", default=100_000, help="Reminders that are due at once, after that.")
@click.option("--lead", default=30.0, help="Seconds from writing those until the first is due.")
@click.option("--quick", is_flag=True, help="At most 1,000,000 pending, ten seconds.")
def main(pending: str, rate: int, seconds: float, burst: int, lead: float, quick: bool) -> None:
    """Measure reminders that fire while others wait. See docs/benchmarks.md."""
    logs.configure("warning")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    console = Console()
    numbers = [0, 100_000, 1_000_000] if quick else [int(one) for one in pending.split(",")]
    load = Load(rate, 10.0 if quick else seconds, burst, lead)
    found = []
    for number in numbers:
        with running_services() as services:
            found.append(measure(services, number, load, partial(_say, console, number)))
    show(console, load, found)


def _say(console: Console, pending: int, text: str) -> None:
    console.print(f"{pending:,} pending: {text}", highlight=False)


if __name__ == "__main__":
    main()
