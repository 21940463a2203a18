"""Creates topics, schemas and tables in a broker, a registry and Postgres. Idempotent.

``python -m local.prepare`` does what comes on its standard input: see ``local.preparation``.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterable

import psycopg
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from local.errors import Problem
from postgres.migrate import ServerTooOld, migrate
from schemas.codec import Codec
from schemas.kafka import admin
from schemas.registry.client import Incompatible, Registry, RegistryUnavailable
from schemas.topics import SHARED
from streams.progress.lag import NoViews
from streams.progress.positions import check
from streams.runtime import Topology
from streams.runtime.ahead import Ahead
from streams.runtime.ownership import OtherGrouping
from streams.topologies import parsed
from streams.transactions import settlement


def log(kafka: str, registry: str, partitions: int, topologies: Iterable[Topology] = ()) -> None:
    """Create the shared topics, register their schemas, and settle unfinished transactions.

    Transactions are searched in those topics and in those of the ``topologies``. Raises ``Problem`` if existing topics
    or schemas are incompatible, or a transaction can't be settled.
    """
    try:
        asyncio.run(_log(kafka, registry, partitions, topologies))
    except (admin.WrongTopic, Incompatible, RegistryUnavailable, KafkaError) as error:
        raise Problem(f"The topics and schemas could not be prepared: {error}") from error
    except settlement.Unsettled as error:
        raise Problem(f"A transaction could not be settled: {error}") from error


async def _log(kafka: str, registry: str, partitions: int, topologies: Iterable[Topology]) -> None:
    await admin.create(kafka, partitions, SHARED)
    client = Registry(registry)
    try:
        await Codec(client).publish(SHARED)
    finally:
        await client.aclose()
    own = [topic for one in topologies for topic in one.topics]
    await settlement.settle(kafka, await admin.partitions(kafka, {topic.name for topic in (*SHARED, *own)}))


def views(postgres: str) -> None:
    """Migrate the tables to this version; raise ``Problem`` if the server or its role does not allow it."""
    try:
        migrate(postgres)
    except (ServerTooOld, psycopg.OperationalError, DBAPIError) as error:
        raise Problem(f"The tables in Postgres could not be migrated to this version: {error}") from error


def positions(kafka: str, registry: str, postgres: str, topologies: Iterable[Topology]) -> None:
    """Raise ``Problem`` if a topology is ahead of the log, or others wrote it: a command would never be answered."""
    try:
        asyncio.run(check(kafka, registry, postgres, topologies))
    except (Ahead, OtherGrouping) as error:
        raise Problem(str(error)) from error
    except (RegistryUnavailable, KafkaError, NoViews) as error:
        raise Problem(f"The positions of the topologies could not be compared with the log: {error}") from error


_STEPS: dict[str, Callable[..., None]] = {
    "log": lambda kafka, registry, partitions, grouping: log(kafka, registry, partitions, parsed(grouping)),
    "views": views,
    "positions": lambda kafka, registry, postgres, grouping: positions(kafka, registry, postgres, parsed(grouping)),
}


def _serve() -> None:
    """Run the step of each line of standard input; answer it by a line with the problem, "" for none."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        problem = ""
        try:
            _STEPS[name](*arguments)
        except Problem as error:
            problem = str(error)
        print(json.dumps(problem), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
