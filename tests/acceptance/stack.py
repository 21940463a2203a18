"""Rondo whole, started and stopped as a person does it, and what its users see of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import psutil
import pytest

from api.http import tokens
from local import leftovers, ports
from local.settings import ROOT
from rondo.client import Rondo

T = TypeVar("T")
MARKS = {
    "broker": "kafka.Kafka",
    "postgres": "bin/postgres -D",
    "registry": "-m schemas.registry",
    "api": "-m api",
}
"""What the command of each part that is no stage has in it."""
PATIENCE = 60.0
"""Seconds for anything to happen: far more than it takes, since a machine may be busy with other things."""


@dataclass(frozen=True)
class Ended:
    """The end of a stack: its exit status, and the processes that it left behind."""

    status: int
    left: list[psutil.Process]


class Stack:
    """``python -m local up`` on a data directory and a port of its own. It never uses parts that RONDO_* name.

    ``only`` names the parts that are started, where not all are.
    """

    def __init__(self, data: Path, only: str = "", **settings: str) -> None:
        self.data, self.settings = data, settings
        self._arguments = ["up", "--only", only] if only else ["up"]
        self._port = ports.choose(["api"], {})["api"]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
        self._environment = {**inherited, "RONDO_DATA": str(data), "RONDO_PORT": str(self._port), **settings}
        self._popen: subprocess.Popen[bytes] | None = None
        self._clients: list[Rondo] = []

    def start(self) -> None:
        """Start it, and return once it is ready."""
        before = self._described()  # by a run that was killed
        with (self.data / "up.log").open("ab") as log:
            self._popen = popen = subprocess.Popen(
                [sys.executable, "-m", "local", *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # as a terminal would: a group of its own, which its Ctrl-C reaches whole
            )
        until(lambda: self._has_told(popen, before), 180, f"Rondo was not ready.\n{self.told()}")

    @property
    def runs(self) -> bool:
        """Return whether it was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    def _described(self) -> int | None:
        """When the file of addresses was written, None without one."""
        file = self.data / "run.json"
        return file.stat().st_mtime_ns if file.exists() else None

    def _has_told(self, popen: subprocess.Popen[bytes], before: int | None) -> bool:
        if popen.poll() is not None:
            raise AssertionError(f"Rondo ended with status {popen.returncode} while starting.\n{self.told()}")
        return self._described() not in {None, before}

    def stop(self) -> Ended:
        """Press Ctrl-C, and wait until it has ended."""
        assert self._popen
        started = psutil.Process(self._popen.pid).children(recursive=True)
        os.killpg(self._popen.pid, signal.SIGINT)
        status = self._popen.wait(120)
        self._popen = None
        return Ended(status, [process for process in started if process.is_running()])

    def end(self) -> None:
        """End it however it is, and all that it started."""
        for client in self._clients:
            client.close()
        if self._popen and self._popen.poll() is None:
            self.stop()
        leftovers.end(self.data)

    @property
    def run(self) -> dict[str, Any]:
        """What ``run.json`` tells while it runs."""
        found: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return found

    def owner(self) -> "User":
        """Return the user whose token is printed at the start."""
        return self._client(self.run["user"], self.run["token"])

    def new_user(self) -> "User":
        """Return a user of their own, with a token as the printed one."""
        user = str(uuid4())
        return self._client(user, tokens.issue(self.secret, user))

    @property
    def segments(self) -> Path:
        """The directory of the broker's log."""
        return self.data / "kafka" / "data"

    @property
    def secret(self) -> str:
        """What signs tokens here."""
        return str(json.loads((self.data / "secrets.json").read_text())["secret"])

    def _client(self, user: str, token: str) -> "User":
        self._clients.append(Rondo(self.run["api"], token))
        return User(user, self._clients[-1], token)

    def worker(self, stage: str) -> psutil.Process:
        """Return the process that runs a stage, waiting for it where it is being restarted."""
        return until(lambda: self.part(stage), PATIENCE, f"No process runs the stage {stage}.")

    def part(self, name: str) -> psutil.Process | None:
        """Return the process of a part: a stage, or one of ``MARKS``; None while none runs."""
        assert self._popen
        for process in psutil.Process(self._popen.pid).children():
            try:
                if _runs(name, process.cmdline()):
                    return process
            except psutil.Error:  # it has just ended
                continue
        return None

    def kill(self) -> None:
        """Kill all of it at once, as a machine that loses its power over processes would."""
        assert self._popen
        main = psutil.Process(self._popen.pid)
        for process in [main, *main.children(recursive=True), *leftovers.of(self.data)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._popen.wait()
        self._popen = None
        (self.data / "run.json").unlink(missing_ok=True)  # the next start writes it when it is ready

    def until_ready(self, stage: str) -> None:
        """Return once the worker of a stage says that it is ready: another test may have killed it just now."""

        def ready() -> bool:
            try:
                return httpx.get(self.of_worker(stage, "ready")).is_success
            except httpx.TransportError:  # it is being restarted
                return False

        until(ready, PATIENCE, f"The worker of {stage} did not get ready.")

    def of_worker(self, stage: str, page: str) -> str:
        """Return the address of a page of the worker that runs a stage."""
        name, *_ = _topologies(self.worker(stage).cmdline())
        port = json.loads((self.data / "ports.json").read_text())[name]
        return f"http://127.0.0.1:{port}/{page}"

    def told(self, lines: int = 15) -> str:
        """Return where the logs are, and the end of the stack's report on its parts."""
        last = (self.data / "up.log").read_text(errors="replace").splitlines()[-lines:]
        return "\n  ".join((f"The logs are in {self.data / 'logs'}; the end of {self.data / 'up.log'}:", *last))


def _runs(part: str, command: list[str]) -> bool:
    """Return whether a command runs a part: one of ``MARKS``, or a topology, maybe beside others."""
    return MARKS[part] in " ".join(command) if part in MARKS else part in _topologies(command)


def _topologies(command: list[str]) -> list[str]:
    """Return the topologies that a worker's command names."""
    return command[command.index("worker") + 1 :] if "worker" in command else []


@dataclass(frozen=True)
class User:
    """A user of the running stack, by HTTP only."""

    id: str
    rondo: Rondo
    token: str

    def everything(self) -> list[dict[str, Any]]:
        """Return every task, the deleted too."""
        return [*self.rondo.tasks(), *self.rondo.tasks("deleted")]

    def trail(self) -> list[dict[str, Any]]:
        """Return the whole audit trail in its order, collected from the tasks' histories."""
        entries = [entry for task in self.everything() for entry in self.rondo.history(task["id"])]
        return sorted(entries, key=lambda entry: int(entry["sequence"]))

    def settled_trail(self) -> list[dict[str, Any]]:
        """Return the audit trail once it has an entry for each version of each task."""

        def look() -> list[dict[str, Any]] | None:
            versions = sum(task["version"] for task in self.everything())
            trail = self.trail()
            return trail if len(trail) >= versions else None

        return until(look, PATIENCE, "The audit trail does not reach the tasks' versions.")


def until(look: Callable[[], T | None], seconds: float, otherwise: str) -> T:
    """Look again and again until there is something; fail with ``otherwise`` when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{otherwise} (after {seconds:.0f} s)"
        time.sleep(0.1)
    return found


@contextmanager
def running(request: pytest.FixtureRequest, only: str = "", **settings: str) -> Iterator[Stack]:
    """Run a stack meanwhile. Where a test fails, its data directory stays for the logs."""
    failures = request.session.testsfailed
    stack = Stack(Path(tempfile.mkdtemp(prefix="rondo-whole-")), only, **settings)
    try:
        stack.start()
        yield stack
    finally:
        stack.end()
    if request.session.testsfailed == failures:
        shutil.rmtree(stack.data)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Say in the report of a test that failed where the logs of its stack are."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("the stack", stack.told()))
    return report
