"""Kafka Streams with exactly-once: the Processor API with a persistent store, and a JDBC sink in the same JVM.

Run with its exactly-once defaults (commits every 100 ms, lingers 100 ms), and tuned with larger batches: those of
16 KiB cost the broker as much CPU as the application.
"""

import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from bench.run import LOGS, Run
from local.java import java
from local.process import Command, Process
from local.settings import CACHE

_PROJECT = Path(__file__).with_name("kafka-streams")
_UPSERT = Path(__file__).with_name("upsert.sql")
_BUILT = CACHE / "bench" / "kafka-streams"
_GOALS = ("resources:resources", "compiler:compile", "dependency:copy-dependencies")
_JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseParallelGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
TUNED = {
    "producer.batch.size": 262_144,
    "main.consumer.max.poll.records": 5000,
}


def can_run() -> bool:
    """Return whether there is Maven to build it."""
    return shutil.which("mvn") is not None


@cache
def build() -> str:
    """Build it, and return the class path. Raises ``Problem`` with the end of Maven's output."""
    where = [f"-Dmaven.repo.local={CACHE / 'maven'}", f"-Dbench.target={_BUILT}", f"-DoutputDirectory={_BUILT / 'lib'}"]
    argv = ["mvn", "--batch-mode", "--quiet", f"--file={_PROJECT / 'pom.xml'}", *where, "-DincludeScope=runtime"]
    Process(Command("Maven", [*argv, *_GOALS], CACHE / "bench" / "maven.log")).wait()
    return f"{_BUILT / 'classes'}:{_BUILT / 'lib'}/*"


def command(run: Run, streams: Mapping[str, object]) -> Command:
    """Return the command of the process; ``streams`` are additional settings of Kafka Streams."""
    arguments = [msgspec.json.encode(each).decode() for each in (run, streams)]
    argv = [java(), *_JVM, "-cp", build(), "rondo.bench.Main", arguments[0], str(_UPSERT), arguments[1]]
    return Command("Kafka Streams", argv, LOGS / f"{run.id}.log")
