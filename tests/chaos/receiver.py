"""Receives reminders as a webhook of Rondo's, and keeps when each came."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI, Request

from local import ports


class Receiver:
    """What came: by reminder the moments (seconds since 1970), and the tasks that people were reminded of."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{ports.HOST}:{port}/"
        self.came: dict[str, list[float]] = defaultdict(list)
        self.tasks: set[str] = set()

    async def take(self, request: Request) -> None:
        """Take a reminder."""
        self.came[request.headers["Idempotency-Key"]].append(time.time())
        self.tasks.add((await request.json())["task"])


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Receive reminders meanwhile."""
    port = ports.choose(["receiver"], {})["receiver"]
    receiver, app = Receiver(port), FastAPI(openapi_url=None)
    app.add_api_route("/", receiver.take, methods=["POST"])
    server = _Server(uvicorn.Config(app, ports.HOST, port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        yield receiver
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """A server that leaves the signals to the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
