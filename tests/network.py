"""A network that tests break: a proxy of TCP that is dead, frozen, silent, deaf or slow until it is healed.

    async with linked("127.0.0.1:5432") as link:
        dsn = link.of("postgresql://rondo@127.0.0.1:5432/rondo")
        link.freeze()
        ...
        link.heal()

What goes through may be any protocol. ``tests.integration.runtime.proxy`` knows Kafka's: it can lose the answers to
requests of one kind, and sees to it that a broker's clients come through it for everything.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

READ = 64 * 1024


class Fault(StrEnum):
    """What is wrong with a network. ``heal`` ends each."""

    DEAD = "dead"
    """Open connections are reset, and so is each that comes."""
    FROZEN = "frozen"
    """Connections are taken and nothing is passed on, in either direction; it comes later, as with SIGSTOP."""
    SILENT = "silent"
    """Connections are taken, and all that is said is lost. One that lost something is silent from then on."""
    DEAF = "deaf"
    """Requests arrive and are carried out, their answers are lost. One that lost something is silent from then on."""
    SLOW = "slow"
    """Each piece comes ``late`` seconds later."""


class Link:
    """The connection between one service, at ``host:port``, and those that are to come to it by ``address``."""

    def __init__(self, address: str) -> None:
        self.host, port = address.rsplit(":", 1)
        self.behind, self.port = int(port), 0
        self.fault: Fault | None = None
        self.late = 0.0
        self.connections: set[Connection] = set()
        self._passes = asyncio.Event()
        self._passes.set()

    @property
    def address(self) -> str:
        """Where to come to go through here."""
        return f"{self.host}:{self.port}"

    def of(self, url: str) -> str:
        """A URL or DSN of the service, changed so that it leads through here."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}{at}{self.address}").geturl()

    def fail(self, fault: Fault, late: float = 0.0) -> None:
        """Be broken like this from now on."""
        self.heal()
        self.fault, self.late = fault, late
        if fault is Fault.FROZEN:
            self._passes.clear()
        if fault is Fault.DEAD:
            self.cut()

    def freeze(self) -> None:
        """Hold everything up, as a service does that is stopped by SIGSTOP."""
        self.fail(Fault.FROZEN)

    def cut(self) -> None:
        """Reset the connections that are open; new ones may come, unless it is dead."""
        for connection in list(self.connections):
            connection.close()

    def heal(self) -> None:
        """Pass everything on again. Connections that lost something stay open and silent: only their owner can tell."""
        self.fault, self.late = None, 0.0
        self._passes.set()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Pass on what one connection says."""
        if self.fault is Fault.DEAD:
            writer.transport.abort()
            return
        try:
            behind = await asyncio.open_connection(self.host, self.behind)
        except OSError:
            writer.transport.abort()
            return
        connection = self.connection(writer, *behind)
        self.connections.add(connection)
        try:
            await connection.run(reader)
        finally:
            self.connections.discard(connection)
            connection.close()

    def connection(self, client: StreamWriter, reader: StreamReader, server: StreamWriter) -> "Connection":
        """Make what passes on a connection."""
        return Connection(self, client, reader, server)

    async def held_up(self) -> None:
        """Return once something may be passed on."""
        await self._passes.wait()
        await asyncio.sleep(self.late)
        await self._passes.wait()


class Connection:
    """One connection through a link: passes on what comes, in pieces."""

    def __init__(self, link: Link, client: StreamWriter, reader: StreamReader, server: StreamWriter) -> None:
        self.silent = False
        self.link, self._client, self._reader, self._server = link, client, reader, server

    async def run(self, reader: StreamReader) -> None:
        """Pass on both directions until one ends."""
        up = asyncio.create_task(self._pass(reader, self._server, asked=True))
        down = asyncio.create_task(self._pass(self._reader, self._client, asked=False))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (up, down):
                each.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    def close(self) -> None:
        self._client.transport.abort()
        self._server.transport.abort()

    async def piece(self, reader: StreamReader, *, asked: bool) -> bytes:  # noqa: ARG002
        """What is passed on as one, empty at the end; ``asked``: on its way to the service."""
        return await reader.read(READ)

    async def _pass(self, reader: StreamReader, writer: StreamWriter, *, asked: bool) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while piece := await self.piece(reader, asked=asked):
                await self.link.held_up()
                self.silent |= self.link.fault is Fault.SILENT or (self.link.fault is Fault.DEAF and not asked)
                if not self.silent or (self.link.fault is Fault.DEAF and asked):
                    writer.write(piece)
                    await writer.drain()


L = TypeVar("L", bound=Link)


@asynccontextmanager
async def serving(link: L) -> AsyncIterator[L]:
    """Let others come through a link."""
    server = await asyncio.start_server(link.serve, link.host, 0)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
        link.heal()
        link.cut()
        await server.wait_closed()


@asynccontextmanager
async def linked(address: str) -> AsyncIterator[Link]:
    """A link to a service, whole at first."""
    async with serving(Link(address)) as link:
        yield link
