"""The real pipeline: all stages as ``rondo worker`` runs them, and each stage's cost per command.

The commands are those of the other measurements, as Rondo's own records: tasks without a due, so there are no reminders
and no series, and the figures do not include their cost.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import log
from bench.implementations import wait_until
from bench.meter import Meter, Usage
from bench.run import LOGS
from bench.services import Services
from bench.task_commands import Command, Create, Update
from bench.trial import Say
from bench.workload import PARTITIONS, Message, Plan, seeded, warming
from local import ports, prepare
from local.process import Command as Program
from local.process import Process
from local.settings import ROOT
from schemas import records as r
from schemas.codec import Codec
from schemas.names import partition_of
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS
from streams.topologies import DEFAULT

_SECONDS = 300.0  # timeout
_PATIENCE = 120.0  # seconds without a sign of life of a process that starts, on a busy machine
_QUIET = 0.25  # CPU seconds per second of all stages, below which they are idle
_PRIORITIES = tuple(r.Priority)


@dataclass(frozen=True)
class Passed:
    """The resources for ``rows`` commands, from the first one seen to the last outcome and audit entry in Postgres."""

    rows: int
    seconds: float
    usage: dict[str, Usage]  # of each stage, broker and Postgres

    @property
    def rate(self) -> float:
        """Commands per second, end to end."""
        return self.rows / self.seconds

    def cpu(self, part: str) -> float:
        """CPU microseconds of a part per command."""
        return self.usage[part].cpu / self.rows * 1e6


def measure(services: Services, plan: Plan, rounds: int, say: Say, profile: Path | None = None) -> list[Passed]:
    """Start the stages, warm them up, and measure the commands of each round, all on the same state."""
    say("starting")
    with _running(services, profile) as (registry, stages):
        codec = asyncio.run(_published(registry))
        say("warming up")
        done = _Done(services, plan.warm)
        _load(services, codec, warming(plan).commands).release()
        wait_until(done, _SECONDS, "The warm-up of the pipeline")
        results = []
        for number in range(rounds):
            say(f"round {number + 1}")
            commands = seeded(Plan(plan.seed + number, plan.size, 0)).commands
            results.append(
                _pass(services, codec, stages, commands, _Done(services, done.total + plan.size * (number + 1)))
            )
        return results


def _pass(
    services: Services, codec: Codec, stages: dict[str, Process], commands: tuple[Command, ...], done: "_Done"
) -> Passed:
    load = _load(services, codec, commands)
    with Meter({name: process.pid for name, process in {**stages, **services.parts}.items()}) as meter:
        began = time.monotonic()
        load.release()
        ended = wait_until(done, _SECONDS, "The pipeline")
        _settle(lambda: sum(map(meter.cpu, stages)))
    return Passed(len(commands), ended - began, meter.usage)


def _settle(cpu: Callable[[], float]) -> None:
    """Wait for stages whose work does not show in Postgres."""
    before, after = 0.0, cpu()
    while after - before > _QUIET:
        time.sleep(1.0)
        before, after = after, cpu()


@dataclass(frozen=True)
class _Done:
    """Tests whether ``total`` commands have outcomes in Postgres, and each accepted one its audit entry."""

    services: Services
    total: int

    def __call__(self) -> bool:
        time.sleep(0.1)  # counting takes Postgres some milliseconds
        outcomes, accepted, entries = self.services.table.counts()
        return outcomes == self.total and accepted == entries


def _load(services: Services, codec: Codec, commands: Iterable[Command]) -> log.Load:
    return log.Load(services.kafka, TASK_COMMANDS.name, (_message(codec, command) for command in commands))


def _message(codec: Codec, command: Command) -> Message:
    value = codec.encode(TASK_COMMANDS.name, record(command))
    return Message(partition_of(command.user, PARTITIONS), command.user.encode(), value, command.at)


def record(command: Command) -> r.CreateTask | r.UpdateTask | r.CompleteTask:
    """Return a command of the benchmark as Rondo's own record."""
    common = (command.id, command.user, command.at, f"user:{command.user}", command.task)
    match command:
        case Create():
            return r.CreateTask(*common, r.TaskFields(title=command.title, priority=_PRIORITIES[command.priority]))
        case Update():
            return r.UpdateTask(*common, ("priority",), r.TaskFields(priority=_PRIORITIES[command.priority]))
        case _:
            return r.CompleteTask(*common)


async def _published(registry: str) -> Codec:
    """Return a codec that knows the commands' schemas."""
    client = Registry(registry)
    try:
        codec = Codec(client)
        await codec.publish([TASK_COMMANDS])
        return codec
    finally:
        await client.aclose()


@contextmanager
def _running(services: Services, profile: Path | None) -> Iterator[tuple[str, dict[str, Process]]]:
    """Run the registry and the stages; yield the registry's address and the stages' processes."""
    rondo = str(Path(sys.executable).with_name("rondo"))
    dump = {name: ["-m", "cProfile", "-o", str(profile / f"{name}.prof")] if profile else [] for name in DEFAULT}
    with launching(services, services.directory / "pipeline") as (registry, run):
        yield registry, {name: run(name, *dump[name], rondo, "worker", name) for name in DEFAULT}


@contextmanager
def launching(services: Services, data: Path, **settings: str) -> Iterator[tuple[str, Callable[..., Process]]]:
    """Run the registry, with topics and schemas; yield its address, and a function that runs a Python program.

    Programs get these settings and their own, and are stopped on exit.
    """
    registry = f"http://{ports.HOST}:{ports.choose(['registry'], {})['registry']}"
    environment = {
        "RONDO_KAFKA": services.kafka,
        "RONDO_POSTGRES": services.postgres,
        "RONDO_REGISTRY": registry,
        "RONDO_DATA": str(data),
        "RONDO_PARTITIONS": str(PARTITIONS),
        **settings,
    }
    with ExitStack() as ended:

        def run(name: str, *argv: str, **own: str) -> Process:
            command = Program(name, [sys.executable, *argv], LOGS / f"{name}.log", {**environment, **own}, cwd=ROOT)
            process = Process(command)
            ended.callback(process.stop)
            return process

        server = run("registry", "-m", "schemas.registry")
        server.wait_until(lambda: ports.answers(int(registry.rpartition(":")[2])), _PATIENCE)
        prepare.log(services.kafka, registry, PARTITIONS)
        yield registry, run
