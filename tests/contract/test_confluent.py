"""Confluent's own client works with the registry, and what it writes and what Rondo writes are one contract."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, topic_record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext
from msgspec import to_builtins

from schemas import contract, records
from schemas.codec import Codec
from schemas.registry.client import Incompatible, Registry
from schemas.topics import Topic
from tests.contract.golden import sample

EVENT = sample(records.TaskCreated)
TEXT = json.dumps(contract.schema(records.TaskCreated))


@pytest.fixture
def confluent(registry: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": registry}) as client:
        yield client


@pytest.fixture
def topic(kafka: str) -> Topic:
    """A topic of this test's own that carries TaskCreated."""
    name = f"task-events-{uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result()
    return Topic(name, "test", (records.TaskCreated,))


def context(topic: str) -> SerializationContext:
    return SerializationContext(topic, MessageField.VALUE)


def serializer(confluent: SchemaRegistryClient, text: str = TEXT) -> AvroSerializer:
    return AvroSerializer(confluent, text, conf={"subject.name.strategy": topic_record_subject_name_strategy})


def produce(kafka: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka})
    producer.produce(topic, value)
    assert producer.flush(30) == 0


async def test_rondo_reads_what_confluents_serializer_wrote(
    confluent: SchemaRegistryClient, client: Registry, kafka: str, topic: Topic
):
    produce(kafka, topic.name, serializer(confluent)(to_builtins(EVENT), context(topic.name)))
    async with AIOKafkaConsumer(topic.name, bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        message = await consumer.getone()
    codec = Codec(client)
    await codec.learn([message.value])
    assert codec.decode(message.value) == EVENT


async def test_confluents_deserializer_reads_what_rondo_wrote(
    confluent: SchemaRegistryClient, client: Registry, kafka: str, topic: Topic
):
    codec = Codec(client)
    await codec.publish([topic])
    produce(kafka, topic.name, codec.encode(topic.name, EVENT))
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": topic.name, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic.name])
    message = consumer.poll(30)
    consumer.close()
    found = AvroDeserializer(confluent)(message.value(), context(topic.name))
    assert found["task"]["title"] == EVENT.task.title
    assert found["task"]["priority"] == "URGENT"
    assert found["at"] == datetime(2026, 11, 23, 13, 0, 0, 123000, UTC)


async def test_both_clients_get_the_same_id_for_the_same_schema(
    confluent: SchemaRegistryClient, client: Registry, subject: str
):
    number = await client.register(subject, contract.schema(records.TaskCreated))
    assert confluent.register_schema(subject, Schema(TEXT, "AVRO")) == number
    assert confluent.register_schema(f"{subject}-2", Schema(TEXT, "AVRO")) == number
    assert json.loads(confluent.get_schema(number).schema_str) == await client.schema(number)


def test_an_incompatible_schema_is_refused_with_the_reason_to_confluents_serializer(
    confluent: SchemaRegistryClient, topic: Topic
):
    serializer(confluent)(to_builtins(EVENT), context(topic.name))
    schema = json.loads(TEXT)
    schema["fields"].append({"name": "colour", "type": "string"})
    with pytest.raises(SchemaRegistryError, match=r"a field that the writer lacks has no default \(colour") as refused:
        serializer(confluent, json.dumps(schema))(to_builtins(EVENT) | {"colour": "red"}, context(topic.name))
    assert refused.value.http_status_code == 409
    assert refused.value.error_code == 409


async def test_an_incompatible_schema_is_refused_with_the_reason_to_rondos_client(client: Registry, subject: str):
    await client.register(subject, "long")
    with pytest.raises(Incompatible, match=r"can't read what version 1 wrote: the type differs \(reader type: string"):
        await client.register(subject, "string")


async def test_what_is_no_schema_is_refused_with_the_reason_to_rondos_client(client: Registry, subject: str):
    with pytest.raises(Incompatible, match="not a valid Avro schema"):
        await client.register(subject, {"type": "rekord"})


def test_confluents_client_finds_its_way_about(confluent: SchemaRegistryClient, subject: str):
    first = Schema('{"type":"record","name":"A","fields":[]}', "AVRO")
    second = Schema('{"type":"record","name":"A","fields":[{"name":"x","type":"long","default":0}]}', "AVRO")
    ids = [confluent.register_schema(subject, schema) for schema in (first, second)]
    assert subject in confluent.get_subjects()
    assert confluent.get_versions(subject) == [1, 2]
    assert confluent.get_latest_version(subject).schema_id == ids[1]
    assert confluent.get_version(subject, 1).schema_id == ids[0]
    assert confluent.lookup_schema(subject, second).version == 2
    assert confluent.test_compatibility(subject, first)
    assert not confluent.test_compatibility(subject, Schema('"string"', "AVRO"))
    assert confluent.set_compatibility(subject, "NONE") == {"compatibility": "NONE"}
    assert confluent.get_compatibility(subject) == "NONE"
    assert confluent.delete_version(subject, 1) == 1
    assert confluent.delete_subject(subject) == [2]
    assert subject not in confluent.get_subjects()
