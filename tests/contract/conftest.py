"""A codec on a real registry, and the registry's own application on a real broker."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Protocol
from uuid import uuid4

import httpx
import pytest

from schemas import contract
from schemas.codec import Codec
from schemas.registry.client import CONTENT_TYPE, Registry
from schemas.registry.server import create_app
from schemas.topics import SHARED, Topic, blocks, changelog

TOPICS = (*SHARED, blocks("tasks"), changelog("tasks", tuple(contract.RECORDS.values())))
"""Between them they carry every record of the contract."""


@pytest.fixture(scope="session")
async def codec(registry: str) -> AsyncIterator[Codec]:
    """A codec that has published every topic."""
    client = Registry(registry)
    found = Codec(client)
    await found.publish(TOPICS)
    yield found
    await client.aclose()


@pytest.fixture(scope="session")
def topics() -> tuple[Topic, ...]:
    """The topics that ``codec`` has published."""
    return TOPICS


@pytest.fixture
async def client(registry: str) -> AsyncIterator[Registry]:
    """Rondo's own client of a registry."""
    found = Registry(registry)
    yield found
    await found.aclose()


class Serve(Protocol):
    """Starts another registry on the same broker."""

    async def __call__(self) -> httpx.AsyncClient: ...


@pytest.fixture
async def serve(kafka: str) -> AsyncIterator[Serve]:
    """A function that starts Rondo's registry on the broker and returns a client of its REST API."""
    async with AsyncExitStack() as stack:

        async def start() -> httpx.AsyncClient:
            app = create_app(kafka)
            await stack.enter_async_context(app.router.lifespan_context(app))
            return await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url="http://registry",
                    headers={"Content-Type": CONTENT_TYPE},
                    transport=httpx.ASGITransport(app),
                )
            )

        yield start


@pytest.fixture
async def rest(serve: Serve) -> httpx.AsyncClient:
    """A client of the REST API of Rondo's registry."""
    return await serve()


@pytest.fixture
def subject() -> str:
    """The name of a subject that no other test uses."""
    return f"topic-{uuid4().hex}-rondo.Test"
