"""A Kafka client stops in bounded time, without an error, and leaves no task and no connection."""

import asyncio
import gc
import warnings
from collections.abc import Callable
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.kafka import admin
from schemas.kafka.stopping import SECONDS, stop
from schemas.topics import Topic
from tests.integration.runtime.counting import until
from tests.integration.runtime.proxy import Proxy, proxied
from tests.network import Fault

Client = AIOKafkaConsumer | AIOKafkaProducer
MOMENTS = 0.0, 0.03, 0.07, 0.2
"""Seconds from the fault to the stop: aiokafka waits 0.1 s after a refused request."""


def reading(kafka: str, topic: str) -> Client:
    client = AIOKafkaConsumer(bootstrap_servers=kafka)
    client.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
    return client


def of_a_group(kafka: str, topic: str) -> Client:
    return AIOKafkaConsumer(topic, bootstrap_servers=kafka, group_id=uuid4().hex)


def writing(kafka: str, _topic: str) -> Client:
    return AIOKafkaProducer(bootstrap_servers=kafka)


def of_transactions(kafka: str, _topic: str) -> Client:
    return AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=uuid4().hex)


async def _stopped(proxy: Proxy, client: Client, topic: str, fault: Fault, moment: float) -> None:
    await client.start()
    if isinstance(client, AIOKafkaConsumer):
        await client.getmany(timeout_ms=300)
    else:
        if client._txn_manager:
            await client.begin_transaction()
        await client.send_and_wait(topic, b"0", partition=0)
    proxy.fail(fault)
    if isinstance(client, AIOKafkaProducer):
        await client.send(topic, b"1", partition=0)
    await asyncio.sleep(moment)
    async with asyncio.timeout(4 * SECONDS):
        await stop(client)


@pytest.mark.parametrize("fault", [Fault.DEAD, Fault.SILENT], ids=str)
@pytest.mark.parametrize("made", [reading, of_a_group, writing, of_transactions])
async def test_a_client_stops_while_the_broker_is_away(kafka: str, made: Callable[[str, str], Client], fault: Fault):
    before = asyncio.all_tasks()
    topic = Topic(f"stopping-{uuid4().hex[:8]}", "tests", ())
    await admin.create(kafka, 2, [topic])

    async def stopped(moment: float) -> None:
        async with proxied(kafka) as proxy:
            await _stopped(proxy, made(proxy.kafka, topic.name), topic.name, fault, moment)
            await until(lambda: asyncio.sleep(0, proxy.connections), lambda held: not held)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        await asyncio.gather(*(stopped(moment) for moment in MOMENTS))
        await until(lambda: asyncio.sleep(0, asyncio.all_tasks() - before), lambda left: not left)
        gc.collect()
    assert [str(each.message) for each in warned] == []
