"""``python -m schemas.registry`` serves Rondo's registry on the broker that RONDO_KAFKA names.

It listens at RONDO_REGISTRY, or at RONDO_REGISTRY_BIND where that is the address of a proxy or a service before it.
"""

import asyncio
import sys
from typing import Annotated
from urllib.parse import urlsplit

import uvicorn
from pydantic import AfterValidator, Field

from common import logs, serving, settings
from schemas.kafka import clients
from schemas.kafka.refusal import refusal
from schemas.registry.log import SchemaLog, StorageUnavailable
from schemas.registry.server import app_of
from schemas.registry.service import Service
from schemas.topics import SCHEMAS

_PORTS = {"http": 80, "https": 443}


def _is_url(address: str) -> str:
    """Refuse an address that has no host, without quoting it."""
    if urlsplit(address).scheme not in _PORTS or not urlsplit(address).hostname:
        raise ValueError("It should be as http://host:port")
    return address


class Settings(settings.Serving):
    """The registry's settings."""

    kafka: settings.Brokers
    registry: Annotated[settings.Address, AfterValidator(_is_url)]
    registry_bind: Annotated[str, Field(pattern=r"^((\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5})?$")] = ""
    """Where Rondo's registry listens, as `0.0.0.0:8081`; by default at the host and port of `RONDO_REGISTRY`. It asks
    for no password: the network must keep others away."""

    def listens(self) -> tuple[str, int]:
        """Return the host and the port to listen on."""
        at = urlsplit(f"//{self.registry_bind}") if self.registry_bind else urlsplit(self.registry)
        assert at.hostname
        return at.hostname, at.port or _PORTS[at.scheme]


async def serve(chosen: Settings) -> None:
    """Serve until a signal comes; raises StorageUnavailable where the broker can't be reached."""
    service = Service(SchemaLog(chosen.kafka))
    await service.open()
    config = serving.config(app_of(service), *chosen.listens(), chosen.receive_timeout, chosen.connections)
    await uvicorn.Server(config).serve()


def main() -> None:
    """Serve, or end with one sentence about what is missing."""
    chosen = settings.load(Settings)
    settings.check(clients.Security)
    logs.configure(chosen.log)
    try:
        asyncio.run(serve(chosen))
    except StorageUnavailable as error:
        sys.exit(asyncio.run(refusal(chosen.kafka, [SCHEMAS.name])) or str(error))


if __name__ == "__main__":
    main()
