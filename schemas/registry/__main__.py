"""``python -m schemas.registry`` serves the embedded registry at RONDO_REGISTRY, on the broker RONDO_KAFKA names."""

import asyncio
import sys
from functools import partial

import uvicorn
from pydantic import HttpUrl

from schemas import logs, settings
from schemas.registry.log import Log, StorageUnavailable
from schemas.registry.server import app_of, refusal
from schemas.registry.service import Service
from schemas.serving import Bounded, Limits


class Settings(settings.Serving):
    """The registry's settings."""

    kafka: str
    registry: HttpUrl


async def serve(chosen: Settings) -> None:
    """Serve until a signal comes; raises StorageUnavailable where the broker can't be reached."""
    service = Service(Log(chosen.kafka))
    await service.open()
    host, port = chosen.registry.host, chosen.registry.port
    assert host
    assert port
    limits = Limits(chosen.receive_timeout, chosen.connections, refusal)
    config = uvicorn.Config(
        app_of(service),
        host,
        port,
        http=partial(Bounded, limits),  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        server_header=False,
    )
    await uvicorn.Server(config).serve()


def main() -> None:
    """Serve, or end with one sentence about what is missing."""
    chosen = settings.load(Settings)
    logs.configure(chosen.log)
    try:
        asyncio.run(serve(chosen))
    except StorageUnavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
