"""The API as a process: what it logs, and how it starts and stops."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.ingress.standin import User


async def test_a_command_is_logged_by_its_ids_and_never_by_its_words(user: User, directory: Path) -> None:
    answer = await user.http.post("/v1/tasks", json={"title": "nobody's business"})

    text = (directory / "api.log").read_text()
    command = answer.json()["command"]["id"]
    events = [json.loads(line) for line in text.splitlines() if command in line]
    assert {event["event"] for event in events} == {"command taken", "answered"}
    assert all(event["user"] == user.id for event in events)
    assert "nobody's business" not in text
    assert user.http.headers["authorization"].removeprefix("Bearer ") not in text


def test_without_its_settings_it_ends_with_one_sentence() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    ended = subprocess.run([sys.executable, "-m", "api"], env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "RONDO_" in ended.stderr
