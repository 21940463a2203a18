"""A server on a socket, and clients that are slow, many, or send what is of no use."""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
import uvicorn

from common.serving import Limits, Protocol, plain

SECONDS = 0.3
"""Seconds that a client has to send a request."""
SOON = 30.0
HEAD = b"POST / HTTP/1.1\r\nHost: here\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"


async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Answers with the number of a request's bytes; at once to /early, never to /wait, and to /much with 20 MiB.

    Of its answer to /broken only the head comes.
    """
    size, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"] or scope["path"] == "/wait"
    content = b"x" * (20 << 20) if scope["path"] == "/much" else str(size).encode()
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if scope["path"] != "/broken":
        await send({"type": "http.response.body", "body": content})


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes, bytes]:
        """Status, head and body of the next answer; a status of 0 where the connection was closed without one."""
        async with asyncio.timeout(SOON):
            try:
                head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
                length = re.search(rb"content-length: (\d+)", head)
                body = await self.reader.readexactly(int(length[1]) if length else 0)
            except (ConnectionError, asyncio.IncompleteReadError):
                return 0, b"", b""
        return int(head.split()[1]), head, body

    async def head(self) -> tuple[int, bytes, bytes]:
        """Status and head of the next answer, and what comes behind it though it has no body."""
        async with asyncio.timeout(SOON):
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                return int(head.split()[1]), head, await self.reader.read(1)
        return int(head.split()[1]), head, b""

    async def status(self) -> int:
        return (await self.answer())[0]

    async def is_closed(self) -> bool:
        with suppress(ConnectionError):
            async with asyncio.timeout(SOON):
                return await self.reader.read() == b""
        return True


class Served:
    def __init__(self, port: int, server: uvicorn.Server) -> None:
        self.port, self.server = port, server

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)


class Noting(Protocol):
    """A protocol that notes each write to its connections."""

    def __init__(self, writes: list[bytes], limits: Limits, **given: Any) -> None:
        super().__init__(limits, **given)
        self._writes = writes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        write = transport.write

        def noting(data: bytes) -> None:
            self._writes.append(data)
            write(data)

        transport.write = noting  # type: ignore[assignment, method-assign]


@asynccontextmanager
async def serving(
    seconds: float = SOON, connections: int = 100, writes: list[bytes] | None = None
) -> AsyncIterator[Served]:
    limits = Limits(seconds, connections, plain)
    protocol = partial(Protocol, limits) if writes is None else partial(Noting, writes, limits)
    config = uvicorn.Config(app, http=protocol, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serves = asyncio.ensure_future(server.serve([listening]))
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            yield Served(listening.getsockname()[1], server)
        finally:
            server.should_exit = True
            await serves


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 0),
        (b"PO", 408),
        (HEAD, 408),
        (HEAD + b"Content-Length: 100\r\n\r\n", 408),
        (HEAD + b"Content-Length: 100\r\n\r\n{", 408),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{", 408),
        (WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), 200),
    ],
    ids=["nothing", "half a line", "half a head", "no body", "half a body", "half a chunked body", "all"],
)
async def test_who_has_not_sent_a_request_in_its_time_is_answered_408_and_cut_off(sent: bytes, status: int):
    async with serving(SECONDS) as served, served.client() as client:
        began = time.monotonic()
        await client.send(sent)
        answered, head, body = await client.answer()
        assert answered == status
        assert status != 408 or (json.loads(body)["status"], b"connection: close" in head) == (408, True)
        assert await client.is_closed()
        assert time.monotonic() - began < SOON


@pytest.mark.parametrize(
    "head",
    [HEAD, HEAD + b"Content-Length: 1000\r\n\r\n", HEAD.replace(b"/", b"/early", 1) + b"Content-Length: 1000\r\n\r\n"],
    ids=["a head", "a body", "a body that nobody waits for"],
)
async def test_who_sends_a_byte_now_and_then_is_cut_off_all_the_same(head: bytes):
    async with serving(SECONDS) as served, served.client() as client:
        await client.send(head)
        deadline = time.monotonic() + SOON
        while served.connections:
            assert time.monotonic() < deadline
            with suppress(ConnectionError):
                await client.send(b"x")
            await asyncio.sleep(SECONDS / 20)


async def test_the_time_of_each_request_of_a_connection_begins_again():
    async with serving(seconds=1.0) as served, served.client() as client:
        for _ in range(2):
            await client.send(WHOLE[:-1])
            await asyncio.sleep(0.6)
            await client.send(WHOLE[-1:])
            assert await client.status() == 200
        await client.send(HEAD)
        assert await client.status() == 408


async def test_who_reads_nothing_of_an_answer_is_cut_off():
    async with serving(SECONDS) as served, served.client() as client:
        client.writer.transport.pause_reading()
        await client.send(WHOLE.replace(b"/", b"/much", 1))
        deadline = time.monotonic() + SOON
        while served.connections:
            assert time.monotonic() < deadline
            await asyncio.sleep(SECONDS / 10)


async def test_half_requests_give_way_to_others_where_no_connection_is_left():
    async with serving(connections=5) as served, AsyncExitStack() as stack:
        halves = []
        for _ in range(20):
            halves.append(await stack.enter_async_context(served.client()))
            await halves[-1].send(HEAD)
            async with served.client() as client:
                await client.send(WHOLE)
                assert await client.status() == 200
        assert served.connections <= 6
        assert {await half.status() for half in halves[:10]} == {503}


async def test_beyond_the_connections_that_are_being_answered_others_are_answered_503():
    async with serving(connections=2) as served, served.client() as one, served.client() as two:
        for client in (one, two):
            await client.send(WHOLE.replace(b"/", b"/wait", 1))
        while len(served.server.server_state.tasks) < 2:  # noqa: ASYNC110 - nor for this
            await asyncio.sleep(0.01)
        async with served.client() as third:
            await third.send(WHOLE)
            status, head, body = await third.answer()
        assert (status, b"retry-after: 5" in head, json.loads(body)["status"]) == (503, True, 503)


async def test_a_body_in_a_thousand_pieces_of_a_byte_is_refused():
    async with serving() as served, served.client() as client:
        await client.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            await client.send(b"1\r\nx\r\n" * 50_000)
        assert await client.status() == 400


async def test_a_body_in_pieces_of_some_size_is_taken():
    async with serving() as served, served.client() as client:
        await client.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"80\r\n" + b"x" * 128 + b"\r\n")
        await client.send((b"80\r\n" + b"x" * 128 + b"\r\n") * 1999 + b"0\r\n\r\n")
        assert await client.status() == 200


@pytest.mark.parametrize("length", [16_384, 16_385, 20_000])
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
@pytest.mark.parametrize("where", ["line", "header", "headers"])
async def test_a_head_of_more_than_16_kib_is_refused_however_it_comes(length: int, method: bytes, where: str):
    begin, end = method + b" /early", b" HTTP/1.1\r\nHost: here\r\n"
    left = length - len(begin + end + b"\r\n")
    more = {
        "line": (b"?" + b"x" * (left - 1), b""),
        "header": (b"", b"X: " + b"x" * (left - 5) + b"\r\n"),
        "headers": (b"", b"X: x\r\n" * ((left - 10) // 6) + b"Y: " + b"y" * ((left - 10) % 6 + 5) + b"\r\n"),
    }[where]
    head = begin + more[0] + end + more[1] + b"\r\n"
    assert len(head) == length
    for step in (length, 4096, 1000):
        async with serving() as served, served.client() as client:
            for at in range(0, length, step):
                with suppress(ConnectionError):
                    await client.send(head[at : at + step])
            status, told, body = await client.answer() if method != b"HEAD" else await client.head()
            assert status == (431 if length > 16_384 else 200), step
            assert bool(body) is (method != b"HEAD")
            assert b"connection: close" in told or status == 200


EARLY = b"GET /early HTTP/1.1\r\nHost: here\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (WHOLE, 200),
        (EARLY + b"\r\n", 200),
        (EARLY.replace(b"GET", b"HEAD") + b"\r\n", 200),
        (EARLY + b"Connection: close\r\n\r\n", 200),
        (b"nonsense\r\n\r\n", 400),
        (EARLY + b"X: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (HEAD + b"Content-Length: 100\r\n\r\n{", 408),
    ],
    ids=["a body", "no body", "HEAD", "the last", "no request", "a long head", "half a body"],
)
async def test_an_answer_is_one_write_head_and_body_together(sent: bytes, status: int):
    writes: list[bytes] = []
    async with serving(SECONDS, writes=writes) as served, served.client() as client:
        await client.send(sent)
        assert (await client.head())[0] == status
        assert len([each for each in writes if each]) == 1


async def test_answers_to_requests_that_were_sent_together_are_one_write_each():
    writes: list[bytes] = []
    async with serving(writes=writes) as served, served.client() as client:
        await client.send((EARLY + b"\r\n") * 3)
        assert [await client.status() for _ in range(3)] == [200] * 3
        assert len([each for each in writes if each]) == 3


async def test_who_waits_for_100_continue_gets_it_at_once():
    async with serving() as served, served.client() as client:
        await client.send(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert (await client.head())[0] == 100
        await client.send(b"{}")
        assert await client.status() == 200


async def test_a_head_whose_body_never_comes_is_written_before_the_connection_ends():
    writes: list[bytes] = []
    async with serving(writes=writes) as served, served.client() as client:
        await client.send(EARLY.replace(b"/early", b"/broken") + b"\r\n")
        assert (await client.head())[0] == 200
        assert await client.is_closed()
