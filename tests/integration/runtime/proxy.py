"""A network between a worker and the broker that loses and delays what a test chooses."""

import asyncio
import struct
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

from tests.network import Connection, Link, serving


class Api(IntEnum):
    """Requests by their key in Kafka's protocol (https://kafka.apache.org/protocol#protocol_api_keys)."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    JOIN_GROUP = 11
    HEARTBEAT = 12
    DESCRIBE_GROUPS = 15
    API_VERSIONS = 18
    END_TXN = 26


class Proxy(Link):
    """Passes requests and answers on. A connection that lost one is silent from then on, in both directions, but open.

    ``requests`` are lost before they reach the broker, ``answers`` after it did what was asked; ``lost`` is set once
    there was one. ``delays`` has the seconds by which the next answer is late. ``asked`` counts what was asked. Clients
    come here for everything: the broker's port is replaced in all that it says. It can be broken as any ``Link``, too.
    """

    def __init__(self, kafka: str) -> None:
        super().__init__(kafka)
        self.requests: set[Api] = set()
        self.answers: set[Api] = set()
        self.delays: dict[int, float] = {}
        self.refuses = False
        """Whether new connections are ended as soon as they come."""
        self.lost = asyncio.Event()
        self.asked: Counter[int] = Counter()

    @property
    def kafka(self) -> str:
        """Return the address of a connection through here."""
        return self.address

    def heal(self) -> None:
        """Lose nothing more, and cut the silent connections."""
        super().heal()
        self.requests.clear()
        self.answers.clear()
        for connection in list(self.connections):
            if connection.silent:
                connection.close()

    async def refuse(self) -> None:
        """Let nobody else come."""
        self.refuses = True

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self.refuses:
            writer.close()
            return
        await super().serve(reader, writer)

    def connection(self, client: StreamWriter, reader: StreamReader, server: StreamWriter) -> Connection:
        return _Connection(self, client, reader, server)


@asynccontextmanager
async def proxied(kafka: str) -> AsyncIterator[Proxy]:
    """A proxy of a broker, both on one host."""
    async with serving(Proxy(kafka)) as proxy:
        yield proxy


class _Connection(Connection):
    """A connection whose pieces are whole requests and answers."""

    link: Proxy

    def __init__(self, link: Proxy, client: StreamWriter, reader: StreamReader, server: StreamWriter) -> None:
        super().__init__(link, client, reader, server)
        self._asked: dict[int, int] = {}

    async def piece(self, reader: StreamReader, *, asked: bool) -> bytes:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        frame = await reader.readexactly(size)
        frame = self._request(frame) if asked else await self._answer(frame)
        return struct.pack(">i", len(frame)) + frame

    def _request(self, frame: bytes) -> bytes:
        api, _, correlation = struct.unpack_from(">hhi", frame)
        self._asked[correlation] = api
        self.link.asked[api] += 1
        self._lose(api in self.link.requests)
        return frame

    async def _answer(self, frame: bytes) -> bytes:
        (correlation,) = struct.unpack_from(">i", frame)
        api = self._asked.pop(correlation)
        self._lose(api in self.link.answers)
        await asyncio.sleep(self.link.delays.pop(api, 0.0))
        own, shown = (self.link.host.encode() + struct.pack(">i", port) for port in (self.link.behind, self.link.port))
        return frame.replace(own, shown)

    def _lose(self, really: bool) -> None:
        if really:
            self.silent = True
            self.link.lost.set()
