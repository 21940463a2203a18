"""The worst that every route lets in, while another user asks: nobody waits because of it, and no refusal is long."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psutil
import psycopg
import pytest

from api.http import tokens
from api.http.problems import MOST_BYTES
from bench.limits import data, operations, worst
from bench.limits.waiting import Held, Measure
from tests.integration.ingress.standin import User
from tests.integration.ingress.test_api_process import SECRET, serving

HELD = 0.25
"""Seconds of CPU that the thread of the event loop may take while another waits: what is promised. By the clock on the
wall tests would fail while others use the machine."""
TOGETHER = 0.6
"""Seconds of CPU that all threads of the API may take meanwhile. One at a time runs: if one lets no other run, the loop
waits for as long."""
AT_ONCE = 4
"""Each request is sent so often at once: more often than reads and long work of one user run."""
TRIES = 3
"""A request is sent so often before it counts as one that holds up others: CPU may be slow for once."""
HEAD = 2048
"""Bytes of an answer's head, at most."""
EVERY = 27
"""One of this many of a route's bodies is sent here; `python -m bench.limits` asks with all."""


def some(names: operations.Names) -> Iterator[operations.Request]:
    """For each operation some of its worst requests, others for each; its longest pages and its searches, all."""
    turns = cycle(range(EVERY))
    for operation in operations.operations():
        found = [*operations.together(operation, names)]
        yield from islice(found, next(turns), None, EVERY)
        yield from found[-2:]  # many parameters, many headers
        yield from operations.pages(operation, names)
        yield from islice(operations.with_bodies(operation, names), next(turns), None, EVERY)
        yield from (each for each in operations.with_bodies(operation, names) if each.name in worst.BULKS)


@pytest.fixture
async def measure(api: str, database: str, new_user: Callable[[], User]) -> tuple[Measure, operations.Names]:
    """What asks as a user who has the worst of everything, and as another; and what the former's requests name."""
    worse, other = new_user(), new_user()
    connection = await asyncpg.connect(database)
    await data.put(connection, worse.id)
    await connection.close()
    host, port = api.removeprefix("http://").split(":")
    tokens = (user.http.headers["authorization"].partition(" ")[2] for user in (worse, other))
    return Measure((host, int(port)), *tokens, *clocks(serving_at(int(port)))), data.known(worse.id)


async def test_nobody_waits_for_the_worst_request_of_another(measure: tuple[Measure, operations.Names]):
    asking, names = measure
    found = [each async for each in asking.held(some(names), AT_ONCE)]
    holding = [each for each in found if holds_up(each)]
    for _ in range(1, TRIES):
        holding = [each async for each in asking.held((one.request for one in holding), AT_ONCE) if holds_up(each)]
    assert [told(each) for each in holding] == []
    assert [told(each) for each in found if each.status >= 400 and each.size > MOST_BYTES + HEAD] == []
    assert [told(each) for each in found if each.status in (0, 500)] == []


def clocks(process: int) -> tuple[Callable[[], float], Callable[[], float]]:
    """Clocks of the CPU that a process takes, in seconds: of its first thread, which runs the loop, and of all."""
    whole = psutil.Process(process)
    return lambda: sum(sum(each[1:]) for each in whole.threads() if each.id == process), lambda: sum(
        whole.cpu_times()[:2]
    )


def holds_up(held: Held) -> bool:
    loop, threads = held.other
    return loop > HELD or threads > TOGETHER


def serving_at(port: int) -> int:
    """The id of the process that listens at a port: one that this one has started."""
    for child in psutil.Process().children(recursive=True):
        if any(each.laddr.port == port for each in child.net_connections() if each.status == psutil.CONN_LISTEN):
            return child.pid
    raise AssertionError(port)


def told(each: Held) -> str:
    loop, threads = each.other
    waited = (
        f"{each.seconds:.2f} s, the loop took {loop:.2f} s of CPU and all threads {threads:.2f} s while another waited"
    )
    return f"{each.request.operation}, {each.request.name}: {each.status}, {each.size:,} bytes, {waited}"


PATIENCE = 0.5


@pytest.fixture(scope="module")
async def impatient(
    log: str, registry: str, database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """A user's client of an API that has little time and lets one read of a user run at once."""
    times = {"query_timeout": str(PATIENCE), "receive_timeout": str(PATIENCE), "reads": "1", "connections": "20"}
    written: Path = tmp_path_factory.mktemp("impatient") / "api.log"
    async with serving(written, kafka=log, registry=registry, postgres=database, **times) as (_, client, _user):
        yield client


async def test_reads_of_a_user_that_wait_too_long_for_others_are_answered_429(
    impatient: httpx.AsyncClient, database: str
):
    with psycopg.connect(database) as holding:
        holding.execute("lock table rondo.lists in access exclusive mode")
        answers = await asyncio.gather(*(impatient.get("/v1/lists") for _ in range(4)))
    assert {answer.json()["type"] for answer in answers} == {"/problems/busy", "/problems/unavailable"}
    assert {answer.status_code for answer in answers} == {429, 503}
    assert {answer.headers["retry-after"] for answer in answers} == {"5"}
    assert (await impatient.get("/v1/lists")).is_success


async def test_waits_of_a_user_leave_connections_to_others(impatient: httpx.AsyncClient):
    headers = {"Authorization": f"Bearer {tokens.issue(SECRET, str(uuid4()))}", "Prefer": "wait=30"}
    waits = [
        asyncio.create_task(impatient.get(f"/v1/commands/{uuid4()}", headers=headers, timeout=60)) for _ in range(16)
    ]
    try:
        async with asyncio.timeout(PATIENCE * 20):
            while sum(each.done() for each in waits) < 12:  # noqa: ASYNC110 - they end by themselves
                await asyncio.sleep(0.05)
        assert {(await each).status_code for each in waits if each.done()} <= {404, 429}  # one read of theirs at once
        assert sum(not each.done() for each in waits) == 4  # a fifth of the connections
    finally:
        for each in waits:
            each.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


@pytest.mark.parametrize("sent", ["POST /v1/tasks HTTP/1.1\r\nHost: here\r\n", "body"])
async def test_half_a_request_is_answered_408_with_a_problem(impatient: httpx.AsyncClient, sent: str):
    url = impatient.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /v1/tasks HTTP/1.1\r\nHost: here\r\nAuthorization: {impatient.headers['authorization']}\r\n"
    whole = f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    writer.write((whole if sent == "body" else sent).encode())
    async with asyncio.timeout(PATIENCE * 10):
        answer = await reader.read()
    writer.close()
    told, _, body = answer.partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["type"] == "/problems/timeout"


async def test_a_head_that_waits_with_half_a_body_is_cut_off_too(impatient: httpx.AsyncClient):
    url = impatient.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"HEAD /v1/commands/{uuid4()} HTTP/1.1\r\nHost: here\r\nAuthorization: {impatient.headers['authorization']}\r\n"
    )
    writer.write(f"{head}Prefer: wait=60\r\nContent-Length: 100\r\n\r\n{{".encode())
    async with asyncio.timeout(PATIENCE * 20):
        told, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert (told.split()[1], body) == (b"408", b"")


async def test_half_requests_on_all_connections_keep_nobody_out(impatient: httpx.AsyncClient):
    url = impatient.base_url
    halves = [await asyncio.open_connection(url.host, url.port) for _ in range(60)]
    for _, writer in halves:
        writer.write(b"GET /v1/lists HTTP/1.1\r\nHost: here\r\n")
    async with httpx.AsyncClient(base_url=url, headers=impatient.headers) as new:
        assert (await new.get("/v1/lists")).is_success
    async with asyncio.timeout(PATIENCE * 20):
        assert all([await _is_closed(reader) for reader, _ in halves])
    for _, writer in halves:
        writer.close()


async def _is_closed(reader: asyncio.StreamReader) -> bool:
    with suppress(ConnectionError):
        await reader.read()  # to its end
    return True
