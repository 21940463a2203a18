"""The programs of the stack: which are taken, which are refused."""

from pathlib import Path

import pytest

from local import docker, jars, kafka
from local.errors import Problem
from local.java import java
from local.settings import ROOT

LISTED = (Path(jars.__file__).parent / "kafka.jars").read_text()


def tool(path: Path, says: str) -> str:
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    path.chmod(0o755)
    return str(path)


def test_the_first_java_that_is_new_enough_is_taken(tmp_path: Path):
    old = tool(tmp_path / "old", 'java version "1.8.0_392"')
    new = tool(tmp_path / "new", 'openjdk version "21.0.5" 2024-10-15')
    assert java([str(tmp_path / "absent"), old, new]) == new


def test_no_java_is_reported_with_what_to_do(tmp_path: Path):
    with pytest.raises(Problem, match=r"No Java 17 or later was found.*: install a JDK and set JAVA_HOME, or"):
        java([tool(tmp_path / "java", 'openjdk version "11.0.2"')])


def test_each_listed_jar_is_pinned_by_its_hash():
    assert all(len(jar.sha256) == 64 for jar in jars.listed(LISTED))


def test_the_listed_kafka_is_the_version_that_is_reported():
    (broker,) = (jar for jar in jars.listed(LISTED) if jar.artifact == "kafka_2.13")
    assert broker.version == jars.KAFKA


def test_a_jar_with_other_bytes_is_refused(tmp_path: Path):
    (tmp_path / "a-1.jar").write_bytes(b"other")
    with pytest.raises(Problem, match=r"a-1\.jar is not the file that local/kafka\.jars pins"):
        jars.check([jars.Jar("g", "a", "1", "0" * 64)], tmp_path)


def test_the_broker_listens_on_loopback_only():
    lines = kafka.properties("data", 1, 2).splitlines()
    assert [line for line in lines if "listeners=" in line] == [
        "listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2",
        "advertised.listeners=PLAINTEXT://127.0.0.1:1",
    ]


def test_a_cluster_id_is_one_that_kafka_takes():
    assert len(kafka.cluster_id()) == 22


def test_compose_runs_the_images_that_the_tests_run():
    composed = (ROOT / "compose.yaml").read_text()
    assert all(f"image: {image}\n" in composed for image in docker.IMAGES.values())
