"""Topics, schemas and tables, in whatever broker, registry and Postgres. Preparing them again changes nothing."""

import asyncio

import psycopg
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from local.problem import Problem
from postgres.migrate import ServerTooOld, migrate
from schemas.codec import Codec
from schemas.registry.client import Incompatible, Registry, RegistryUnavailable
from schemas.topics import SHARED
from streams import topics


def log(kafka: str, registry: str, partitions: int) -> None:
    """Create the shared topics and register their schemas; raise ``Problem`` if what is there does not fit."""
    try:
        asyncio.run(_log(kafka, registry, partitions))
    except (topics.WrongTopic, Incompatible, RegistryUnavailable, KafkaError) as error:
        raise Problem(f"The topics and schemas could not be prepared: {error}") from error


async def _log(kafka: str, registry: str, partitions: int) -> None:
    await topics.create(kafka, partitions, SHARED)
    client = Registry(registry)
    try:
        await Codec(client).publish(SHARED)
    finally:
        await client.aclose()


def views(postgres: str) -> None:
    """Bring the tables to this version; raise ``Problem`` if the server or its role does not allow it."""
    try:
        migrate(postgres)
    except (ServerTooOld, psycopg.OperationalError, DBAPIError) as error:
        raise Problem(f"The tables in Postgres could not be brought to this version: {error}") from error
