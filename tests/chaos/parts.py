"""Everything that `make run` starts, as processes of a test's own: each can be killed and is started again by hand."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import httpx

from local import jars, kafka, leftovers, ports, postgres
from local.process import Command, Process
from local.settings import CACHE

BROKER, POSTGRES, REGISTRY, WORKER = "broker", "postgres", "registry", "worker"
EVERYTHING = (BROKER, POSTGRES, REGISTRY, WORKER)
SESSION = 3.0
"""Seconds until the group misses a worker that was killed."""
_PASSWORD = "secret"


class Parts:
    """Broker, Postgres, registry and a worker with all stages, on one data directory."""

    def __init__(self, directory: Path, partitions: int) -> None:
        self.directory = directory
        self._ports = ports.choose(["kafka", "controller", "postgres", "registry", "health"], {})
        self.kafka = f"{ports.HOST}:{self._ports['kafka']}"
        self.postgres = postgres.dsn(self._ports["postgres"], _PASSWORD)
        self.registry = f"http://{ports.HOST}:{self._ports['registry']}"
        self._environment = {
            "RONDO_KAFKA": self.kafka,
            "RONDO_POSTGRES": self.postgres,
            "RONDO_REGISTRY": self.registry,
            "RONDO_DATA": str(directory),
            "RONDO_PARTITIONS": str(partitions),
            "RONDO_HEALTH_PORT": str(self._ports["health"]),
            "RONDO_SESSION_TIMEOUT": str(SESSION),
            leftovers.MARK: str(directory),
        }
        self._running: dict[str, Process] = {}
        self._starts: dict[str, Callable[[], Process]] = {
            BROKER: self._broker,
            POSTGRES: self._postgres,
            REGISTRY: self._registry,
            WORKER: self._worker,
        }

    @property
    def log_segments(self) -> Path:
        """The broker's data directory."""
        return self.directory / "kafka" / "data"

    def told(self, event: str) -> int:
        """Return how often the workers have logged an event."""
        return (self.directory / "worker.log").read_text(errors="replace").count(f'"{event}"')

    def start(self, names: Iterable[str] = EVERYTHING) -> None:
        """Start what does not run, each once what it rests on answers."""
        for name in names:
            if name not in self._running or self._running[name].ended is not None:
                self._running[name] = self._starts[name]()

    def kill(self, names: Iterable[str]) -> None:
        """End parts with all that they started, at once and without a word (SIGKILL)."""
        processes = [self._running.pop(name) for name in names]
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in processes:
            process.stop()

    def stop(self, names: Iterable[str] = EVERYTHING) -> None:
        """Stop parts, in order."""
        for name in reversed([*names]):
            if process := self._running.pop(name, None):
                process.stop()

    async def ready(self, seconds: float = 90) -> None:
        """Return once the worker is ready; one that has ended is started again, as it would be."""
        async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False) as client:
            while not await self._is_ready(client):
                await asyncio.to_thread(self.start, [WORKER])
                await asyncio.sleep(0.1)

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(f"http://{ports.HOST}:{self._ports['health']}/ready")).is_success
        except httpx.TransportError:
            return False

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def _broker(self) -> Process:
        home = CACHE / "kafka" / jars.KAFKA
        jars.fetch(home, CACHE / "maven")
        at = self._ports
        return kafka.start(
            home, self.directory / "kafka", port=at["kafka"], controller=at["controller"], log=self._log(BROKER)
        )

    def _postgres(self) -> Process:
        home, port = self.directory / "postgres", self._ports["postgres"]
        return postgres.start(home, port=port, password=_PASSWORD, log=self._log(POSTGRES))

    def _registry(self) -> Process:
        process = self._launched(REGISTRY, [sys.executable, "-m", "schemas.registry"])
        process.wait_until(lambda: _answers(self.registry), 60)
        return process

    def _worker(self) -> Process:
        return self._launched(WORKER, [str(Path(sys.executable).with_name("rondo")), "worker"])

    def _launched(self, name: str, argv: list[str]) -> Process:
        return Process(Command(name, argv, self._log(name), self._environment))


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def new_directory() -> Path:
    """Return a new directory that Postgres, which may run as somebody else, can get to."""
    return Path(tempfile.mkdtemp(prefix="rondo-unclean-"))
