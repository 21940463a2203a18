"""``python -m schemas.registry`` serves the embedded registry at RONDO_REGISTRY, on the broker RONDO_KAFKA names."""

import asyncio
import logging
import sys

import uvicorn
from pydantic import HttpUrl, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.registry.log import Log, StorageUnavailable
from schemas.registry.server import app_of
from schemas.registry.service import Service


class Settings(BaseSettings):
    """What the registry needs to know, each from the environment variable RONDO_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="RONDO_", frozen=True)

    kafka: str
    registry: HttpUrl
    log: str = "info"


async def serve(settings: Settings) -> None:
    """Serve until a signal comes; raises StorageUnavailable where the broker can't be reached."""
    service = Service(Log(settings.kafka))
    await service.open()
    host, port = settings.registry.host, settings.registry.port
    assert host
    assert port
    config = uvicorn.Config(app_of(service), host, port, log_level=settings.log, access_log=False)
    await uvicorn.Server(config).serve()


def main() -> None:
    """Serve, or end with one sentence about what is missing."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it meets is told once, by the one it stops
    try:
        asyncio.run(serve(Settings()))  # type: ignore[call-arg]  # its fields come from the environment
    except ValidationError as error:
        wrong = error.errors()[0]
        sys.exit(f"RONDO_{str(wrong['loc'][0]).upper()} can't be used: {wrong['msg']}.")
    except StorageUnavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
