"""The API as a process on real parts, and clients of it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.http import tokens
from local import ports
from local.process import Command, Process
from postgres.migrate import migrate
from schemas.kafka import admin
from schemas.topics import TASK_COMMANDS
from tests.integration.ingress.standin import PARTITIONS, StandIn, Tail, User, standing_in, tailing

SECRET = "a secret that only these tests know"
TARGETS_KEY = "a1" * 32


@pytest.fixture(scope="package")
def database(new_database: Callable[[], str]) -> str:
    """The DSN of a migrated database of the API's own."""
    dsn = new_database()
    migrate(dsn)
    return dsn


@pytest.fixture(scope="package")
async def log(kafka: str) -> str:
    """The broker, with the topic of commands."""
    await admin.create(kafka, PARTITIONS, [TASK_COMMANDS])
    return kafka


@pytest.fixture(scope="package")
def api(log: str, registry: str, database: str, directory: Path) -> Iterator[str]:
    """The URL of the API, run by ``python -m api``."""
    port = ports.choose(["api"], {})["api"]
    environment = {
        "RONDO_KAFKA": log,
        "RONDO_REGISTRY": registry,
        "RONDO_POSTGRES": database,
        "RONDO_SECRET": SECRET,
        "RONDO_TARGETS_KEY": TARGETS_KEY,
        "RONDO_PORT": str(port),
    }
    url = f"http://{ports.HOST}:{port}"
    server = Process(Command("The API", [sys.executable, "-m", "api"], directory / "api.log", environment))
    try:
        server.wait_until(lambda: _ready(url), 30)
        yield url
    finally:
        server.stop()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
async def new_user(api: str) -> AsyncIterator[Callable[[], User]]:
    """A function that returns a user of their own."""
    clients: list[httpx.AsyncClient] = []

    def create() -> User:
        user = str(uuid4())
        headers = {"Authorization": f"Bearer {tokens.issue(SECRET, user)}"}
        clients.append(httpx.AsyncClient(base_url=api, headers=headers, timeout=30))
        return User(user, clients[-1])

    yield create
    for client in clients:
        await client.aclose()


@pytest.fixture
def user(new_user: Callable[[], User]) -> User:
    """A user of this test's own."""
    return new_user()


@pytest.fixture(scope="package")
async def opened_tail(log: str) -> AsyncIterator[Tail]:
    """What comes to task-commands, read by one consumer for all tests."""
    async with tailing(log) as opened:
        yield opened


@pytest.fixture
async def tail(opened_tail: Tail) -> Tail:
    """What comes to task-commands during this test."""
    await opened_tail.skip()
    return opened_tail


@pytest.fixture
async def stages(log: str, registry: str, database: str) -> AsyncIterator[StandIn]:
    """Stands in for the tasks and views stages during this test."""
    async with asyncio.timeout(60), standing_in(log, registry, database) as stand_in:
        yield stand_in
