"""Secrets of the settings are in no record, state, row, log, answer or command line; words of users in no log."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg
from psycopg import sql

from api.http import tokens
from schemas import ids, topics
from schemas import records as r
from streams.topologies import DEFAULT
from tests.acceptance.days import WAIT, ahead
from tests.acceptance.stack import PATIENCE, Stack, User, until
from tests.integration.pipeline.wire import Wire, partition_of
from tests.receiver import SECRET, Receiver

WORD = "planted-by-a-user"
KEPT = {"secrets.json", "run.json"}
"""Files that are there to hold secrets."""
REASONS = {500: "refused with status 500", 302: "redirected with status 302, and redirects are not followed"}
REASONS[0] = "no whole HTTP answer came"
PAGES = ("tasks", "lists", "filters", "tags", "reminders", "notifications", "bulks")


def secrets_of(stack: Stack) -> set[bytes]:
    """What nobody may find: parts of the webhook's address, Postgres's password, what signs tokens."""
    made = json.loads((stack.data / "secrets.json").read_text())
    return {SECRET.encode(), made["password"].encode(), made["secret"].encode()}


def remind(user: User, receiver: Receiver, status: int) -> str:
    """Create a task whose reminder is answered by a status; return its id."""
    receiver.statuses[title := f"{WORD} {status} {user.id}"] = status
    answer = user.rondo.create(title, notes=WORD, tags=[WORD], reminders=[{"at": ahead(1).isoformat()}], wait=WAIT)
    return str(answer["task"]["id"])


def failed(user: User) -> dict[str, str]:
    """Why a delivery of each task failed."""
    steps = [(told["task"]["id"], step) for told in user.rondo.notifications() for step in told["steps"]]
    return {task: step["detail"] for task, step in steps if step["step"] == "failed"}


def found(words: Iterable[bytes], texts: dict[str, bytes]) -> set[str]:
    """The places of these words."""
    return {place for place, text in texts.items() if any(word in text for word in words)}


def files(directory: Path) -> dict[str, bytes]:
    """Each file below, but for those that are there to hold secrets."""
    every = [path for path in directory.rglob("*") if path.is_file() and path.name not in KEPT]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in every}


def rows(postgres: str) -> dict[str, bytes]:
    """Each table of the views whole."""
    with psycopg.connect(postgres) as connection:
        names = connection.execute("select tablename from pg_tables where schemaname = 'rondo'").fetchall()
        every = sql.SQL("select t::text from rondo.{} t")
        return {
            f"rondo.{name}": str(connection.execute(every.format(sql.Identifier(name))).fetchall()).encode()
            for (name,) in names
        }


def told(stack: Stack, user: User) -> dict[str, bytes]:
    """What the API and the workers answer."""
    headers = {"Authorization": f"Bearer {tokens.issue(stack.secret, user.id)}"}
    asked = {f"{stack.run['api']}/v1/{page}": headers for page in PAGES} | {f"{stack.run['api']}/ready": {}}
    asked |= {stack.of_worker(name, page): {} for name in DEFAULT for page in ("ready", "metrics")}
    return {url: httpx.get(url, headers=sent).content for url, sent in asked.items()}


def processes(stack: Stack) -> dict[str, bytes]:
    """The command line of each part, and the environment of those that are no programs of Rondo's."""
    lines: dict[str, bytes] = {}
    for process in map(stack.part, ("api", "registry", "broker", "postgres", "notify")):
        for each in [process, *process.children(recursive=True)] if process else []:
            lines[f"{each.pid} {each.name()}"] = " ".join(each.cmdline()).encode()
            if each.name() in {"java", "postgres"}:
                lines[f"{each.pid} environment"] = str(_environment(each)).encode()
    return lines


def _environment(process: psutil.Process) -> dict[str, Any]:
    try:
        return {name: value for name, value in process.environ().items() if name.startswith("RONDO_")}
    except psutil.Error:  # a session of Postgres's that ended just now
        return {}


async def spoil(wire: Wire, user: User) -> None:
    """Put a command on the log that leads to rows which Postgres refuses, and in its error quotes."""
    fields = r.TaskFields(title=WORD, notes=WORD)
    command, at = str(uuid4()), int(ahead(0).timestamp() * 1000)
    unfit = r.CreateTask(command, user.id, at, f"user:{user.id}", ids.task(command), fields, cause=f"{WORD} {user.id}")
    value = await wire.encoded(topics.TASK_COMMANDS, unfit)
    await wire.put(topics.TASK_COMMANDS, value, user.id, partition_of(user.id))


async def test_no_secret_stands_anywhere_and_no_word_of_a_user_in_a_log(
    stack: Stack, user: User, receiver: Receiver, wire: Wire
) -> None:
    def live() -> dict[str, str]:
        tasks = {remind(user, receiver, status): reason for status, reason in REASONS.items()}
        user.rondo.rename_tag(WORD, f"{WORD}-too", wait=WAIT)
        httpx.get(f"{stack.run['api']}/v1/tags/{WORD}/{WORD}")
        until(lambda: len(failed(user)) == len(tasks), PATIENCE, "Not every delivery failed.")
        return tasks

    await spoil(wire, user)
    assert await asyncio.to_thread(live) == failed(user)
    on_disk, logs = files(stack.data), files(stack.data / "logs") | {"up.log": (stack.data / "up.log").read_bytes()}
    answers, lines = told(stack, user), processes(stack)
    everything = on_disk | rows(stack.run["postgres"]) | answers | lines
    assert len(found([WORD.encode()], on_disk)) > 3, "what people wrote is to be found on topics and in Postgres"
    assert found(secrets_of(stack), everything) == set()
    public = {url: text for url, text in answers.items() if "/v1/" not in url}
    assert found([WORD.encode()], logs | public | lines) == set()
