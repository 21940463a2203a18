"""The API while other parts are away: it answers in time, and says what is known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.app import create_app
from api.configuration import Settings
from api.http import tokens
from local import kafka as embedded_kafka
from local import ports
from schemas.kafka import admin
from schemas.topics import TASK_COMMANDS
from tests.integration.ingress.conftest import SECRET, TARGETS_KEY

TASK = {"title": "In spite of all"}


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    return f"127.0.0.1:{ports.choose(['nobody'], {})['nobody']}"


@asynccontextmanager
async def serving(**settings: object) -> AsyncIterator[httpx.AsyncClient]:
    """The API in this process, with short patience, and a client of it."""
    patience = {"produce_timeout": 1.5, "query_timeout": 2, "pause": 0.1}
    app = create_app(Settings(secret=SECRET, targets_key=TARGETS_KEY, **{**patience, **settings}))  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {tokens.issue(SECRET, str(uuid4()))}"}
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://rondo", headers=headers, timeout=30) as client,
    ):
        yield client


async def until_ready(client: httpx.AsyncClient, *parts: str) -> None:
    """Return once these parts are ready."""
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        states = (await client.get("/ready")).json()["parts"]
        if {states[part] for part in parts} == {"ready"}:
            return
        assert asyncio.get_running_loop().time() < deadline, states
        await asyncio.sleep(0.05)


async def test_without_a_broker_a_command_is_refused_in_time(nobody: str, registry: str, database: str) -> None:
    async with serving(kafka=nobody, registry=registry, postgres=database) as client, asyncio.timeout(10):
        answer = await client.post("/v1/tasks", json=TASK)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
        await until_ready(client, "registry", "postgres")
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert (await client.get("/v1/tasks")).json()["items"] == []
        assert (await client.get("/live")).status_code == 200


async def test_without_postgres_commands_are_taken_and_reads_refused(log: str, registry: str, nobody: str) -> None:
    async with serving(kafka=log, registry=registry, postgres=f"postgresql://rondo@{nobody}/rondo") as client:
        await until_ready(client, "broker", "registry")
        for headers in ({}, {"Prefer": "wait=1"}, {"Idempotency-Key": "k"}):
            assert (await client.post("/v1/tasks", json=TASK, headers=headers)).status_code == 202
        read = await client.get("/v1/tasks")
        assert (read.status_code, read.json()["type"]) == (503, "/problems/unavailable")


async def test_without_a_registry_a_command_is_refused(log: str, nobody: str, database: str) -> None:
    async with serving(kafka=log, registry=f"http://{nobody}", postgres=database) as client:
        answer = await client.post("/v1/tasks", json=TASK)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")


async def test_a_broker_that_goes_away_leaves_the_outcome_unknown_until_it_is_back(
    kafka_jars: Path, tmp_path: Path, registry: str, database: str
) -> None:
    chosen = ports.choose(["broker", "controller"], {})
    bootstrap = f"{ports.HOST}:{chosen['broker']}"

    def start() -> embedded_kafka.Process:
        return embedded_kafka.start(
            kafka_jars,
            tmp_path / "kafka",
            port=chosen["broker"],
            controller=chosen["controller"],
            log=tmp_path / "kafka.log",
        )

    broker = await asyncio.to_thread(start)
    try:
        await admin.create(bootstrap, 1, [TASK_COMMANDS])
        async with serving(kafka=bootstrap, registry=registry, postgres=database) as client:
            await until_ready(client, "broker")
            await asyncio.to_thread(broker.stop)
            async with asyncio.timeout(10):
                lost = await client.post("/v1/tasks", json=TASK)
            assert (lost.status_code, lost.json()["type"]) == (503, "/problems/outcome-unknown")
            assert lost.headers["location"] == lost.json()["command"]["href"]

            broker = await asyncio.to_thread(start)
            await until_ready(client, "broker")
            key = {"Idempotency-Key": lost.json()["idempotency_key"]}
            again = await client.post("/v1/tasks", json=TASK, headers=key)
            assert (again.status_code, again.json()["command"]["id"]) == (202, lost.json()["command"]["id"])
    finally:
        await asyncio.to_thread(broker.stop)
