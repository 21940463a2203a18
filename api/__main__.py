"""Serves the API: ``python -m api``, on 127.0.0.1 and RONDO_PORT."""

import contextlib
import gc
import socket
import sys

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from api.app import create_app
from api.configuration import Settings
from common import logs, serving, settings
from postgres.connections import Trust
from schemas.kafka import clients
from schemas.registry.client import Access


class _Server(uvicorn.Server):
    """A server that first notifies the application of its shutdown, so that requests that wait are answered."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer requests in progress, and accept no more."""
        self.config.app.state.attempts.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def main() -> None:
    """Serve until SIGINT or SIGTERM; requests in progress are answered first.

    A long body is thousands of objects without cycles; by default the collector would run for every 700 of them.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    configured = settings.load(Settings)
    settings.check(clients.Security, Access, Trust)
    logs.configure(configured.log)
    config = serving.config(
        create_app(configured),
        configured.host,
        configured.port,
        configured.receive_timeout,
        configured.connections,
        timeout_graceful_shutdown=10,
    )
    server = _Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


if __name__ == "__main__":
    main()
