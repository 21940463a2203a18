"""Each program listens where its settings say, and the API believes only the proxies that they name."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local import ports
from local.process import Command, Process

ELSEWHERE = "127.0.0.2"
"""Loopback, but not where anything listens by default."""
CLIENT = "203.0.113.9"


@pytest.fixture
def environment(kafka: str, registry: str, postgres: str, tmp_path: Path) -> dict[str, str]:
    return {
        "RONDO_KAFKA": kafka,
        "RONDO_REGISTRY": registry,
        "RONDO_POSTGRES": postgres,
        "RONDO_SECRET": "s" * 32,
        "RONDO_DATA": str(tmp_path),
    }


@contextmanager
def running(argv: list[str], environment: dict[str, str], url: str, log: Path) -> Iterator[None]:
    """Run a program of Rondo, once it answers at this URL."""
    process = Process(Command(argv[-1], [sys.executable, *argv], log, environment))
    try:
        process.wait_until(lambda: answers(url), 60)
        yield
    finally:
        process.stop()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def test_a_workers_health_is_served_at_its_address_only(environment: dict[str, str], tmp_path: Path):
    port = ports.choose(["health"], {})["health"]
    own = {**environment, "RONDO_HEALTH_HOST": ELSEWHERE, "RONDO_HEALTH_PORT": str(port)}
    worker = ["-c", "from streams import worker; worker.run(['views'])"]
    with running(worker, own, f"http://{ELSEWHERE}:{port}/live", tmp_path / "worker.log"):
        assert not answers(f"http://{ports.HOST}:{port}/live")


def test_the_registry_listens_at_an_address_that_is_not_that_of_its_clients(
    environment: dict[str, str], tmp_path: Path
):
    port = ports.choose(["registry"], {})["registry"]
    own = {**environment, "RONDO_REGISTRY": "http://registry.example", "RONDO_REGISTRY_BIND": f"{ELSEWHERE}:{port}"}
    with running(["-m", "schemas.registry"], own, f"http://{ELSEWHERE}:{port}/subjects", tmp_path / "registry.log"):
        assert not answers(f"http://{ports.HOST}:{port}/subjects")


@pytest.mark.parametrize(
    ("proxies", "client"), [("10.0.0.0/8, 127.0.0.0/8", CLIENT), ("127.0.0.1", CLIENT), ("10.0.0.0/8", "127.0.0.1")]
)
def test_the_client_of_a_request_is_that_which_a_trusted_proxy_names(
    environment: dict[str, str], tmp_path: Path, proxies: str, client: str
):
    port = ports.choose(["api"], {})["api"]
    own = {**environment, "RONDO_PORT": str(port), "RONDO_TRUSTED_PROXIES": proxies}
    url, log = f"http://{ports.HOST}:{port}", tmp_path / "api.log"
    with running(["-m", "api"], own, f"{url}/live", log):
        httpx.get(f"{url}/v1/tasks", headers={"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"})
    events = [json.loads(line) for line in log.read_text().splitlines() if "answered" in line]
    assert [event["client"] for event in events] == [client]
