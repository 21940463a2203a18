"""What lies outside of the records, in a broker's settings, a registry or a server of Postgres, sets none aside."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import asyncpg
import pytest
from msgspec import Struct

from schemas import records as r
from schemas.codec import Codec, Undecodable
from schemas.kafka import admin
from schemas.registry.client import Registry, RegistryUnavailable
from schemas.topics import DEAD_LETTERS, Topic
from streams.runtime import Context, Stage, Topology
from streams.runtime.postgres_store import PostgresStore, WrongEncoding
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, numbers, prepared, running, until
from tests.integration.runtime.test_blocks import alter
from tests.integration.runtime.test_guard import Journal, ids, journal
from tests.integration.runtime.test_metrics import of

__all__ = ["journal"]

AHEAD = 2_000_000_000_000  # milliseconds since 1970: in the year 2033
BOUNDS = {
    "message.timestamp.after.max.ms": ("1000", str(2**63 - 1)),
    "max.message.bytes": ("1000", str(1024 * 1024)),
}


@pytest.mark.parametrize("bound", BOUNDS)
async def test_records_wait_while_their_topic_takes_less_than_it_should(bound: str, worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    lower, right = BOUNDS[bound]
    async with running(counting.app):
        await alter(log.kafka, counting.counts.name, {bound: lower})
        await log.put(counting.commands, [command("ann", n, "x" * 2000, AHEAD) for n in range(20)])
        await until(of(counting.app, "rondo_retries_total"), lambda retries: retries >= 2)
        await alter(log.kafka, counting.counts.name, {bound: right})
        counts = await log.wait_for(counting.counts, 20, 60)
    assert numbers(counts) == {"ann": list(range(1, 21))}
    assert await dead(counting.stage, log) == []


async def test_rows_wait_while_the_role_that_writes_them_is_missing(journal: Journal, log: Log):
    async with running(journal.app):
        async with renamed(journal.connection, "rondo_views"):
            await log.put(journal.commands, [command("ann", n) for n in range(4)])
            await until(of(journal.app, "rondo_retries_total"), lambda retries: retries >= 2)
            assert await journal.commands_written() == []
        assert await journal.wait_for(4) == ids(*range(4))
    assert await dead(journal.stage, log) == []


async def test_rows_wait_for_a_database_that_can_hold_every_text(
    worker_settings: Settings, postgres_server: str, new_database: Callable[[], str]
):
    connection = await asyncpg.connect(postgres_server)
    name = new_database().rsplit("/", 1)[1]
    try:
        await connection.execute(f'drop database "{name}"')
        await connection.execute(f"create database \"{name}\" encoding 'LATIN1' locale 'C' template template0")
    finally:
        await connection.close()
    topology = Topology.of(Stage("narrow", reads=(Topic("narrow", "test", (r.CompleteTask,)),), store=PostgresStore))
    await admin.create(worker_settings.kafka, worker_settings.partitions, topology.topics)
    dsn = f"{postgres_server.rsplit('/', 1)[0]}/{name}"
    settings = worker_settings.model_copy(update={"postgres": dsn})
    codec = Codec(registry := Registry(settings.registry))
    store = PostgresStore(topology, Context(settings, codec), 0)
    with pytest.raises(WrongEncoding, match="LATIN1; Rondo needs UTF8"):
        await store.open()
    await store.close()
    await registry.aclose()


async def test_a_registry_that_was_emptied_makes_no_record_undecodable():
    with forgetful() as (url, schemas):
        codec = Codec(client := Registry(url))
        await codec.publish([DEAD_LETTERS])
        written = schemas.pop(1)
        with pytest.raises(RegistryUnavailable, match="does not have the schemas that were registered"):
            await codec.learn([b"\0\0\0\0\2body"])
        schemas[1] = written
        await codec.learn([b"\0\0\0\0\2body"])
        with pytest.raises(Undecodable, match="the registry has no schema 2"):
            codec.decode(b"\0\0\0\0\2body")
        await client.aclose()


async def test_a_state_that_a_newer_version_wrote_sets_no_record_aside(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    newer = Newer(counting)
    async with running(counting.app):
        await log.put(counting.commands, [command("ann", n) for n in range(3)])
        await log.wait_for(counting.counts, 3)
        newer.values = True
        await log.put(counting.commands, [command("ann", n) for n in range(3, 6)])
        await until(of(counting.app, "rondo_retries_total"), lambda retries: retries >= 2)
        newer.values = False
        counts = await log.wait_for(counting.counts, 6)
    assert numbers(counts) == {"ann": list(range(1, 7))}
    assert await dead(counting.stage, log) == []


class Newer:
    """What decodes a stage's records: those of its state are a newer version's for a while."""

    def __init__(self, counting: Counting) -> None:
        self.values = False
        self._serde = counting.stage.serde
        counting.stage.serde = self._made

    def _made(self, registry: Registry) -> "Newer":
        self.codec = self._serde(registry)
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.codec, name)

    def decode(self, data: bytes | None) -> Struct:
        found = self.codec.decode(data)
        if self.values and isinstance(found, r.AuditHead):
            raise Undecodable("the bytes are no AuditHead of another version")
        return found


@asynccontextmanager
async def renamed(connection: asyncpg.Connection, role: str) -> AsyncIterator[None]:
    """Take a role away meanwhile."""
    await connection.execute(f"alter role {role} rename to {role}_elsewhere")
    try:
        yield
    finally:
        await connection.execute(f"alter role {role}_elsewhere rename to {role}")


@contextmanager
def forgetful() -> Iterator[tuple[str, dict[int, str]]]:
    """A registry by its URL, and the schemas by id that it has: who takes one out makes it forget."""
    schemas: dict[int, str] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            schemas[1] = asked["schema"]
            self.answer(200, {"id": 1})

        def do_GET(self) -> None:
            found = schemas.get(int(self.path.rsplit("/", 1)[1]))
            self.answer(200, {"schema": found}) if found else self.answer(404, {"error_code": 40403})

        def answer(self, status: int, body: dict[str, Any]) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", schemas
        server.shutdown()


async def dead(stage: Stage, log: Log) -> list[str]:
    return [dead_letter.reason for dead_letter in await log.read(DEAD_LETTERS) if dead_letter.stage == stage.name]
