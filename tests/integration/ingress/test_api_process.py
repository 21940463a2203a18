"""The API as a process: what it logs, and how it starts and stops."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.ingress.standin import User


async def test_a_command_is_logged_by_its_ids_and_never_by_its_words(user: User, directory: Path) -> None:
    answer = await user.http.post("/v1/tasks", json={"title": "nobody's business"})

    command = answer.json()["command"]["id"]
    deadline = asyncio.get_running_loop().time() + 10
    while _events(log := (directory / "api.log").read_text(), user.id, command) != {"command taken", "answered"}:
        assert asyncio.get_running_loop().time() < deadline  # a request is logged after it is answered
        await asyncio.sleep(0.05)
    assert "nobody's business" not in log
    assert user.http.headers["authorization"].removeprefix("Bearer ") not in log


def _events(log: str, user: str, command: str) -> set[str]:
    events = [json.loads(line) for line in log.splitlines() if command in line]
    return {event["event"] for event in events if (event["user"], event["command"]) == (user, command)}


def test_without_its_settings_it_ends_with_one_sentence() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    ended = subprocess.run(
        [sys.executable, "-m", "api"], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "RONDO_" in ended.stderr
