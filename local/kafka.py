"""The embedded broker: Apache Kafka as broker and controller in one process (KRaft)."""

import asyncio
import logging
import os
import shutil
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from aiokafka.errors import KafkaError

from local import metadata, paths, ports
from local.errors import Problem
from local.jars import KAFKA
from local.java import java
from local.paths import sync
from local.process import Command, Process
from schemas.kafka import admin, clients
from schemas.topics import Topic

RELEASE = "4.2"
"""The feature level of new data."""
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    # The log is the source of truth: nothing is deleted unless a topic's own setting says so.
    "log.retention.ms": -1,
    "log.retention.bytes": -1,
    # Accept any record timestamp: the broker's own topics have no other setting.
    "log.message.timestamp.before.max.ms": 2**63 - 1,
    "log.message.timestamp.after.max.ms": 2**63 - 1,
    # The maximum, 24 days: after a clock that jumps ahead the broker would expire producers too early.
    "producer.id.expiration.ms": 2**31 - 1,
    "transactional.id.expiration.ms": 2**31 - 1,
    # One broker: one replica.
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    # A dead worker's open transaction hides the records after it: look for one every second, not every ten.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    # After an unclean shutdown the broker can register only when its former session expires: by default after 9 s.
    "broker.session.timeout.ms": 4000,
    "broker.heartbeat.interval.ms": 1000,
    "group.initial.rebalance.delay.ms": 0,
    # Let groups detect within a second or two that a worker is gone.
    "group.min.session.timeout.ms": 1000,
    # Small: one machine, few users. 50 partitions of offsets and of transactions only cost start-up time.
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
    "log.index.size.max.bytes": 1024 * 1024,
    "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 4,
    # Idle: by default the controller writes a record that says nothing twice a second.
    "metadata.max.idle.interval.ms": 5000,
}
_DATA, _NEW = "data", "data.new"
_IDENTITY = "meta.properties"
_UNFINISHED = {"bootstrap.checkpoint", "bootstrap.checkpoint.tmp", "meta.properties.tmp", ".lock"}
"""The files that a format writes before the identity."""
_PATIENCE = 120.0  # seconds without a sign of life
GRACE = 300.0
"""Seconds to stop: the broker flushes the log from memory to the disk, gigabytes at most."""
_HEAP = (
    *("-Xms48m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxDirectMemorySize=256m"),
    # Small while little is asked: some 30 MB live. A young generation without a size would take a third of the heap.
    *("-Xmn32m", "-XX:MinHeapFreeRatio=10", "-XX:MaxHeapFreeRatio=30"),
)
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",  # the machine's locale may lack characters of the paths to Java and to the jars
    "MALLOC_ARENA_MAX": "2",  # glibc would keep an arena for each of 90 threads
}
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    # The progress of a broker that recovers its log.
    "-Dorg.slf4j.simpleLogger.log.kafka.log.LogManager=info",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.storage.internals.log.LogLoader=info",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.storage.internals.log.LogManager=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)


def properties(data: str, port: int, controller: int) -> str:
    """Return ``server.properties`` for a broker on these loopback ports with its logs in the directory ``data``.

    ``data`` is relative to the broker's working directory: the file is read as Latin-1, and split at commas.
    """
    own = {
        "log.dirs": f"{paths.here()}/{data}",
        "listeners": f"PLAINTEXT://{ports.HOST}:{port},CONTROLLER://{ports.HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{ports.HOST}:{port}",
        "controller.quorum.voters": f"1@{ports.HOST}:{controller}",
    }
    return "".join(f"{name}={value}\n" for name, value in {**_SETTINGS, **own}.items())


def start(
    jars: Path,
    directory: Path,
    *,
    port: int,
    controller: int,
    log: Path,
    stopping: threading.Event | None = None,
    waiting: Callable[[str], None] = lambda _: None,
) -> Process:
    """Start the broker with its data in ``directory``, formatted if new, and return once it answers.

    Convert data of Kafka 4.3 first. A broker that recovers its log may take any time while it makes progress. Raises
    ``Problem`` if it makes none, or if the directory holds another log; ``Stopped`` if asked to stop.
    """
    directory.mkdir(0o700, parents=True, exist_ok=True)
    _check_former(directory)

    def program(name: str, main: str, *arguments: str, grace: float = 30) -> Command:
        argv = [os.path.abspath(java()), *_HEAP, *_LOGGING]  # noqa: PTH100 - without resolving links
        argv += ["-cp", f"{jars.absolute()}/*", main, *arguments]
        return Command(name, argv, log, _ENVIRONMENT, cwd=directory, grace=grace, foreign=True)

    if not (directory / _DATA / _IDENTITY).exists():
        _discard_unfinished(directory / _DATA)
        (directory / "format.properties").write_text(properties(_NEW, port, controller))
        arguments = [
            "format",
            f"--cluster-id={cluster_id()}",  # it may begin with "-"
            f"--release-version={RELEASE}",
            f"--config={paths.here()}/format.properties",
        ]
        Process(program("Kafka's storage tool", "kafka.tools.StorageTool", *arguments)).wait(stopping)
        (directory / _NEW).replace(directory / _DATA)  # atomic, even if this is killed
        sync(directory)
    _convert_metadata(directory)
    (directory / "server.properties").write_text(properties(_DATA, port, controller))
    broker = Process(program("The broker", "kafka.Kafka", f"{paths.here()}/server.properties", grace=GRACE))
    bootstrap = f"{ports.HOST}:{port}"
    clusters: list[str] = []

    def ready() -> bool:
        if ports.answers(port) and answers(bootstrap):
            with suppress(KafkaError, OSError):  # it may return metadata, and still refuse the next connection
                clusters.append(asyncio.run(admin.cluster(bootstrap)))
        return bool(clusters)

    try:
        broker.wait_until(ready, _PATIENCE, stopping, waiting)
        _check_cluster(directory / _DATA, clusters[-1])
    except BaseException:
        broker.stop()
        raise
    return broker


def check_place(
    broker: Process,
    directory: Path,
    expected: Sequence[Topic],
    *,
    patience: float = 60,
    stopping: threading.Event | None = None,
    waiting: Callable[[str], None] = lambda _: None,
) -> None:
    """Raise ``Problem`` unless the log of these topics is in ``directory``, where a backup looks for it.

    Wait for a broker that creates topics until it shows no sign of life for ``patience`` seconds.
    """

    def missing() -> list[str]:
        return [topic.name for topic in expected if not (directory / _DATA / f"{topic.name}-0").is_dir()]

    try:
        broker.wait_until(lambda: not missing(), patience, stopping, waiting)
    except Problem:
        if broker.ended is not None or not (elsewhere := missing()):
            raise
        raise Problem(
            f"The broker keeps the topic {elsewhere[0]} outside {directory / _DATA}, where a backup looks for it: find"
            " its directory by its name, and report this to Rondo's authors."
        ) from None


def _check_cluster(data: Path, answering: str) -> None:
    """Raise ``Problem`` unless the broker that answers is the one whose log is here."""
    ours = identity(data)
    if ours != answering:
        raise Problem(
            f"The broker that answers is of cluster {answering}, and the log in {data} of {ours}: another broker"
            " has its port, or its log is elsewhere. Stop the other broker, then start again."
        )


def identity(data: Path) -> str | None:
    """Return the id of the cluster whose log is in ``data``, ``None`` if there is none."""
    try:
        lines = (data / _IDENTITY).read_text().splitlines()
    except FileNotFoundError:
        return None
    return dict(line.split("=", 1) for line in lines if "=" in line).get("cluster.id")


def _discard_unfinished(data: Path) -> None:
    """Remove the files of a format that was killed; raise ``Problem`` if there is anything else."""
    shutil.rmtree(data.with_name(_NEW), ignore_errors=True)
    if not data.exists():
        return
    more = sorted(entry.name for entry in data.iterdir() if entry.name not in _UNFINISHED)
    if more:
        raise Problem(
            f"{data} holds a log ({more[0]} …), but its {_IDENTITY} is missing, so its cluster is unknown: restore that"
            " file from a backup, or set RONDO_DATA to another directory."
        )
    shutil.rmtree(data)


def _check_former(directory: Path) -> None:
    """Raise ``Problem`` if an earlier version wrote this log elsewhere, as Kafka misread the path."""
    if (directory / _DATA / _IDENTITY).exists():
        return
    ours = directory.resolve() / _DATA
    former = [path for path in map(Path, paths.formerly_read(str(ours))) if path != ours]
    if found := [path.absolute() for path in former if identity(path)]:
        more = "" if len(found) == 1 else ", each with a part of it: move their topics into one"
        raise Problem(
            f"An earlier version of Rondo wrote the log of {directory.parent} to {' and '.join(map(str, found))}{more}."
            f" Move that directory to {ours}, then start again; otherwise a new log is started."
        )


def _convert_metadata(directory: Path) -> None:
    """Convert the metadata unless this Kafka wrote it: reading it all takes time."""
    written = directory / _DATA / "rondo-version"  # beside the metadata, so that a backup has both
    if not written.exists() or written.read_text() != KAFKA:
        metadata.convert(directory / _DATA)
        written.write_text(KAFKA)


def cluster_id() -> str:
    """Return a new cluster id: 22 characters of URL-safe base64."""
    return urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")


def answers(bootstrap: str, seconds: float = 3) -> bool:
    """Return whether a broker there returns metadata within ``seconds``."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it logs an error for each attempt
    return asyncio.run(_answers(bootstrap, seconds))


async def _answers(bootstrap: str, seconds: float) -> bool:
    client = clients.bare(bootstrap, request_timeout_ms=round(seconds * 1000))
    try:
        await client.bootstrap()
    except (KafkaError, OSError):
        return False
    else:
        return bool(client.cluster.brokers())
    finally:
        await client.close()
