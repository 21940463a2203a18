"""A first start that is killed whole, at any moment, starts again and works."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local import leftovers
from local.settings import ROOT
from tests.acceptance.days import WAIT
from tests.acceptance.stack import PATIENCE, Stack, until

MOMENTS = [0.6 + number * 0.3 for number in range(50)]
"""Seconds: from the first import to about when all is ready."""


@pytest.fixture
def data(kafka_jars: Path) -> Iterator[Path]:
    """A new data directory whose name has what programs stumble over."""
    path = Path(tempfile.mkdtemp(prefix="rondo Büro, #1 100% ")) / "data"
    yield path
    shutil.rmtree(path.parent)


def start_and_kill(data: Path, stack: Stack, seconds: float, *, after: str = "") -> None:
    """Start everything, and kill it and all it started, ``after`` seconds from the begin of one of its programs."""
    popen = subprocess.Popen(
        [sys.executable, "-S", "-m", "local", "up"],
        cwd=ROOT,
        env=stack._environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    main = psutil.Process(popen.pid)

    def begun() -> bool:
        return after in map(named, main.children(recursive=True))

    if after:
        until(begun, PATIENCE, f"{after} was not started.")
    time.sleep(seconds)
    family = main.children(recursive=True)
    popen.kill()
    leftovers.kill([*family, *leftovers.of(data)])
    popen.wait()


def named(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return ""


def works(data: Path, stack: Stack) -> None:
    """Start everything, make a task and read it, and stop."""
    data.mkdir(exist_ok=True)
    stack.start()
    user = stack.owner()
    task = user.rondo.create("Kept", wait=WAIT)["task"]
    assert [found["title"] for found in user.rondo.tasks()] == ["Kept"]
    assert task["version"] == 1
    password = json.loads((data / "secrets.json").read_text())["password"]
    assert stack.stop().status == 0
    files = [path for path in data.iterdir() if path.is_file() and path.name != "secrets.json"]
    assert not any(password in path.read_text() for path in files)


def test_a_first_start_that_was_killed_three_times_starts_and_works(data: Path):
    stack = Stack(data)
    try:
        for after in ("", "initdb", "java"):
            start_and_kill(data, stack, 1.0, after=after)
        works(data, stack)
    finally:
        stack.end()


@pytest.mark.deep
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_first_start_that_was_killed_at_any_moment_starts_and_works(data: Path, moment: float):
    stack = Stack(data)
    try:
        start_and_kill(data, stack, moment)
        works(data, stack)
    finally:
        stack.end()
