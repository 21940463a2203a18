"""Fixtures for tests of the runtime on real parts."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.codec import Codec
from schemas.registry.client import Registry
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import PARTITIONS, Counting, Log, prepared
from tests.integration.runtime.owner import Owner


@pytest.fixture(autouse=True)
async def collected() -> AsyncIterator[None]:
    """Collect a test's garbage with it: futures of fenced producers that nobody awaited complain when they go."""
    yield
    gc.collect()


@pytest.fixture
def worker_settings(kafka: str, registry: str, tmp_path: Path) -> Settings:
    return Settings(kafka=kafka, registry=registry, data=tmp_path, partitions=PARTITIONS, retry_pause=0.2, tick=0.05)


@pytest.fixture
async def short_sessions(worker_settings: Settings) -> Settings:
    """A worker's settings by which its group misses it as soon as the broker allows, in seconds at best."""
    admin = AIOKafkaAdminClient(bootstrap_servers=worker_settings.kafka)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.BROKER, "1", {"group.min.session.timeout.ms": None})]
        )
    finally:
        await admin.close()
    told = next((entry[1] for entry in answer.resources[0][4]), "6000")
    return worker_settings.model_copy(update={"session_timeout": max(3.0, int(told) / 1000)})


@asynccontextmanager
async def writing(kafka: str, registry: str) -> AsyncIterator[Log]:
    client = Registry(registry)
    async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=4_000_000) as producer:
        yield Log(kafka, Codec(client), producer)
    await client.aclose()


@pytest.fixture
async def log(kafka: str, registry: str) -> AsyncIterator[Log]:
    async with writing(kafka, registry) as log:
        yield log


@pytest.fixture
async def owner(worker_settings, log: Log, tmp_path: Path) -> AsyncIterator[Callable[..., Owner]]:
    """A function that makes owners of the same partition, each with a disk of its own name."""
    owners: list[Owner] = []
    name = uuid4().hex[:8]

    def make(disk: str, **settings: Any) -> Owner:
        counting = Counting(worker_settings.model_copy(update={"data": tmp_path / disk, **settings}), name)
        owners.append(Owner(counting, log.codec))
        return owners[-1]

    first = await prepared(make("unused").counting)
    await log.codec.publish(first.topics)
    yield make
    for each in owners:
        await each.store.close()
