"""Serves the API: ``python -m api``, on 127.0.0.1 and RONDO_PORT."""

import asyncio
import contextlib
import gc
import socket
import sys

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from api.app import create_app
from api.configuration import Settings
from common import logs, serving, settings
from postgres import connections as postgres
from postgres.connections import Trust
from schemas.kafka import clients
from schemas.kafka import refusal as kafka
from schemas.registry import client as registry
from schemas.registry.client import Access
from schemas.topics import TASK_COMMANDS


class _Server(uvicorn.Server):
    """A server that first notifies the application of its shutdown, so that requests that wait are answered."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer requests in progress, and accept no more."""
        self.config.app.state.attempts.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)


async def _refusal(configured: Settings) -> str | None:
    """Return a sentence about a part that refuses a setting; none is given for one that does not answer yet."""
    return (
        await kafka.refusal(configured.kafka, [TASK_COMMANDS.name])
        or await registry.refusal(configured.registry)
        or await postgres.refusal(configured.postgres)
    )


def main() -> None:
    """Serve until SIGINT or SIGTERM; requests in progress are answered first.

    A long body is thousands of objects without cycles; by default the collector would run for every 700 of them.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    configured = settings.load(Settings)
    settings.check(clients.Security, Access, Trust)
    logs.configure(configured.log)
    if refused := asyncio.run(_refusal(configured)):
        sys.exit(refused)
    config = serving.config(
        create_app(configured),
        configured.host,
        configured.port,
        configured.receive_timeout,
        configured.connections,
        timeout_graceful_shutdown=10,
        forwarded_allow_ips=configured.trusted_proxies,
    )
    server = _Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


if __name__ == "__main__":
    main()
