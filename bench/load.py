"""A load of one HTTP request, repeated: by connections that each wait for the answer, or at a rate that waits for none.

It runs in a process of its own, ``python -m bench.load``, and reports its own CPU: on asyncio's protocols alone a
request costs it some 40 µs. wrk and vegeta would have to be installed beside the packages, and each does only one of
the two loops.
"""

import asyncio
import gc
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import quantiles

import msgspec
from msgspec import Struct

from local.errors import Problem
from local.ports import HOST

CLOSED = 0
"""Counted as the status of a request whose connection was closed instead."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"
_ROOT = Path(__file__).resolve().parent.parent
_LATE = 60.0  # seconds that the last answers may take


class Load(Struct, frozen=True):
    """What to send to a port of this machine, and for how long.

    With a ``rate``, requests a second with exponential gaps; otherwise by ``connections``, each one after the other.
    """

    port: int
    request: bytes
    seconds: float
    connections: int = 1
    rate: float = 0.0
    seed: int = 1


class Answers(Struct, frozen=True):
    """The answers to a load: their number by status, 0 for a connection closed instead, and how long each took."""

    statuses: dict[int, int]
    milliseconds: list[float]  # sorted
    seconds: float  # from the first request to the last answer
    cpu: float  # seconds of the load's own process

    @property
    def count(self) -> int:
        """The number of answers."""
        return len(self.milliseconds)

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.count / self.seconds

    def percentile(self, of: int) -> float:
        """Return a percentile, in milliseconds."""
        if self.count < 2:
            return self.milliseconds[0]
        return quantiles(self.milliseconds, n=100, method="inclusive")[of - 1]


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return a request as it is sent."""
    sized = {"Host": HOST, **headers, **({"Content-Length": str(len(body))} if body else {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sized.items())]
    return "\r\n".join(lines).encode() + _END + body


def run(load: Load) -> Answers:
    """Run a load in a process of its own; raise ``Problem`` if it failed, as where answers took too long."""
    argv, given = [sys.executable, "-m", "bench.load"], msgspec.json.encode(load)
    done = subprocess.run(argv, input=given, capture_output=True, cwd=_ROOT, check=False)
    if done.returncode:
        raise Problem(f"The load failed: {done.stderr.decode().strip().splitlines()[-1]}")
    return msgspec.json.decode(done.stdout, type=Answers, strict=False)


class _Connection(asyncio.Protocol):
    """A connection that is kept open, with at most one request in progress."""

    def __init__(self, client: "_Client") -> None:
        self._client, self._held, self.since = client, b"", 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the transport."""
        self._transport = transport

    def ask(self, since: float) -> None:
        """Send the request; its time counts from ``since``."""
        self.since = since
        self._transport.write(self._client.load.request)

    def data_received(self, data: bytes) -> None:
        """Report a complete answer."""
        self._held = held = self._held + data if self._held else data
        if (head := held.find(_END)) < 0:
            return
        sized = _LENGTH.search(held, 0, head)
        if len(held) >= head + len(_END) + (int(sized[1]) if sized else 0):
            self._held = b""
            self._client.answered(self, int(held[9:12]))

    def connection_lost(self, _error: Exception | None) -> None:
        """Report that the server closed the connection."""
        self._client.closed(self)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


class _Client:
    """The connections of a load."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self._statuses, self._took = Counter[int](), list[float]()
        self._idle, self._busy = list[_Connection](), set[_Connection]()
        self._again, self._end = not load.rate, 0.0
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> Answers:
        """Send the load, and return its answers."""
        opened = [await self._connect() for _ in range(self.load.connections)]
        began, cpu = time.perf_counter(), time.process_time()
        self._end = began + self.load.seconds
        if self.load.rate:
            self._idle = opened
            await self._at_a_rate(began)
        else:
            for connection in opened:
                self._ask(connection, time.perf_counter())
        if self._busy:
            async with asyncio.timeout(self.load.seconds + _LATE):
                await self._ended
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        return Answers(dict(self._statuses), sorted(round(took * 1000, 3) for took in self._took), seconds, cpu)

    async def _at_a_rate(self, due: float) -> None:
        chance = random.Random(self.load.seed)  # noqa: S311 - the same each time
        while (due := due + chance.expovariate(self.load.rate)) < self._end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            since = time.perf_counter()
            self._ask(self._idle.pop() if self._idle else await self._connect(), since)
        self._end = 0.0

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(lambda: _Connection(self), HOST, self.load.port))[1]

    def _ask(self, connection: _Connection, since: float) -> None:
        self._busy.add(connection)
        connection.ask(since)

    def answered(self, connection: _Connection, status: int) -> None:
        """Count an answer, and send the next request where the connection is to send one."""
        now = self._count(connection, status)
        if self._again and now < self._end:
            connection.ask(now)
            return
        self._busy.discard(connection)
        self._idle.append(connection)
        self._end_if_all(now)

    def closed(self, connection: _Connection) -> None:
        """Forget a connection that the server closed; count it if it was to answer."""
        if connection in self._idle:
            self._idle.remove(connection)
        elif connection in self._busy:
            self._busy.discard(connection)
            self._end_if_all(self._count(connection, CLOSED))

    def _count(self, connection: _Connection, status: int) -> float:
        now = time.perf_counter()
        self._statuses[status] += 1
        self._took.append(now - connection.since)
        return now

    def _end_if_all(self, now: float) -> None:
        is_over = self._again or now >= self._end  # the server may have closed all connections before
        if not self._busy and is_over and not self._ended.done():
            self._ended.set_result(None)


async def _run(load: Load) -> Answers:
    return await _Client(load).run()


if __name__ == "__main__":
    gc.disable()  # a load makes no cycles
    sys.stdout.buffer.write(
        msgspec.json.encode(asyncio.run(_run(msgspec.json.decode(sys.stdin.buffer.read(), type=Load))))
    )
