"""The embedded broker: Apache Kafka in one process, broker and controller at once (KRaft)."""

import asyncio
import logging
import threading
from base64 import urlsafe_b64encode
from pathlib import Path
from uuid import uuid4

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from local import ports
from local.java import java
from local.process import Command, Process

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    # The log is the truth: nothing goes away unless a topic says so.
    "log.retention.ms": -1,
    "log.retention.bytes": -1,
    # Topics say how far ahead of the broker's clock a record may be; this stands where one does not.
    "log.message.timestamp.after.max.ms": 60 * 60 * 1000,
    # One broker: one replica.
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    # A dead worker's open transaction hides what follows it: look for one each second, not every ten.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    "group.initial.rebalance.delay.ms": 0,
    # A group may notice within a second or two that a worker is gone.
    "group.min.session.timeout.ms": 1000,
    # Small: one machine, one user at a time. 50 partitions of offsets and of transactions only cost start time.
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
    "log.index.size.max.bytes": 1024 * 1024,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    "num.network.threads": 2,
    "num.io.threads": 4,
}
_HEAP = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=256m")
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)


def properties(data: Path, port: int, controller: int) -> str:
    """Return ``server.properties`` for a broker on these loopback ports with its logs in ``data``."""
    own = {
        "log.dirs": data,
        "listeners": f"PLAINTEXT://{ports.HOST}:{port},CONTROLLER://{ports.HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{ports.HOST}:{port}",
        "controller.quorum.voters": f"1@{ports.HOST}:{controller}",
    }
    return "".join(f"{name}={value}\n" for name, value in {**_SETTINGS, **own}.items())


def start(
    jars: Path, directory: Path, *, port: int, controller: int, log: Path, stopping: threading.Event | None = None
) -> Process:
    """Start the broker with its data in ``directory``, formatted if new, and return once it answers."""
    directory.mkdir(parents=True, exist_ok=True)
    settings = directory / "server.properties"
    data = directory / "data"
    settings.write_text(properties(data, port, controller))
    if not (data / "meta.properties").exists():
        arguments = ["format", f"--cluster-id={cluster_id()}", "--config", str(settings)]  # an id may begin with "-"
        Process(_java("Kafka's storage tool", jars, log, "kafka.tools.StorageTool", *arguments)).wait(stopping)
    broker = Process(_java("The broker", jars, log, "kafka.Kafka", str(settings)))
    try:
        broker.wait_until(lambda: ports.answers(port) and answers(f"{ports.HOST}:{port}"), 60, stopping)
    except BaseException:
        broker.stop()
        raise
    return broker


def cluster_id() -> str:
    """Return a new cluster id: 22 characters of URL-safe base64."""
    return urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")


def answers(bootstrap: str) -> bool:
    """Return whether a broker there tells who leads what."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it complains of each attempt
    return asyncio.run(_answers(bootstrap))


async def _answers(bootstrap: str) -> bool:
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    try:
        await client.bootstrap()
    except (KafkaError, OSError):
        return False
    else:
        return bool(client.cluster.brokers())
    finally:
        await client.close()


def _java(name: str, jars: Path, log: Path, *arguments: str) -> Command:
    return Command(name, [java(), *_HEAP, *_LOGGING, "-cp", f"{jars}/*", *arguments], log)
