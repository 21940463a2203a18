"""Measures how long a user's small requests wait while another user sends the worst ones."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from bench.limits.operations import Request

ASKED = "/v1/lists?limit=1"
"""The other user's request."""
_PAUSE = 0.001
_LONGEST = 40.0


class Held(NamedTuple):
    """The result of a request."""

    request: Request
    status: int
    """0 if the connection was closed without an answer."""
    size: int
    """Bytes of the answer, with its head."""
    seconds: float
    """Until the answer."""
    other: tuple[float, ...]
    """The other user's longest wait meanwhile, in seconds of each clock."""


class Measure:
    """Sends requests to an API as two users, by their tokens.

    The other user's waits are measured by each of the ``clocks``, in seconds: by the API's own CPU time on a shared
    machine.
    """

    asked = ASKED

    def __init__(self, address: tuple[str, int], worse: str, other: str, *clocks: Callable[[], float]) -> None:
        self._address, self._worse, self._other = address, worse, other
        self._clocks = clocks or (time.perf_counter,)

    async def held(self, requests: Iterable[Request], at_once: int = 1) -> AsyncIterator[Held]:
        """Send requests in turn, each ``at_once`` times concurrently, and yield the results."""
        waits: list[list[float]] = []
        async with self._asking(waits) as asking:
            for request in requests:
                waits.clear()
                began = time.perf_counter()
                asked = [asyncio.to_thread(self._answer, request) for _ in range(at_once)]
                answer = max(await asyncio.gather(*asked), key=len)
                seconds = time.perf_counter() - began
                ended = len(waits)
                while len(waits) <= ended:  # count the wait in progress, too
                    if asking.done():
                        asking.result()  # raises why it asks no more
                    await asyncio.sleep(_PAUSE)
                yield Held(request, _status(answer), len(answer), seconds, tuple(map(max, zip(*waits, strict=True))))

    def _answer(self, request: Request) -> bytes:
        """Return the full answer to a request, read in a thread, so that measuring does not wait for it."""
        found = bytearray()
        with socket.create_connection(self._address, _LONGEST) as connection, suppress(ConnectionError):
            with suppress(ConnectionError):  # the answer may come before the request is sent in full
                connection.sendall(request.head(self._worse) + (request.body or b""))
            while piece := connection.recv(1 << 16):
                found += piece
        return bytes(found)

    @asynccontextmanager
    async def _asking(self, waits: list[list[float]]) -> AsyncIterator[asyncio.Task[None]]:
        """Send the other user's requests meanwhile; ``waits`` gets the duration of each."""
        reader, writer = await asyncio.open_connection(*self._address)
        asking = asyncio.create_task(self._ask(reader, writer, waits))
        try:
            yield asking
        finally:
            asking.cancel()
            writer.close()
            with suppress(asyncio.CancelledError):
                await asking

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, waits: list[list[float]]) -> None:
        ask = f"GET {self.asked} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {self._other}\r\n\r\n".encode()
        while True:
            began = [clock() for clock in self._clocks]
            writer.write(ask)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            waits.append([clock() - before for clock, before in zip(self._clocks, began, strict=True)])
            await asyncio.sleep(_PAUSE)


def _status(answer: bytes) -> int:
    return int(answer.split(maxsplit=2)[1]) if answer else 0
