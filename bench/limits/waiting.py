"""One user asks for the worst, and another for something small meanwhile: how long that one waits because of it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from bench.limits.operations import Request

ASKED = "/v1/lists?limit=1"
"""What the other user asks for."""
_PAUSE = 0.001
_LONGEST = 40.0


class Held(NamedTuple):
    """What became of one request."""

    request: Request
    status: int
    """0 where the connection was closed without an answer."""
    size: int
    """Bytes of the answer, its head included."""
    seconds: float
    """Until it was answered."""
    other: tuple[float, ...]
    """The longest that the other user waited meanwhile, in seconds of each clock."""


class Measure:
    """Asks an API at an address as two users, by their tokens.

    How long the other one waits is told by each of some ``clocks``, in seconds: the API's own time where the machine is
    shared.
    """

    asked = ASKED

    def __init__(self, address: tuple[str, int], worse: str, other: str, *clocks: Callable[[], float]) -> None:
        self._address, self._worse, self._other = address, worse, other
        self._clocks = clocks or (time.perf_counter,)

    async def held(self, requests: Iterable[Request], at_once: int = 1) -> AsyncIterator[Held]:
        """Send one request after another, each so often at once, and yield what became of each."""
        async with self._asking() as waits:
            for request in requests:
                waits.clear()
                began = time.perf_counter()
                asked = [asyncio.to_thread(self._answer, request) for _ in range(at_once)]
                answer = max(await asyncio.gather(*asked), key=len)
                seconds = time.perf_counter() - began
                ended = len(waits)
                while len(waits) <= ended:  # noqa: ASYNC110 - the one that is under way has waited, too
                    await asyncio.sleep(_PAUSE)
                yield Held(request, _status(answer), len(answer), seconds, tuple(map(max, zip(*waits, strict=True))))

    def _answer(self, request: Request) -> bytes:
        """Return the whole answer to a request, read in a thread, so that measuring does not wait for it."""
        found = bytearray()
        with socket.create_connection(self._address, _LONGEST) as connection, suppress(ConnectionError):
            with suppress(ConnectionError):  # an answer may come before all is sent
                connection.sendall(request.head(self._worse) + (request.body or b""))
            while piece := connection.recv(1 << 16):
                found += piece
        return bytes(found)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[list[list[float]]]:
        """Let the other user ask again and again meanwhile; the list holds how long each answer took."""
        waits: list[list[float]] = []
        reader, writer = await asyncio.open_connection(*self._address)
        asking = asyncio.ensure_future(self._ask(reader, writer, waits))
        try:
            yield waits
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
