"""A part that refuses or is not there is reported by each process without the password of its address."""

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from local import ports
from local.process import Command, Process

SECRET = "planted-secret"
WORKER = "from streams import worker; worker.run(['views'])"
SAYING = 30.0
"""Seconds until a process has said what is wrong."""


@pytest.fixture
def environment(kafka: str, registry: str, postgres_server: str) -> dict[str, str]:
    """Settings of which one is replaced."""
    return {
        "RONDO_KAFKA": kafka,
        "RONDO_REGISTRY": registry,
        "RONDO_POSTGRES": postgres_server,
        "RONDO_SECRET": "s" * 32,
        "RONDO_LOG": "debug",
    }


ADDRESSES: dict[str, Callable[[str, str], dict[str, str]]] = {
    "a wrong password": lambda server, _: {"RONDO_POSTGRES": f"postgresql://rondo:{SECRET}@{server}/rondo"},
    "a password in the query": lambda server, _: {
        "RONDO_POSTGRES": f"postgresql://{server}/x?user=rondo&password={SECRET}"
    },
    "nobody at the database": lambda *_: {"RONDO_POSTGRES": f"postgresql://u:{SECRET}@127.0.0.1:9/{SECRET}"},
    "nobody at the registry": lambda *_: {"RONDO_REGISTRY": f"http://u:{SECRET}@127.0.0.1:9/{SECRET}?key={SECRET}"},
    "a registry without the path": lambda _, registry: {"RONDO_REGISTRY": f"{registry}/{SECRET}"},
}


PROCESSES = (("api", ["-m", "api"]), ("worker", ["-c", WORKER]))


@pytest.mark.deep
@pytest.mark.parametrize("what", ADDRESSES)
def test_no_process_tells_the_password_of_a_part_that_refuses_it(
    what: str, environment: dict[str, str], tmp_path: Path
):
    server = urlsplit(environment["RONDO_POSTGRES"]).netloc.rpartition("@")[2]
    chosen = ports.choose(["api", "worker"], {})
    own = environment | ADDRESSES[what](server, environment["RONDO_REGISTRY"])
    own |= {"RONDO_PORT": str(chosen["api"]), "RONDO_HEALTH_PORT": str(chosen["worker"]), "RONDO_DATA": str(tmp_path)}
    started = [
        Process(Command(name, [sys.executable, *argv], tmp_path / f"{name}.log", os.environ | own))
        for name, argv in PROCESSES
    ]
    try:
        addresses = [f"http://{ports.HOST}:{port}/ready" for port in chosen.values()]
        told = "".join(said(process, url) for process, url in zip(started, addresses, strict=True))
        for process, (name, _) in zip(started, PROCESSES, strict=True):
            if process.ended is None:
                process.wait_until(lambda log=tmp_path / f"{name}.log": log.stat().st_size > 0, 60)
    finally:
        for process in started:
            process.stop()
    logs = "".join(file.read_text() for file in tmp_path.glob("*.log"))
    assert SECRET not in logs + told


def said(process: Process, url: str) -> str:
    """What a process says of itself once it is not ready for long enough to have tried everything, or has ended."""
    deadline, answer = time.monotonic() + SAYING, ""
    while process.ended is None and time.monotonic() < deadline and not re.search("closed|parts", answer):
        try:
            answer = httpx.get(url, timeout=5).text
        except httpx.TransportError:
            time.sleep(0.1)
    return answer
