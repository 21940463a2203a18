"""Every kind of client of Kafka connects with TLS and a password, as the environment says."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaConnectionError

from schemas.kafka import admin, clients
from schemas.kafka.log_reader import committed
from schemas.kafka.stopping import started
from schemas.topics import Topic
from streams.transactions.described import Cluster
from tests.certificates import Authority
from tests.integration.secured.broker import MECHANISMS, Secured


@pytest.fixture
def connected(secured: Secured, monkeypatch: pytest.MonkeyPatch):
    """A function that sets the environment of this process to that of a user of the broker."""

    def connect(**changed: str) -> str:
        for name, value in {**secured.environment(), **changed}.items():
            monkeypatch.setenv(name, value)
        return secured.kafka

    return connect


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_topic_is_made_written_in_a_transaction_and_read_with_each_mechanism(connected, mechanism: str):
    kafka = connected(RONDO_KAFKA_SASL_MECHANISM=mechanism)
    topic = Topic(uuid4().hex, "test", (), partitions=1)
    await admin.create(kafka, 1, [topic])
    async with started(clients.producer(kafka, transactional_id=topic.name)) as producer, producer.transaction():
        await producer.send_and_wait(topic.name, b"value", partition=0)
    assert [record.value async for record in committed(kafka, topic.name)] == [b"value"]
    async with Cluster.of(kafka, await admin.partitions(kafka, [topic.name])) as cluster:
        assert await cluster.open_in(await admin.partitions(kafka, [topic.name])) == []


async def test_a_password_in_a_file_is_read_whenever_a_client_is_made(connected, secured: Secured, tmp_path: Path):
    file = tmp_path / "password"
    kafka = connected(RONDO_KAFKA_PASSWORD="", RONDO_KAFKA_PASSWORD_FILE=str(file))
    file.write_text("an old one\n")
    with pytest.raises(KafkaConnectionError):
        await admin.cluster(kafka)
    file.write_text(secured.environment()["RONDO_KAFKA_PASSWORD"] + "\n")
    assert await admin.cluster(kafka)


WRONG = {
    "another authority": lambda directory: {"RONDO_KAFKA_CA": str(Authority(directory / "other.pem").file)},
    "another password": lambda _: {"RONDO_KAFKA_PASSWORD": "wrong"},
    "another user": lambda _: {"RONDO_KAFKA_USER": "nobody"},
    "no TLS": lambda _: {"RONDO_KAFKA_TLS": "false", "RONDO_KAFKA_CA": ""},
}


@pytest.mark.parametrize("what", WRONG)
async def test_no_client_connects_with(connected, what: str, tmp_path: Path):
    kafka = connected(**WRONG[what](tmp_path))
    with pytest.raises(KafkaConnectionError):
        async with asyncio.timeout(15):
            await admin.cluster(kafka)


async def test_a_broker_whose_certificate_has_another_name_is_refused(connected, secured: Secured):
    connected()
    with pytest.raises(KafkaConnectionError):
        await admin.cluster(secured.kafka.replace("127.0.0.1", "localhost"))
