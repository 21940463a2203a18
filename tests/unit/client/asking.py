"""Asking an address by either client, and an address that gives the same answer to every request."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from rondo.client import AsyncRondo, Rondo

SECRET = "s3cret"


def blocking(url: str) -> None:
    with Rondo(url, "token", attempts=1) as rondo:
        rondo.task("1")


def asynchronous(url: str) -> None:
    async def ask() -> None:
        async with AsyncRondo(url, "token", attempts=1) as rondo:
            await rondo.task("1")

    asyncio.run(ask())


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads a request, says the answer, and ends the connection; with what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", asked
        thread.join(10)
