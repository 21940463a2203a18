"""``python -m schemas.registry`` serves the embedded registry at RONDO_REGISTRY, on the broker RONDO_KAFKA names."""

import asyncio
import sys
from typing import Annotated

import uvicorn
from pydantic import Field, HttpUrl

from common import logs, serving, settings
from schemas.kafka import clients
from schemas.registry.log import SchemaLog, StorageUnavailable
from schemas.registry.server import app_of
from schemas.registry.service import Service


class Settings(settings.Serving):
    """The registry's settings."""

    kafka: settings.Brokers
    registry: Annotated[HttpUrl, Field(repr=False)]


async def serve(chosen: Settings) -> None:
    """Serve until a signal comes; raises StorageUnavailable where the broker can't be reached."""
    service = Service(SchemaLog(chosen.kafka))
    await service.open()
    host, port = chosen.registry.host, chosen.registry.port
    assert host
    assert port
    config = serving.config(app_of(service), host, port, chosen.receive_timeout, chosen.connections)
    await uvicorn.Server(config).serve()


def main() -> None:
    """Serve, or end with one sentence about what is missing."""
    chosen = settings.load(Settings)
    settings.check(clients.Security)
    logs.configure(chosen.log)
    try:
        asyncio.run(serve(chosen))
    except StorageUnavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
