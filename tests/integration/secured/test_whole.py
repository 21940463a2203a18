"""A whole Rondo on parts with TLS and passwords: it works, and tells no secret."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from api.http import tokens
from local import ports
from local.process import Command, Process
from postgres.migrate import migrate
from tests.integration.secured.broker import ADMIN_PASSWORD, Secured
from tests.integration.secured.database import PASSWORD, Database

KEY, TARGETS_KEY, PATH = "planted-signing-key-of-many-characters", "5ec7e7" * 10 + "5ec7", "planted-path-of-a-webhook"
SECRETS = (ADMIN_PASSWORD, PASSWORD, KEY, TARGETS_KEY, PATH)
RONDO = str(Path(sys.executable).with_name("rondo"))
COMMANDS = (("verify",), ("tail", "task-events", "--no-follow"))


@dataclass
class Whole:
    """The programs: their settings, URLs and processes."""

    settings: dict[str, str]
    directory: Path
    port: dict[str, int]
    processes: dict[str, Process] = field(default_factory=dict)

    def url(self, name: str, path: str) -> str:
        return f"http://{ports.HOST}:{self.port[name]}/{path}"

    def answers(self, name: str, path: str) -> bool:
        try:
            return httpx.get(self.url(name, path)).is_success
        except httpx.TransportError:
            return False

    def start(self, name: str, path: str, *argv: str) -> Process:
        """Start a program, and return once it answers."""
        command = Command(name, argv, self.directory / f"{name}.log", self.settings)
        process = self.processes[name] = Process(command)
        try:
            process.wait_until(lambda: self.answers(name, path), 60)
        except BaseException:
            process.stop()
            raise
        return process

    def told(self) -> dict[str, str]:
        """Return the logs, the answers of the health, and the command lines with those of all that was started."""
        found = {file.name: file.read_text() for file in self.directory.glob("*.log")}
        found |= {f"{name} {path}": httpx.get(self.url(name, path)).text for name, path in PAGES}
        for name, process in self.processes.items():
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            found[f"{name}'s command line"] = " ".join(word for each in family for word in each.cmdline())
        return found


PAGES = (("api", "ready"), ("worker", "ready"), ("worker", "metrics"), ("registry", "subjects"))


def in_files(directory: Path, **secrets: str) -> dict[str, str]:
    """Write secrets to files; return the settings that name them."""
    for name, value in secrets.items():
        (directory / name).write_text(f"{value}\n")
    return {f"RONDO_{name.upper()}_FILE": str(directory / name) for name in secrets}


@pytest.fixture(scope="module")
def whole(secured: Secured, database: Database, directory: Path) -> Iterator[Whole]:
    port = ports.choose(["registry", "api", "worker"], {})
    (here := directory / "secured-whole").mkdir()
    address = f"{database.address}?sslmode=require&channel_binding=require"
    own = secured.environment()
    own |= in_files(
        here,
        kafka_password=own.pop("RONDO_KAFKA_PASSWORD"),
        postgres=address,
        secret=KEY,
        targets_key=TARGETS_KEY,
        webhook=f"http://{ports.HOST}:9/{PATH}",
        registry=f"http://{ports.HOST}:{port['registry']}",
    )
    own |= {"RONDO_POSTGRES_CA": str(database.ca), "RONDO_PARTITIONS": "1", "RONDO_LOG": "debug"}
    own |= {"RONDO_PORT": str(port["api"]), "RONDO_HEALTH_PORT": str(port["worker"]), "RONDO_DATA": str(here)}
    with pytest.MonkeyPatch.context() as environment, ExitStack() as started:
        environment.setenv("RONDO_POSTGRES_CA", str(database.ca))
        migrate(address)
        made = Whole(own, here, port)
        started.callback(made.start("registry", "subjects", sys.executable, "-m", "schemas.registry").stop)
        started.callback(made.start("worker", "ready", RONDO, "worker").stop)
        started.callback(made.start("api", "ready", sys.executable, "-m", "api").stop)
        yield made


def test_a_task_goes_all_the_way_and_no_program_tells_a_secret(whole: Whole):
    headers = {"Authorization": f"Bearer {tokens.issue(KEY, str(uuid4()))}", "Prefer": "wait=20"}
    task = {"title": "Water the plants"}
    answer = httpx.post(whole.url("api", "v1/tasks"), json=task, headers=headers, timeout=30)
    assert answer.json()["task"]["title"] == task["title"]
    told = whole.told()
    for command in COMMANDS:
        done = subprocess.run(
            [RONDO, *command], env=whole.settings, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        told[" ".join(command)] = done.stdout + done.stderr
    assert [place for place, text in told.items() for secret in SECRETS if secret in text] == []
