"""The embedded parts, for real."""

import asyncio
from pathlib import Path
from uuid import uuid4

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from local import kafka as embedded_kafka
from local import ports
from local import postgres as embedded_postgres


async def _send(bootstrap: str, topic: str, value: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=topic)
    async with producer, producer.transaction():
        await producer.send_and_wait(topic, value)


async def _first(bootstrap: str, topic: str) -> bytes | None:
    options = {"auto_offset_reset": "earliest", "isolation_level": "read_committed"}
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, **options) as consumer:
        return (await asyncio.wait_for(consumer.getone(), 10)).value


async def test_a_record_survives_a_restart_of_the_broker(kafka_jars: Path, directory: Path):
    topic, home = f"survives-{uuid4()}", directory / "restarted-kafka"
    chosen = ports.choose(["broker", "controller"], {})

    def start():
        return embedded_kafka.start(
            kafka_jars, home, port=chosen["broker"], controller=chosen["controller"], log=directory / "restarted.log"
        )

    broker = await asyncio.to_thread(start)
    try:
        await _send(f"127.0.0.1:{chosen['broker']}", topic, b"kept")
    finally:
        broker.stop()
    broker = await asyncio.to_thread(start)
    try:
        assert await _first(f"127.0.0.1:{chosen['broker']}", topic) == b"kept"
    finally:
        broker.stop()


def test_a_row_survives_a_restart_of_postgres(directory: Path):
    home, log = directory / "restarted-postgres", directory / "restarted-postgres.log"
    port = ports.choose(["postgres"], {})["postgres"]
    address = embedded_postgres.dsn(port, "secret")
    server = embedded_postgres.start(home, port=port, password="secret", log=log)
    try:
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    finally:
        server.stop()
    server = embedded_postgres.start(home, port=port, password="secret", log=log)
    try:
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    finally:
        server.stop()


async def test_the_fixtures_are_real(kafka: str, postgres: str):
    topic = f"real-{uuid4()}"
    await _send(kafka, topic, b"here")
    assert await _first(kafka, topic) == b"here"
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT current_setting('server_version_num')::int / 10000").fetchone() == (18,)
