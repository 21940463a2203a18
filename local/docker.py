"""Redpanda and Postgres in containers, where a Docker engine answers."""

import shutil
import subprocess
from functools import cache

IMAGES = {"redpanda": "redpandadata/redpanda:v25.2.1", "postgres": "postgres:18"}
"""The images that ``compose.yaml`` and the tests use."""


@cache
def answers() -> bool:
    """Return whether a Docker engine answers (a client without an engine does not)."""
    if not shutil.which("docker"):
        return False
    try:
        subprocess.run(["docker", "version"], capture_output=True, check=True, timeout=10)
    except subprocess.SubprocessError:
        return False
    return True
