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

_PASSWORD = "bench"  # noqa: S105 - of a database that listens on loopback for some minutes


@dataclass(frozen=True)
class Stand:
    """The parts that all implementations share."""

    directory: Path
    kafka: str
    postgres: str
    parts: dict[str, Process]
    table: Table


@contextmanager
def running_stand() -> Iterator[Stand]:
    """Start broker and Postgres, and stop them on exit."""
    with ExitStack() as ended:
        shutil.rmtree(LOGS, ignore_errors=True)
        directory = Path(tempfile.mkdtemp(prefix="rondo-bench-"))
        ended.callback(shutil.rmtree, directory, ignore_errors=True)
        at = ports.choose(["broker", "controller", "postgres"], {})
        broker = _broker(directory, at["broker"], at["controller"])
        ended.callback(broker.stop)
        database = _postgres(directory, at["postgres"])
        ended.callback(database.stop)
        address = postgres.dsn(at["postgres"], _PASSWORD)
        table = Table(address)
        ended.callback(table.close)
        parts = {"broker": broker, "postgres": database}
        yield Stand(directory, f"{ports.HOST}:{at['broker']}", address, parts, table)


def _broker(directory: Path, port: int, controller: int) -> Process:
    fetched = CACHE / "kafka" / jars.KAFKA
    if not jars.present(fetched):
        jars.fetch(fetched, CACHE / "maven")
    log = LOGS / "broker.log"
    return kafka.start(fetched, directory / "kafka", port=port, controller=controller, log=log)


def _postgres(directory: Path, port: int) -> Process:
    """Start a Postgres that keeps commit times, by which latency is measured; all implementations pay for that."""
    data, log = directory / "postgres", LOGS / "postgres.log"
    database = postgres.start(data, port=port, password=_PASSWORD, log=log)
    with psycopg.connect(postgres.dsn(port, _PASSWORD), autocommit=True) as connection:
        connection.execute("alter system set track_commit_timestamp = on")
    database.stop()
    return postgres.start(data, port=port, password=_PASSWORD, log=log)
