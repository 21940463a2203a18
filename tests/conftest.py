"""The real parts that tests run on: those that RONDO_* name; else containers where Docker answers; else embedded ones.

Each starts when the first test asks for it and stops at the end. Tests share them, so names of topics and ids of users
must be a test's own.
"""

import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from local import docker, jars, ports
from local import kafka as embedded_kafka
from local import postgres as embedded_postgres
from local.process import Command, Process
from postgres.databases import create_database

CACHE = Path(__file__).parent.parent / ".cache"
WITH_A_STACK = ("acceptance", "ingress", "pipeline", "secured")
"""Directories whose tests share a Rondo that runs, or other parts of their own."""
LONG = ("chaos", *WITH_A_STACK)
BRIEF = "-XX:TieredStopAtLevel=1"
"""For some sixty brokers that run for seconds: half of what they would take of a processor is for compiling well."""

# Properties are held to be true, not to be fast: on a machine that others use, too, what goes by a wall clock fails by
# chance.
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")


def pytest_configure() -> None:
    """Let the tests reach loopback themselves where the machine goes out through a proxy, and be interrupted.

    A shell lets what it starts in the background ignore Ctrl-C, and so would all that the tests start.
    """
    gc.set_threshold(50_000, 20, 50)
    ports.spare_proxies(os.environ)
    os.environ.setdefault("JDK_JAVA_OPTIONS", BRIEF)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Leave thousands of tests out of every look for cycles: these took a third of the time of collecting."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let deep tests take as long as they do, and what takes long begin first: at the end it would run alone.

    Tests that share a Rondo stay together: it is stopped after the last of them.
    """
    for item in items:
        if item.get_closest_marker("deep"):
            item.add_marker(pytest.mark.timeout(0))
    places: dict[Path, int] = {}
    for item in items:
        places.setdefault(item.path.parent, len(places))
    items.sort(key=lambda item: places[item.path.parent] if item.path.parent.name in LONG else len(places))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the numbers that tests recorded with ``record_property``."""
    for report in terminalreporter.getreports("passed"):
        for name, number in report.user_properties:
            terminalreporter.write_line(f"{name}: {number}")


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes share the tests out: one more than cores, as each waits for a third of its time.

    Each has a broker and a Postgres of its own, so there are five at most.
    """
    return min(os.cpu_count() or 1, 4) + 1


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a process whole files, and the directories whose tests share what is dear to start."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        return str(file.parent if file.parent.name in WITH_A_STACK else file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPlace:
    """Say how tests are shared out, where several processes run them."""
    return ByPlace(config, log)


@pytest.fixture(autouse=True)
def logs_as_they_are_by_default() -> Iterator[None]:
    """Take back what a program that ran within a test has configured: later tests look at what is logged."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """A directory for embedded parts. (Not pytest's own: each session of pytest closes that one to other users.)"""
    path = Path(tempfile.mkdtemp(prefix="rondo-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """The directory with Apache Kafka's jars."""
    path = CACHE / "kafka" / jars.KAFKA
    if not jars.present(path):
        jars.fetch(path, CACHE / "maven")
    return path


@pytest.fixture(scope="session", name="kafka")
def kafka_fixture(request: pytest.FixtureRequest) -> Iterator[str]:
    """The bootstrap servers of a real broker."""
    if named := os.environ.get("RONDO_KAFKA"):
        yield named
    elif docker.answers():
        from testcontainers.community.kafka import RedpandaContainer

        with RedpandaContainer(docker.IMAGES["redpanda"]) as redpanda:
            yield redpanda.get_bootstrap_server()
    else:
        with _embedded_kafka(request.getfixturevalue("kafka_jars"), request.getfixturevalue("directory")) as bootstrap:
            yield bootstrap


@contextmanager
def _embedded_kafka(kafka_jars: Path, directory: Path) -> Iterator[str]:
    chosen = ports.choose(["broker", "controller"], {})
    broker = embedded_kafka.start(
        kafka_jars,
        directory / "kafka",
        port=chosen["broker"],
        controller=chosen["controller"],
        log=directory / "kafka.log",
    )
    try:
        yield f"{ports.HOST}:{chosen['broker']}"
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of a real Postgres, in a role that may create databases."""
    if named := os.environ.get("RONDO_POSTGRES"):
        yield named
    elif docker.answers():
        from testcontainers.community.postgres import PostgresContainer

        with PostgresContainer(docker.IMAGES["postgres"], driver=None) as container:
            yield container.get_connection_url()
    else:
        directory = request.getfixturevalue("directory")
        port = ports.choose(["postgres"], {})["postgres"]
        server = embedded_postgres.start(
            directory / "postgres", port=port, password="secret", log=directory / "postgres.log"
        )
        try:
            yield embedded_postgres.dsn(port, "secret")
        finally:
            server.stop()


@pytest.fixture(scope="session")
def new_database(postgres_server: str) -> Iterator[Callable[[], str]]:
    """A function that creates an empty database and returns its DSN. All are dropped at the end."""
    created: list[str] = []

    def create() -> str:
        created.append(f"rondo_test_{uuid4().hex}")
        create_database(postgres_server, created[-1])
        return urlsplit(postgres_server)._replace(path=f"/{created[-1]}").geturl()

    yield create
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for name in created:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(scope="session", name="postgres")
def postgres_fixture(new_database: Callable[[], str]) -> str:
    """The DSN of a fresh database, without tables."""
    return new_database()


@pytest.fixture(scope="session", name="registry")
def registry_fixture(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a schema registry: Rondo's own unless RONDO_REGISTRY names another."""
    if named := os.environ.get("RONDO_REGISTRY"):
        yield named
        return
    directory = request.getfixturevalue("directory")
    url = f"http://{ports.HOST}:{ports.choose(['registry'], {})['registry']}"
    environment = {"RONDO_KAFKA": request.getfixturevalue("kafka"), "RONDO_REGISTRY": url}
    argv = [sys.executable, "-m", "schemas.registry"]
    server = Process(Command("The registry", argv, directory / "registry.log", environment))
    try:
        server.wait_until(lambda: _answers(url), 30)
        yield url
    finally:
        server.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
