"""Every operation while something is broken: no answer is false, none is late, and afterwards all is as before."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from api.app import create_app
from api.configuration import Settings
from api.http import tokens
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS
from tests.integration.ingress import walk
from tests.integration.ingress.conftest import SECRET, TARGETS_KEY
from tests.integration.ingress.standin import PARTITIONS, StandIn
from tests.integration.runtime.proxy import Api, Proxy, proxied
from tests.network import Fault, Link, linked

QUERY = PRODUCE = 1.0
BACK = 8.0
"""Seconds after which all is as before, once nothing is broken any more."""


@dataclass(frozen=True)
class Rondo:
    """The API in this process, with short patience, one user's client of it, and its networks."""

    user: str
    http: httpx.AsyncClient
    broker: Proxy
    postgres: Link
    registry: Link

    async def back(self) -> bool:
        """Whether a command is taken, decided and read again."""
        somebody = {"Authorization": f"Bearer {tokens.issue(SECRET, str(uuid4()))}", "Prefer": "wait=2"}
        taken = await self.http.post("/v1/tasks", json={"title": "Back"}, headers=somebody)
        return taken.status_code == 201 and (await self.http.get("/ready")).is_success


@asynccontextmanager
async def running(kafka: str, registry: str, database: str) -> AsyncIterator[Rondo]:
    host = database.rpartition("@")[2].partition("/")[0]
    async with proxied(kafka) as broker, linked(host) as postgres, linked(registry.rpartition("/")[2]) as away:
        settings = Settings(
            secret=SECRET,
            targets_key=TARGETS_KEY,
            kafka=broker.kafka,
            registry=away.of(registry),
            postgres=postgres.of(database),
            produce_timeout=PRODUCE,
            query_timeout=QUERY,
            pause=0.1,
            poll=0.2,
        )
        app, user = create_app(settings), str(uuid4())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {tokens.issue(SECRET, user)}"}
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://rondo", headers=headers) as client,
        ):
            yield Rondo(user, client, broker, postgres, away)


@pytest.fixture
async def rondo(log: str, registry: str, database: str, stages: StandIn) -> AsyncIterator[Rondo]:
    async with running(log, registry, database) as rondo:
        await until(rondo.back)
        yield rondo


async def until(holds: Callable[[], Any], seconds: float = 30) -> None:
    """Return once it holds."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - it is asked of the API
            await asyncio.sleep(0.05)


async def known(http: httpx.AsyncClient) -> dict[str, str]:
    """What the paths of the walk name: made while everything is well."""

    async def made(path: str, **body: Any) -> dict[str, Any]:
        answer = await http.post(f"/v1/{path}", json=body, headers={"Prefer": "wait=20"})
        assert answer.is_success, answer.text
        return dict(answer.json())

    listed = await made("lists", name="Home")
    task = await made("tasks", title="Water the plants", tags=["team"], list=listed["list"]["id"])
    await made("tasks", title="The ferns", parent=task["task"]["id"])
    saved = await made("filters", name="Open", filter="open")
    target = await made("targets", name="Phone", address="ntfy://localhost/topic")
    bulk = await made("bulks", filter="#team", action="update", add_tags=["late"])
    return {
        "task": task["task"]["id"],
        "list_id": listed["list"]["id"],
        "filter_id": saved["filter"]["id"],
        "target_id": target["target"]["id"],
        "name": "team",
        "bulk": bulk["id"],
        "command": task["command"]["id"],
    }


async def records(kafka: str, registry_url: str, user: str) -> list[Any]:
    """All commands of a user that are on the log."""
    registry = Registry(registry_url)
    codec, found = Codec(registry), []
    async with AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition(TASK_COMMANDS.name, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                mine = [record.value for record in batch if record.key == user.encode()]
                await codec.learn(mine)
                found += [codec.decode(value) for value in mine]
    await registry.aclose()
    return found


async def losing_acknowledgements(rondo: Rondo) -> None:
    rondo.broker.answers.add(Api.PRODUCE)


def broken(name: str, fault: Fault, late: float = 0.0) -> Callable[[Rondo], Awaitable[None]]:
    async def fail(rondo: Rondo) -> None:
        getattr(rondo, name).fail(fault, late)

    return fail


def broken_behind_the_append(fault: Fault) -> Callable[[Rondo], Awaitable[None]]:
    """Postgres fails when what had to be read is read and commands are on their way to the log."""

    async def fail(rondo: Rondo) -> None:
        rondo.broker.freeze()
        await asyncio.sleep(PRODUCE / 2)
        rondo.postgres.fail(fault)
        rondo.broker.heal()

    return fail


FAULTS = {
    **{f"Postgres {fault}": broken("postgres", fault, 0.2) for fault in Fault},
    **{f"Postgres {fault} behind the append": broken_behind_the_append(fault) for fault in (Fault.DEAD, Fault.FROZEN)},
    **{f"the broker {fault}": broken("broker", fault, 0.2) for fault in Fault},
    "the broker losing acknowledgements": losing_acknowledgements,
    "the registry dead": broken("registry", Fault.DEAD),
    "the registry frozen": broken("registry", Fault.FROZEN),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_answer_is_false_or_late_whatever_is_broken(fault: str, rondo: Rondo, log: str, registry: str) -> None:
    asked = list(walk.asks(await known(rondo.http)))
    before = {each.id for each in await records(log, registry, rondo.user)}

    breaking = asyncio.ensure_future(FAULTS[fault](rondo))
    await asyncio.sleep(0)
    answers = await walk.sent(rondo.http, asked)
    await breaking
    for link in (rondo.broker, rondo.postgres, rondo.registry):
        link.heal()
    await until(rondo.back, BACK)

    assert walk.undocumented(answers) == []
    assert walk.late(answers, QUERY, PRODUCE) == []
    new = [each for each in await records(log, registry, rondo.user) if each.id not in before]
    assert walk.false(answers, new, rondo.user) == []


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "seconds"),
    [
        ("GET", "/ready", {}, {}, 3),
        ("GET", "/v1/tasks", {}, {}, 10 + 1),
        ("GET", "/v1/commands/{command}", {}, {"Prefer": "wait=5"}, 10 + 5 + 1),
        ("POST", "/v1/tasks", {}, {"Prefer": "wait=5"}, 20 + 5 + 2),
        ("POST", "/v1/tasks", {}, {"Idempotency-Key": "k"}, 20 + 2 + 2),
        ("POST", "/v1/bulks", {}, {}, 10 + 1 + 20 + 2),
        ("DELETE", "/v1/lists/{list_id}", {"tasks": "move"}, {}, 10 + 1 + 20 + 2),
    ],
)
def test_the_time_that_an_answer_may_take_is_that_of_its_kind(
    method: str, path: str, query: dict[str, str], headers: dict[str, str], seconds: float
) -> None:
    documented = walk.DOCUMENT["paths"][path][method.lower()]
    assert walk.Ask(method, path, query, headers, None, documented).stated(query=10, produce=20) == seconds


async def test_reads_that_hang_hold_up_no_command(rondo: Rondo) -> None:
    rondo.postgres.freeze()
    reads = [asyncio.ensure_future(rondo.http.get("/v1/tasks")) for _ in range(20)]
    await asyncio.sleep(0)
    taken = await rondo.http.post("/v1/tasks", json={"title": "In spite of all"})
    assert (taken.status_code, any(read.done() for read in reads)) == (202, False)
    assert {read.status_code for read in await asyncio.gather(*reads)} == {
        429,
        503,
    }  # some waited too long for others to end


async def test_a_command_whose_fate_is_unknown_is_not_denied_when_it_is_sent_again(rondo: Rondo) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    rondo.broker.requests.add(Api.PRODUCE)
    lost = await rondo.http.post("/v1/tasks", json={"title": "Once"}, headers=key)
    rondo.broker.fail(Fault.DEAD)
    again = await rondo.http.post("/v1/tasks", json={"title": "Once"}, headers=key)
    assert [each.json()["type"] for each in (lost, again)] == [walk.UNKNOWN] * 2
