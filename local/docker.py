"""Redpanda and Postgres in containers, for ``STACK=docker``."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache

from local.errors import Problem
from local.ports import HOST
from local.settings import ROOT

IMAGES = {"redpanda": "redpandadata/redpanda:v25.2.1", "postgres": "postgres:18"}
"""The images that ``compose.yaml`` and the tests use."""

_COMPOSE = ("docker", "compose", "--file", str(ROOT / "compose.yaml"))


@cache
def answers() -> bool:
    """Return whether a Docker engine answers; a client alone is not enough."""
    if not shutil.which("docker"):
        return False
    try:
        subprocess.run(["docker", "version"], capture_output=True, check=True, timeout=10)
    except subprocess.SubprocessError:
        return False
    return True


def dsn(ports: Mapping[str, int], password: str) -> str:
    """Return the address of the database in the container."""
    return f"postgresql://rondo:{password}@{HOST}:{ports['postgres']}/rondo"


def up(ports: Mapping[str, int], password: str) -> None:
    """Start both containers and return once they are healthy; their data is in Docker volumes."""
    if not answers():
        raise Problem("STACK=docker needs Docker, but no Docker engine answers: start Docker, or unset STACK.")
    done = _compose(ports, password, "up", "--detach", "--wait")
    if done.returncode:
        raise Problem(f"Docker could not start Redpanda and Postgres: {done.stderr.strip()}")


def stop(ports: Mapping[str, int], password: str) -> None:
    """Stop both containers; their data stays."""
    _compose(ports, password, "stop")


def _compose(ports: Mapping[str, int], password: str, *command: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "RONDO_KAFKA_PORT": str(ports["kafka"]),
        "RONDO_REGISTRY_PORT": str(ports["registry"]),
        "RONDO_POSTGRES_PORT": str(ports["postgres"]),
        "RONDO_POSTGRES_PASSWORD": password,
    }
    return subprocess.run(
        [*_COMPOSE, *command], env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
