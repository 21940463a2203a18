"""The broker of earlier versions of Rondo: Kafka 4.3.1, formatted and started as they did it.

``python -m tests.integration.kafka_4_3`` writes ``kafka-4.3.1/data.tar.xz`` again: what it left when it was killed.
"""

import asyncio
import os
import signal
import struct
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from local import jars, kafka, ports
from local.java import java
from local.process import Command, Process
from local.settings import CACHE
from schemas.kafka import admin
from schemas.topics import TASK_COMMANDS, TASK_EVENTS
from streams.transactions import batches

VERSION = "4.3.1"
KEPT = Path(__file__).with_name(f"kafka-{VERSION}")
ARCHIVE = KEPT / "data.tar.xz"
TOPICS = (TASK_COMMANDS, TASK_EVENTS)


def its_jars() -> Path:
    """Return the directory with its jars, fetched if they are not there."""
    directory = CACHE / "kafka" / VERSION
    jars.fetch(directory, CACHE / "maven", listing=KEPT / "kafka.jars")
    return directory


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """Run it on its data in ``directory``; at the end it is killed."""
    chosen = ports.choose(["broker", "controller"], {})
    directory.mkdir(parents=True, exist_ok=True)
    settings, log = directory / "server.properties", directory.with_suffix(".log")
    settings.write_text(kafka.properties("data", chosen["broker"], chosen["controller"]))
    command = [java(), "-cp", f"{its_jars()}/*"]
    if not (directory / "data" / "meta.properties").exists():
        arguments = ["format", f"--cluster-id={kafka.cluster_id()}", "--config", str(settings)]
        Process(
            Command("The storage tool", [*command, "kafka.tools.StorageTool", *arguments], log, cwd=directory)
        ).wait()
    broker = Process(Command("The broker", [*command, "-Xmx512m", "kafka.Kafka", str(settings)], log, cwd=directory))
    bootstrap = f"{ports.HOST}:{chosen['broker']}"
    try:
        broker.wait_until(lambda: ports.answers(chosen["broker"]) and kafka.answers(bootstrap), 60)
        yield bootstrap
    finally:
        os.kill(broker.pid, signal.SIGKILL)
        broker.stop()


async def write(bootstrap: str, values: list[bytes]) -> None:
    """Append values in transactions: to the topic of events in one each, and to that of commands in one for all."""
    await admin.create(bootstrap, 2, TOPICS)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="rondo-tasks-0-0") as producer:
        for value in values:
            async with producer.transaction():
                await producer.send_and_wait(TASK_EVENTS.name, value, partition=0)
        async with producer.transaction():
            for value in values:
                await producer.send_and_wait(TASK_COMMANDS.name, value, partition=1)


def with_level(data: bytes, level: int) -> bytes:
    """Return the broker's metadata as a Kafka would write it whose ``metadata.version`` is this one."""
    changed = bytearray(
        data.replace(b"metadata.version" + struct.pack(">h", 30), b"metadata.version" + struct.pack(">h", level))
    )
    for batch in batches.batches(data):
        checksum = calc_crc32c(bytes(changed[batch.at + batches.CRC_OF : batch.end]))
        struct.pack_into(">I", changed, batch.at + batches.CRC_AT, checksum)
    return bytes(changed)


def main() -> None:
    with TemporaryDirectory() as directory:
        home = Path(directory) / "kafka"
        with running(home) as bootstrap:
            asyncio.run(write(bootstrap, [b"one", b"two", b"three"]))
        with tarfile.open(ARCHIVE, "w:xz") as archive:
            archive.add(home / "data", "data")
    sys.stdout.write(f"{ARCHIVE}: {ARCHIVE.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
