"""The stack: its parts, the order in which they start, and how they stop."""

import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
from honcho.environ import parse_procfile

from common.addresses import origin
from local import docker, jars, kafka, ports, postgres
from local.directory import Directory
from local.errors import Problem, Stopped
from local.preparation import Preparation
from local.process import Command, Process
from local.progress import Progress
from local.settings import CACHE, ROOT, Settings
from schemas.topics import SHARED

BROKER, POSTGRES, TABLES, TOPICS = "broker", "postgres", "tables", "topics, schemas"
REGISTRY, POSITIONS, API = "registry", "positions", "api"
_PREPARED = {TOPICS: "log", TABLES: "views", POSITIONS: "positions"}
"""The steps that ``local.prepare`` does."""
Run = Callable[[str, Callable[[str], None]], None]
PATIENCE = 90.0
"""Seconds without a sign of life after which a starting part has failed."""
_ANSWERS = 10.0  # seconds that a running part may take to answer
_SLOW = 10.0  # seconds after which it is reported that a part has not stopped yet
INSTANCE = "stack"
"""The workers' instance name, so that a killed one gets its partitions back once it runs again."""


@dataclass(frozen=True)
class Addresses:
    """Bootstrap servers, DSN and URLs for programs, and the ports of the parts that the stack itself starts."""

    kafka: str
    postgres: str
    registry: str
    api: str
    ports: dict[str, int]

    @classmethod
    def of(cls, settings: Settings, directory: Directory, workers: Iterable[str]) -> Self:
        """Return the addresses that the settings name, and loopback addresses with free ports for the rest."""
        chosen = directory.ports(["kafka", "controller", "postgres", "registry", *workers])
        secret = directory.secrets().password
        database = (
            docker.dsn(chosen, secret) if settings.stack == "docker" else postgres.dsn(chosen["postgres"], secret)
        )
        return cls(
            kafka=settings.kafka or f"{ports.HOST}:{chosen['kafka']}",
            postgres=settings.postgres or database,
            registry=settings.registry or f"http://{ports.HOST}:{chosen['registry']}",
            api=f"http://{ports.HOST}:{settings.port}",
            ports=chosen,
        )


@dataclass(frozen=True)
class Part:
    """A running part. ``again`` restarts it and returns once it is ready; ``answers`` returns whether it responds."""

    name: str
    process: Process
    again: Callable[[], Process]
    answers: Callable[[], bool] | None = None


class Stack:
    """Broker, registry, Postgres, API and workers on one data directory.

    The Procfile names the processes, and ``honcho start`` would run them too; but honcho ends all when one ends, in any
    order, and after five seconds kills workers that may still be committing a block.
    """

    def __init__(self, settings: Settings, directory: Directory, stopping: threading.Event) -> None:
        self._settings = settings
        self._directory = directory
        self._stopping = stopping
        self._commands = _commands(settings.topologies)
        self.workers = [name for name in self._commands if name not in {REGISTRY, API}]
        self.addresses = Addresses.of(settings, directory, self.workers)
        self.parts: dict[str, Part] = {}
        self._restarting: set[str] = set()
        self.waiting: Callable[[str, str], None] = lambda _name, _said: None
        """Called repeatedly with a part that is still starting, and its log's last line."""

    @property
    def topologies(self) -> str:
        """The grouping of the workers' stages, "" for the default."""
        return self._settings.topologies

    @property
    def names(self) -> list[str]:
        """The names of all parts and steps, in order."""
        return [BROKER, POSTGRES, TABLES, REGISTRY, TOPICS, POSITIONS, API, *self.workers]

    def start(self, progress: Progress, only: frozenset[str] | None = None) -> None:
        """Start everything (or only some of broker, postgres and registry) and return once all parts are ready.

        Raises ``Problem`` for the first part that does not start, ``Stopped`` if asked to stop; then call ``stop``.
        """
        wanted = only or frozenset(self.names)
        self.waiting = progress.waiting
        if self._settings.stack == "docker":
            docker.up(self.addresses.ports, self._directory.secrets().password)

        def run(name: str, step: Callable[[str], None]) -> None:
            if name in wanted:
                with progress.starting(name):
                    progress.note(name, self._note(name))
                    step(name)
                    progress.note(name, self._note(name))

        with Preparation() if wanted & _PREPARED.keys() else nullcontext() as preparation:
            self._prepare(run, preparation)
        self._together(*(lambda name=name: run(name, self._launch) for name in (API, *self.workers)))

    def _prepare(self, run: Run, preparation: Preparation | None) -> None:
        """Start broker, registry and Postgres, and prepare what they hold."""

        def prepare(name: str, *arguments: str | int) -> None:
            def step(_: str) -> None:
                assert preparation
                preparation.run(_PREPARED[name], *arguments)
                self._check_place(name)

            run(name, step)

        at = self.addresses

        def log() -> None:
            run(BROKER, self._broker)
            run(REGISTRY, self._registry)
            prepare(TOPICS, at.kafka, at.registry, self._settings.partitions, self.topologies)

        def views() -> None:
            run(POSTGRES, self._postgres)
            prepare(TABLES, at.postgres)

        self._together(log, views)
        prepare(POSITIONS, at.kafka, at.registry, at.postgres, self.topologies)

    def stop(self, say: Callable[[str], None] = lambda _: None, slow: float = _SLOW) -> None:
        """Stop all parts, each before those it depends on; report those that have not ended after ``slow`` seconds."""
        for names in ([API], self.workers, [REGISTRY], [BROKER, POSTGRES]):
            _end([self.parts.pop(name).process for name in names if name in self.parts], say, slow)
        if self._settings.stack == "docker":
            docker.stop(self.addresses.ports, self._directory.secrets().password)

    def restart(self, part: Part) -> None:
        """Restart a part that ended; raise ``Problem`` if it does not become ready."""
        self._restarting.add(part.name)
        try:
            self._keep(part.name, part.again, part.answers)
        finally:
            self._restarting.discard(part.name)

    def broker_starts(self) -> bool:
        """Return whether the broker is being restarted: other parts can't become ready without it."""
        return BROKER in self._restarting

    def environment(self) -> dict[str, str]:
        """Return the settings of every process of the stack, as environment variables."""
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "RONDO_KAFKA": self.addresses.kafka,
            "RONDO_POSTGRES": self.addresses.postgres,
            "RONDO_REGISTRY": self.addresses.registry,
            "RONDO_SECRET": self._directory.secrets().secret,
            "RONDO_TARGETS_KEY": self._directory.secrets().targets_key,
            "RONDO_PORT": str(self._settings.port),
            "RONDO_PARTITIONS": str(self._settings.partitions),
            "RONDO_TOPOLOGIES": self.topologies,
            "RONDO_DATA": str(self._directory.path),
            **({"RONDO_DISK": str(self._directory.path)} if BROKER in self.parts else {}),
        }

    def _together(self, *tasks: Callable[[], None]) -> None:
        """Run tasks concurrently. When one fails, the others stop; the first failure is raised."""
        failed: list[Exception] = []

        def attempt(task: Callable[[], None]) -> None:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - raised again below
                failed.append(error)
                self._stopping.set()

        with ThreadPoolExecutor(len(tasks)) as pool:
            list(pool.map(attempt, tasks))
        if failed:
            raise failed[0]
        if self._stopping.is_set():
            raise Stopped

    def _keep(self, name: str, start: Callable[[], Process], answers: Callable[[], bool] | None) -> None:
        self.parts[name] = Part(name, start(), start, answers)

    def _waits(self, name: str) -> Callable[[str], None]:
        return lambda said: self.waiting(name, said)

    def _broker(self, name: str) -> None:
        if self._settings.kafka or self._settings.stack == "docker":
            self._answers("broker", self.addresses.kafka, "RONDO_KAFKA", kafka.answers)
            return
        directory = CACHE / "kafka" / jars.KAFKA
        if not jars.present(directory):
            jars.fetch(directory, CACHE / "maven", self._stopping)
        at = self.addresses.ports
        self._keep(
            name,
            lambda: kafka.start(
                directory,
                self._directory.path / "kafka",
                port=at["kafka"],
                controller=at["controller"],
                log=self._directory.log(name),
                stopping=self._stopping,
                waiting=self._waits(name),
            ),
            lambda: kafka.answers(self.addresses.kafka, _ANSWERS),
        )

    def _postgres(self, name: str) -> None:
        if self._settings.postgres or self._settings.stack == "docker":
            if why := postgres.refusal(self.addresses.postgres):  # the address has a password: don't print it
                raise Problem(f"Postgres refuses sessions ({why}): start it, or change RONDO_POSTGRES.")
            return
        self._keep(
            name,
            lambda: postgres.start(
                self._directory.path / "postgres",
                port=self.addresses.ports["postgres"],
                password=self._directory.secrets().password,
                log=self._directory.log(name),
                stopping=self._stopping,
                waiting=self._waits(name),
            ),
            lambda: postgres.lives(self.addresses.postgres, _ANSWERS),
        )

    def _registry(self, name: str) -> None:
        if self._settings.registry or self._settings.stack == "docker":
            self._answers("schema registry", self.addresses.registry, "RONDO_REGISTRY", _ok)
            return
        self._launch(name)

    def _check_place(self, name: str) -> None:
        if name == TOPICS and BROKER in self.parts:
            broker, home = self.parts[BROKER].process, self._directory.path / "kafka"
            kafka.check_place(broker, home, SHARED, stopping=self._stopping, waiting=self._waits(name))

    def _launch(self, name: str) -> None:
        page = self._address(name) if name == REGISTRY else f"{self._address(name)}/live"
        self._keep(name, lambda: self._launched(name), lambda: _replies(page))

    def _launched(self, name: str) -> Process:
        environment = self.environment()
        if name in self.workers:
            environment["RONDO_HEALTH_PORT"] = str(self.addresses.ports[name])
            if (
                not self._settings.kafka and "RONDO_INSTANCE" not in os.environ
            ):  # on a shared broker another stack may have the name
                environment["RONDO_INSTANCE"] = INSTANCE
        argv, port = shlex.split(self._commands[name]), urlsplit(self._address(name)).port or 0
        process = Process(Command(name, argv, self._directory.log(name), environment, cwd=ROOT))
        try:
            process.wait_until(
                lambda: _ok(self._probe(name)) and process.listens(port),
                PATIENCE,
                self._stopping,
                self._waits(name),
                self.broker_starts,
            )
        except BaseException:
            process.stop()
            raise
        return process

    def _probe(self, name: str) -> str:
        """Return the URL that answers once the process is ready."""
        return self._address(name) if name == REGISTRY else f"{self._address(name)}/ready"

    def _address(self, name: str) -> str:
        known = {REGISTRY: self.addresses.registry, API: self.addresses.api}
        return known[name] if name in known else f"http://{ports.HOST}:{self.addresses.ports[name]}"

    def _note(self, name: str) -> str:
        if name == BROKER and not jars.present(CACHE / "kafka" / jars.KAFKA):
            return "fetching Apache Kafka (44 MB)"
        notes = {
            BROKER: self.addresses.kafka,
            REGISTRY: origin(self.addresses.registry),
            API: self.addresses.api,
        }
        return notes.get(name, "")

    def _answers(self, what: str, address: str, variable: str, answers: Callable[[str], bool]) -> None:
        if not answers(address):
            raise Problem(f"No {what} answers at {origin(address)}: start it, or change {variable}.")


def _commands(grouping: str) -> Mapping[str, str]:
    """Return the commands of the processes: those of the Procfile, or the workers of a grouping.

    Raises ``Problem`` for a grouping that is not possible.
    """
    commands = parse_procfile((ROOT / "Procfile").read_text()).processes
    if not grouping:
        return dict(commands)
    from streams.runtime.topology import WrongTopology  # noqa: PLC0415 - the stages take 30 MB
    from streams.topologies import parsed, processes  # noqa: PLC0415

    try:
        workers = processes(one.name for one in parsed(grouping))
    except WrongTopology as error:
        raise Problem(str(error)) from error
    servers = {name: command for name, command in commands.items() if name in {REGISTRY, API}}
    return servers | {name: f"rondo worker {' '.join(topologies)}" for name, topologies in workers.items()}


def _end(running: Sequence[Process], say: Callable[[str], None], slow: float) -> None:
    """Stop processes concurrently; report those that have not ended after ``slow`` seconds."""
    with ThreadPoolExecutor(len(running) or 1) as pool:
        ending = {pool.submit(process.stop): process.command for process in running}
        for late in wait(ending, slow).not_done:
            command = ending[late]
            say(f"{command.name} is still stopping; it has {command.grace:.0f} s at most.")
    for ended in ending:
        ended.result()


@cache
def _http() -> httpx.Client:
    """Return the client of all probes: each new one would load the machine's certificates, 40 ms of CPU."""
    return httpx.Client(timeout=3, trust_env=False)


def _ok(url: str) -> bool:
    try:
        return _http().get(url).is_success
    except httpx.TransportError:
        return False


def _replies(url: str) -> bool:
    """Return whether an HTTP server answers there, with any status."""
    try:
        _http().get(url, timeout=_ANSWERS)
    except httpx.TransportError:
        return False
    return True
