"""A network between a worker and the broker that loses what it is told to lose, and is late when it is told to be."""

import asyncio
import struct
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import IntEnum


class Api(IntEnum):
    """Requests by their key in Kafka's protocol (https://kafka.apache.org/protocol#protocol_api_keys)."""

    PRODUCE = 0
    FETCH = 1
    JOIN_GROUP = 11
    HEARTBEAT = 12
    DESCRIBE_GROUPS = 15
    END_TXN = 26


class Proxy:
    """Passes requests and answers on. A connection that lost one is silent from then on, in both directions, but open.

    ``requests`` are lost before they reach the broker, ``answers`` after it did what was asked; ``lost`` is set once
    there was one. ``delays`` has the seconds by which the next answer is late. ``asked`` counts what was asked. Clients
    come here for everything: the broker's port is replaced in all that it says.
    """

    def __init__(self, kafka: str) -> None:
        self.requests: set[Api] = set()
        self.answers: set[Api] = set()
        self.delays: dict[int, float] = {}
        self.refuses = False
        """Whether new connections are ended as soon as they come."""
        self.lost = asyncio.Event()
        self.asked: Counter[int] = Counter()
        self.host, port = kafka.rsplit(":", 1)
        self.broker, self.port = int(port), 0
        self.connections: set[_Connection] = set()

    @property
    def kafka(self) -> str:
        """Return the address for whoever is to go through here."""
        return f"{self.host}:{self.port}"

    def heal(self) -> None:
        """Lose nothing more, and cut the silent connections."""
        self.requests.clear()
        self.answers.clear()
        for connection in self.connections:
            if connection.silent:
                connection.close()

    async def refuse(self) -> None:
        """Let nobody else come."""
        self.refuses = True

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self.refuses:
            writer.close()
            return
        connection = _Connection(self, writer, *await asyncio.open_connection(self.host, self.broker))
        self.connections.add(connection)
        with suppress(OSError, asyncio.IncompleteReadError):
            await asyncio.gather(connection.up(reader), connection.down())
        self.connections.discard(connection)
        connection.close()


@asynccontextmanager
async def proxied(kafka: str) -> AsyncIterator[Proxy]:
    """A proxy of a broker, both on one host."""
    proxy = Proxy(kafka)
    async with await asyncio.start_server(proxy.serve, proxy.host, 0) as server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy
        for connection in proxy.connections:
            connection.close()


class _Connection:
    def __init__(self, proxy: Proxy, client: StreamWriter, reader: StreamReader, broker: StreamWriter) -> None:
        self.silent = False
        self._proxy, self._client, self._reader, self._broker = proxy, client, reader, broker
        self._asked: dict[int, int] = {}
        self._late = 0.0

    async def up(self, reader: StreamReader) -> None:
        await self._pass(reader, self._broker, self._request)

    async def down(self) -> None:
        await self._pass(self._reader, self._client, self._answer)

    def close(self) -> None:
        self._client.close()
        self._broker.close()

    async def _pass(self, reader: StreamReader, writer: StreamWriter, look: Callable[[bytes], bytes]) -> None:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            frame = look(await reader.readexactly(size))
            late, self._late = self._late, 0.0
            await asyncio.sleep(late)
            if not self.silent:
                writer.write(struct.pack(">i", len(frame)) + frame)
                await writer.drain()

    def _request(self, frame: bytes) -> bytes:
        api, _, correlation = struct.unpack_from(">hhi", frame)
        self._asked[correlation] = api
        self._proxy.asked[api] += 1
        self._lose(api in self._proxy.requests)
        return frame

    def _answer(self, frame: bytes) -> bytes:
        (correlation,) = struct.unpack_from(">i", frame)
        api = self._asked.pop(correlation)
        self._late = self._proxy.delays.pop(api, 0.0)
        self._lose(api in self._proxy.answers)
        own, shown = (
            self._proxy.host.encode() + struct.pack(">i", port) for port in (self._proxy.broker, self._proxy.port)
        )
        return frame.replace(own, shown)

    def _lose(self, really: bool) -> None:
        if really:
            self.silent = True
            self._proxy.lost.set()
