"""Settings of the local stack, from the environment."""

import os
from pathlib import Path
from typing import Annotated, Literal

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from common import addresses, room, secret_files
from common.settings import Environment, Secret, described
from local.errors import Problem
from schemas.kafka.clients import Security

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache"


def _database(address: str) -> str:
    """Refuse an invalid address of a database, without quoting it: it may hold a password."""
    try:
        parts = conninfo_to_dict(address)
    except ProgrammingError:
        parts = {"host": "@"}
    # After an unescaped "@" or "/" in a password, its rest is parsed as one of these.
    if any("@" in str(parts.get(name, "")) for name in ("host", "port", "dbname")):
        raise PydanticCustomError(
            "database",
            "It should be like postgresql://user:password@host:5432/database, with @, / and other such characters in a"
            " password written as %40, %2F",
        )
    return address


def _url(address: str) -> str:
    try:
        return addresses.readable(address)
    except ValueError as error:
        raise PydanticCustomError("url", "{sentence}", {"sentence": str(error)}) from None


def _brokers(servers: str) -> str:
    try:
        return addresses.brokers(servers)
    except ValueError as error:
        raise PydanticCustomError("brokers", "{sentence}", {"sentence": str(error)}) from None


def _directory(path: Path) -> Path:
    if "\n" in str(path):
        raise PydanticCustomError("directory", "A path may not contain a line break: use another one")
    return path


def _grouping(topologies: str) -> str:
    if not topologies:  # defaults are validated, too
        return topologies
    from streams.runtime.topology import WrongTopology  # noqa: PLC0415 - the stages take 30 MB
    from streams.topologies import parsed  # noqa: PLC0415

    try:
        parsed(topologies)
    except WrongTopology as error:
        raise PydanticCustomError("grouping", "{sentence}", {"sentence": str(error).removesuffix(".")}) from None
    return topologies


class Settings(Environment):
    """The stack's settings."""

    data: Annotated[Path, AfterValidator(_directory)] = ROOT / ".data"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    partitions: Annotated[int, Field(ge=1, le=1000)] = 4
    topologies: Annotated[str, AfterValidator(_grouping)] = ""
    kafka: Annotated[str, AfterValidator(_brokers)] | None = None
    postgres: Annotated[Secret, AfterValidator(_database)] = ""
    registry: Annotated[Secret, AfterValidator(_url)] = ""
    webhook: Secret = ""
    disk_bytes: Annotated[int, Field(ge=room.MIB)] = room.ENOUGH
    stack: Literal["embedded", "docker"] = "embedded"
    """Where broker, registry and Postgres come from, unless ``RONDO_KAFKA``, ``RONDO_REGISTRY`` and ``RONDO_POSTGRES``
    name them: ``docker`` is Redpanda and Postgres from ``compose.yaml``. It is never detected: if a Docker
    engine answers today but not tomorrow, the data would seem lost."""


def load() -> Settings:
    """Read the settings; raise ``Problem`` for an invalid one."""
    try:
        found = Settings(**{"stack": os.environ["STACK"]} if "STACK" in os.environ else {})  # type: ignore[arg-type]
        if not found.kafka and (needless := Security().model_fields_set):
            raise Problem(
                f"The setting RONDO_{min(needless).upper()} is for the broker that RONDO_KAFKA names: set that, too."
            )
        return found  # noqa: TRY300
    except secret_files.Unreadable as error:
        raise Problem(f"{error}.") from None
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        if not wrong["loc"]:
            raise Problem(described(error)) from None
        name = str(wrong["loc"][0]).upper()
        setting = name if name == "STACK" and name in os.environ else f"RONDO_{name}"
        raise Problem(f"The setting {setting} is not usable: {wrong['msg']}.") from None
