"""The connections of workers and commands: their settings, and why a part refuses one."""

from collections.abc import Iterable

from postgres import connections as postgres_connections
from postgres.connections import Trust
from schemas.kafka import refusal as of_kafka
from schemas.kafka.clients import Security
from schemas.registry import client as of_registry
from schemas.registry.client import Access

SETTINGS = (Security, Access, Trust)
"""They are read from the environment where a connection is made."""


async def refusal(kafka: str, registry: str, postgres: str, topics: Iterable[str] = ()) -> str | None:
    """Return a sentence that says which setting a part refuses, and what to do.

    None if no part refuses one, or if those that do don't answer. ``topics`` are needed where they exist.
    """
    return (
        await of_kafka.refusal(kafka, topics)
        or await of_registry.refusal(registry)
        or (await postgres_connections.refusal(postgres) if postgres else None)
    )
