"""Where each part of the stack is."""

from collections.abc import Iterable
from dataclasses import dataclass

from local import docker, postgres
from local.directory import Directory
from local.ports import HOST
from local.settings import Settings


@dataclass(frozen=True)
class Addresses:
    """Bootstrap servers, DSN and URLs as programs take them, and the ports of what the stack starts itself."""

    kafka: str
    postgres: str
    registry: str
    api: str
    ports: dict[str, int]


def of(settings: Settings, directory: Directory, stages: Iterable[str]) -> Addresses:
    """Return the addresses that the settings name, and for everything else remembered free ports."""
    ports = directory.ports(["kafka", "controller", "postgres", "registry", *stages])
    password = directory.secrets().password
    database = docker.dsn(ports, password) if settings.stack == "docker" else postgres.dsn(ports["postgres"], password)
    return Addresses(
        kafka=settings.kafka or f"{HOST}:{ports['kafka']}",
        postgres=settings.postgres or database,
        registry=settings.registry or f"http://{HOST}:{ports['registry']}",
        api=f"http://{HOST}:{settings.port}",
        ports=ports,
    )
