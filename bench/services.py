"""The broker and the Postgres of a benchmark, in a temporary directory."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.run import LOGS
from bench.table import Table
from local import jars, kafka, ports, postgres
from local.process import Process
from local.settings import CACHE
from postgres.migrate import migrate

_PASSWORD = "bench"  # noqa: S105 - of a database that listens on loopback for some minutes


@dataclass(frozen=True)
class Services:
    """The parts that all implementations share."""

    directory: Path
    kafka: str
    postgres: str
    parts: dict[str, Process]
    table: Table


@contextmanager
def database() -> Iterator[str]:
    """Run a migrated Postgres in a temporary directory; yield its address."""
    directory, port = Path(tempfile.mkdtemp(prefix="rondo-bench-")), ports.choose(["postgres"], {})["postgres"]
    server = postgres.start(directory / "postgres", port=port, password=_PASSWORD, log=directory / "postgres.log")
    try:
        migrate(dsn := postgres.dsn(port, _PASSWORD))
        yield dsn
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def running_services() -> Iterator[Services]:
    """Start broker and Postgres, and stop them on exit."""
    with ExitStack() as ended:
        shutil.rmtree(LOGS, ignore_errors=True)
        directory = Path(tempfile.mkdtemp(prefix="rondo-bench-"))
        ended.callback(shutil.rmtree, directory, ignore_errors=True)
        at = ports.choose(["broker", "controller", "postgres"], {})
        broker = _broker(directory, at["broker"], at["controller"])
        ended.callback(broker.stop)
        server = _postgres(directory, at["postgres"])
        ended.callback(server.stop)
        address = postgres.dsn(at["postgres"], _PASSWORD)
        table = Table(address)
        ended.callback(table.close)
        parts = {"broker": broker, "postgres": server}
        yield Services(directory, f"{ports.HOST}:{at['broker']}", address, parts, table)


def _broker(directory: Path, port: int, controller: int) -> Process:
    fetched = CACHE / "kafka" / jars.KAFKA
    if not jars.present(fetched):
        jars.fetch(fetched, CACHE / "maven")
    log = LOGS / "broker.log"
    return kafka.start(fetched, directory / "kafka", port=port, controller=controller, log=log)


def _postgres(directory: Path, port: int) -> Process:
    """Start a Postgres that keeps commit times, by which latency is measured; all implementations pay for that."""
    data, log = directory / "postgres", LOGS / "postgres.log"
    server = postgres.start(data, port=port, password=_PASSWORD, log=log)
    with psycopg.connect(postgres.dsn(port, _PASSWORD), autocommit=True) as connection:
        connection.execute("alter system set track_commit_timestamp = on")
    server.stop()
    return postgres.start(data, port=port, password=_PASSWORD, log=log)
