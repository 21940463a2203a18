"""The API as a process: what it logs, and how it starts and stops."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from api.http import tokens
from local import ports
from local.process import Command, Process
from tests.integration.ingress import walk
from tests.integration.ingress.conftest import SECRET, TARGETS_KEY
from tests.integration.ingress.standin import User, standing_in
from tests.integration.ingress.test_api_faults import known, records, until


async def test_a_command_is_logged_by_its_ids_and_never_by_its_words(user: User, directory: Path) -> None:
    for prefer, expected in (("handling=strict", ["answered"]), ("wait=1", ["command taken", "answered"])):
        headers = {"Prefer": prefer}
        answer = (await user.http.post("/v1/tasks", json={"title": "nobody's business"}, headers=headers)).json()
        deadline = asyncio.get_running_loop().time() + 10
        while not (found := _events(log := (directory / "api.log").read_text(), user.id, answer["command"]["id"])):
            assert asyncio.get_running_loop().time() < deadline  # a request is logged after it is answered
            await asyncio.sleep(0.05)
        assert [event["event"] for event in found] == expected
        assert [(event["type"], event["task"]) for event in found] == [("CreateTask", answer["task"]["id"])] * len(
            found
        )
    assert "nobody's business" not in log
    assert user.http.headers["authorization"].removeprefix("Bearer ") not in log


def _events(log: str, user: str, command: str) -> list[dict[str, Any]]:
    """The events of a command, once its request was answered."""
    events = [json.loads(line) for line in log.splitlines() if command in line]
    found = [event for event in events if (event["user"], event["command"]) == (user, command)]
    return found if any(event["event"] == "answered" for event in found) else []


def test_without_its_settings_it_ends_with_one_sentence() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    ended = subprocess.run(
        [sys.executable, "-m", "api"], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "RONDO_" in ended.stderr


@asynccontextmanager
async def serving(log: Path, **settings: str) -> AsyncIterator[tuple[Process, httpx.AsyncClient, str]]:
    """The API as a process that logs to ``log``, a new user's client of it, and that user."""
    port, user = ports.choose(["api"], {})["api"], str(uuid4())
    environment = {f"RONDO_{name.upper()}": value for name, value in settings.items()}
    environment |= {"RONDO_SECRET": SECRET, "RONDO_TARGETS_KEY": TARGETS_KEY, "RONDO_PORT": str(port)}
    server = Process(Command("The API", [sys.executable, "-m", "api"], log, environment))
    headers = {"Authorization": f"Bearer {tokens.issue(SECRET, user)}"}
    url, limits = f"http://{ports.HOST}:{port}", httpx.Limits(max_connections=None)
    try:
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, limits=limits) as client:
            await until(lambda: answers(client))
            yield server, client, user
    finally:
        await asyncio.to_thread(server.stop)


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/ready")).is_success
    except httpx.TransportError:
        return False


async def test_a_client_that_waits_when_it_stops_is_answered_with_what_is_known(
    log: str, registry: str, database: str, tmp_path: Path
) -> None:
    written = tmp_path / "api.log"
    async with serving(written, kafka=log, registry=registry, postgres=database) as (server, client, user):
        async with standing_in(log, registry, database):
            asked = list(walk.asks(await known(client), seconds=30))
        before = {each.id for each in await records(log, registry, user)}
        waiting = asyncio.ensure_future(walk.sent(client, asked))
        await until(lambda: quiet(written, sum(ask.is_command for ask in asked) // 2))

        os.kill(server.pid, signal.SIGTERM)
        async with asyncio.timeout(8):
            told = await waiting
        await until(lambda: ended(server), 20)

    new = [each for each in await records(log, registry, user) if each.id not in before]
    assert walk.undocumented(told) == []
    assert walk.false(told, new, user) == []
    pending = [each for each in told if each.ask.is_command and each.ask.waits and each.response.status_code == 202]
    assert len(pending) > 20


async def quiet(written: Path, commands: int) -> bool:
    """Whether the API has taken ``commands`` commands, and nothing more happens for a moment."""
    was = _text(written)
    await asyncio.sleep(0.5)
    return _text(written) == was and was.count('"type": ') >= commands


def _text(path: Path) -> str:
    return path.read_text()


async def ended(server: Process) -> bool:
    return server.ended is not None


async def test_a_log_that_cannot_be_written_makes_no_answer_false(log: str, registry: str, database: str) -> None:
    async with (
        serving(Path("/dev/full"), kafka=log, registry=registry, postgres=database) as (_, client, user),
        standing_in(log, registry, database),
    ):
        asked = list(walk.asks(await known(client)))
        before = {each.id for each in await records(log, registry, user)}
        told = await walk.sent(client, asked)
    new = [each for each in await records(log, registry, user) if each.id not in before]
    assert walk.undocumented(told) == []
    assert walk.false(told, new, user) == []
    assert [str(each) for each in told if each.response.status_code >= 500] == []
