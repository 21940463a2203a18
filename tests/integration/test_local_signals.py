"""The signals that interrupt a start, and those that don't."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import leftovers
from local.settings import ROOT
from tests.integration.test_local_command import UP, environment, until

UP_AS_MAKE_DOES = [sys.executable, "-S", *UP[1:], "--only", "postgres"]


@pytest.fixture
def data(directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A data directory of the test's own, with nothing left running on it."""
    path = directory / re.sub(r"\W", "-", request.node.name)
    yield path
    leftovers.end(path)


def interrupted(argv: list[str], data: Path, seconds: float) -> tuple[int, str]:
    """The output of a command that gets Ctrl-C after ``seconds``, and its exit status."""
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        env=environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as popen:
        time.sleep(seconds)
        os.killpg(popen.pid, signal.SIGINT)
        try:
            said, _ = popen.communicate(timeout=60)
        finally:
            popen.kill()  # else a test that fails here waits for it
        return popen.returncode, said


@pytest.mark.parametrize(
    "seconds",
    [
        *(0.3, 0.7, 1.2),
        *(pytest.param(moment / 40, marks=pytest.mark.deep) for moment in range(8, 80)),
    ],
)
def test_ctrl_c_in_the_first_moments_is_reported_in_a_line_at_most(data: Path, seconds: float):
    status, said = interrupted(UP_AS_MAKE_DOES, data, seconds)
    assert status in {-signal.SIGINT, 0}
    assert "Traceback" not in said
    assert [line for line in said.splitlines() if "ready" not in line] in (
        [],
        ["Stopping: API, stages, registry, broker, Postgres."],
    )
    assert not any(leftovers.of(data))


def test_nohup_outlives_its_terminal(data: Path):
    with subprocess.Popen(
        ["nohup", *UP, "--only", "postgres"],
        cwd=ROOT,
        env=environment(data),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as popen:
        until((data / "run.json").exists, popen)
        os.killpg(popen.pid, signal.SIGHUP)
        assert popen.stdout
        popen.stdout.close()  # its terminal has gone, and takes nothing any more
        server = next(process for process in leftovers.of(data) if process.name() == "postgres")
        server.kill()  # so that there is something to say
        until(lambda: not any(leftovers.gone(process) for process in leftovers.of(data)), popen)
        until(lambda: any(process.name() == "postgres" for process in leftovers.of(data)), popen)
        popen.send_signal(signal.SIGTERM)
        assert popen.wait(60) == 0
    assert not any(leftovers.of(data))


def test_everything_is_stopped_though_what_is_said_can_not_be_written(data: Path):
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen(
            [*UP, "--only", "postgres"], cwd=ROOT, env=environment(data), stdout=full, stderr=full, text=True
        ) as popen,
    ):
        until((data / "run.json").exists, popen)
        popen.send_signal(signal.SIGINT)
        assert popen.wait(60) == 0
    assert not any(leftovers.of(data))


@pytest.mark.deep
def test_a_third_ctrl_c_ends_all_at_once(data: Path):
    with subprocess.Popen(
        [*UP, "--only", "postgres"], cwd=ROOT, env=environment(data), stdout=subprocess.PIPE, text=True
    ) as popen:
        until((data / "run.json").exists, popen)
        for process in leftovers.of(data):
            process.suspend()  # it does not hear that it is to stop
        began = time.monotonic()
        for _ in range(3):
            popen.send_signal(signal.SIGINT)
            time.sleep(0.5)
        said, _ = popen.communicate(timeout=60)
    assert time.monotonic() - began < 15
    assert (
        "Still stopping: at most 30 s per part, five minutes for the broker. Press Ctrl-C again to kill everything."
        in said
    )
    assert all(map(leftovers.gone, leftovers.of(data)))


@pytest.mark.deep
def test_the_status_of_a_command_that_a_signal_ended_is_reported_as_a_shell_does(data: Path):
    command = [sys.executable, "-m", "local", "during", "sh", "-c", "kill -INT $$"]
    with subprocess.Popen(
        [*UP, "--only", "postgres"], cwd=ROOT, env=environment(data), stdout=subprocess.PIPE, text=True
    ) as popen:
        until((data / "run.json").exists, popen)
        status = subprocess.run(command, cwd=ROOT, env=environment(data), timeout=60, check=False).returncode
        popen.send_signal(signal.SIGINT)
        popen.communicate(timeout=60)
    assert status == 128 + signal.SIGINT
