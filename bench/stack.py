"""A whole Rondo of some version, as ``make run`` starts it, on a data directory and ports of its own."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil
import psycopg

from bench.meter import cpu_of
from bench.run import LOGS
from bench.versions import Version
from local import ports
from local.process import Command, Process

STACK = "make run"
"""The process that starts and watches all others."""
_PATIENCE = 120.0  # seconds without a sign of life
_GRACE = 90.0  # seconds to stop
_COUNTS = """select (select count(*) from rondo.commands where user_id = $1 and kind = 'ACCEPTED'),
    (select count(*) from rondo.audit where user_id = $1), (select count(*) from rondo.reminders where user_id = $1)"""


@dataclass(frozen=True)
class Done:
    """What the views have of a user."""

    accepted: int  # commands
    entries: int  # of the audit trail
    reminders: int


@dataclass(frozen=True)
class Running:
    """A running stack: its main process, and the addresses, user and token in its ``run.json``."""

    pid: int
    kafka: str
    postgres: str
    api: str
    user: str
    token: str

    @property
    def port(self) -> int:
        """The API's port."""
        port = urlsplit(self.api).port
        assert port
        return port

    def parts(self) -> dict[str, psutil.Process]:
        """Return the main process of each part; ``make run`` itself is left out."""
        return {part_of(each.cmdline()): each for each in psutil.Process(self.pid).children()}

    def cpu(self) -> dict[str, float]:
        """Return the CPU seconds of each part so far, descendants included, also those that ended."""
        parts = {name: cpu_of(process) for name, process in self.parts().items()}
        own = psutil.Process(self.pid).cpu_times()
        return {**parts, STACK: own.user + own.system}

    def done(self) -> Done:
        """Return how much of what the user sent has reached the views."""
        with psycopg.connect(self.postgres, autocommit=True) as connection, psycopg.RawCursor(connection) as cursor:
            row = cursor.execute(_COUNTS, [self.user]).fetchone()
        assert row
        return Done(*row)


@contextmanager
def running(version: Version) -> Iterator[Running]:
    """Run a stack on an empty data directory; stop it and remove its data on exit."""
    data = Path(tempfile.mkdtemp(prefix="rondo-bench-"))
    environment = {"RONDO_DATA": str(data), "RONDO_PORT": str(ports.choose(["api"], {})["api"])}
    argv = [version.program("python"), "-S", "-m", "local", "up"]
    name, log = f"Rondo ({version.name})", LOGS / f"stack-{version.name}.log"
    process = Process(Command(name, argv, log, environment, version.root, grace=_GRACE, foreign=True))
    try:
        process.wait_until((data / "run.json").exists, _PATIENCE)
        yield of(process.pid, data)
    finally:
        process.stop()
        shutil.rmtree(data, ignore_errors=True)


def of(pid: int, data: Path) -> Running:
    """Return the stack that this process runs on a data directory."""
    run = msgspec.json.decode((data / "run.json").read_bytes())
    return Running(pid, *(run[name] for name in ("kafka", "postgres", "api", "user", "token")))


def part_of(argv: Sequence[str]) -> str:
    """Return the name of the part that a command line runs: a worker's is that of its stages."""
    if "worker" in argv:
        return " ".join(argv[argv.index("worker") + 1 :]) or "worker"
    if "kafka.Kafka" in argv:
        return "broker"
    if "-m" in argv:
        return argv[argv.index("-m") + 1].rpartition(".")[2]
    return Path(argv[0]).name.rstrip(":") if argv else "?"
