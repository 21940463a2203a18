"""Fixtures for tests of the runtime on real parts."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.codec import Codec
from schemas.registry.client import Registry
from streams.settings import Settings
from tests.integration.runtime.counting import PARTITIONS, Log


@pytest.fixture(autouse=True)
async def collected() -> AsyncIterator[None]:
    """Collect a test's garbage with it: futures of fenced producers that nobody awaited complain when they go."""
    yield
    gc.collect()


@pytest.fixture
def worker_settings(kafka: str, registry: str, tmp_path: Path) -> Settings:
    return Settings(kafka=kafka, registry=registry, data=tmp_path, partitions=PARTITIONS, retry_pause=0.2, tick=0.05)


@pytest.fixture
async def log(kafka: str, registry: str) -> AsyncIterator[Log]:
    client = Registry(registry)
    async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=4_000_000) as producer:
        yield Log(kafka, Codec(client), producer)
    await client.aclose()
