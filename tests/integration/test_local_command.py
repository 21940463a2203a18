"""``python -m local up`` as a person sees it: what it says, and what it leaves behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from local import leftovers, ports
from local.postgres import answers
from local.settings import ROOT

UP = [sys.executable, "-m", "local", "up"]


class Run:
    """One ``python -m local up --only postgres`` on a data directory, ready."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.popen = subprocess.Popen(
            [*UP, "--only", "postgres"], cwd=ROOT, env=environment(data), stdout=subprocess.PIPE, text=True
        )
        until((data / "run.json").exists, self.popen)
        self.postgres = json.loads((data / "run.json").read_text())["postgres"]

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; return the exit status and what was printed."""
        self.popen.send_signal(number)
        printed, _ = self.popen.communicate(timeout=60)
        return self.popen.returncode, printed


def environment(data: Path, **settings: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    return {**inherited, "RONDO_DATA": str(data), **settings}


def until(true: Callable[[], bool], popen: subprocess.Popen[str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert popen.poll() is None, f"it ended with {popen.returncode}"
        assert time.monotonic() < deadline, f"it took {seconds:.0f} s"
        time.sleep(0.05)


def refused(data: Path, *options: str, **settings: str) -> str:
    """What ``up`` says when it refuses."""
    done = subprocess.run(
        [*UP, *options],
        check=False,
        cwd=ROOT,
        env=environment(data, **settings),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done
    return done.stderr


@pytest.fixture
def data(directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A data directory of the test's own, with nothing left running on it."""
    path = directory / request.node.name
    yield path
    leftovers.end(path)


@pytest.fixture
def terminal() -> Iterator[None]:
    """Start processes as a terminal does, also where the tests were started by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_leaves_no_process_behind(data: Path, terminal: None, number: signal.Signals):
    run = Run(data)
    pid = run.popen.pid
    started = psutil.Process(pid).children(recursive=True)
    status, _ = run.stop(number)
    assert (status, [process for process in started if process.is_running()], list(leftovers.of(data))) == (0, [], [])


def test_the_data_survive_a_restart(data: Path):
    first = Run(data)
    with psycopg.connect(first.postgres) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    first.stop()
    second = Run(data)
    with psycopg.connect(second.postgres) as connection:
        found = connection.execute("SELECT n FROM kept").fetchall()
    second.stop()
    assert found == [(7,)]


def test_where_the_parts_are_is_reported_only_while_they_run(data: Path):
    Run(data).stop()
    assert not (data / "run.json").exists()


def test_a_second_run_on_the_same_data_is_refused(data: Path):
    run = Run(data)
    said = refused(data, "--only", "postgres")
    run.stop()
    assert said == (
        f"Rondo already runs on the data directory {data} (process {run.popen.pid}): use that one, stop it with Ctrl-C,"
        " or set RONDO_DATA and RONDO_PORT for a second one.\n"
    )


def test_what_a_killed_run_left_behind_is_ended_by_the_next_one(data: Path):
    killed = Run(data)
    killed.popen.kill()
    killed.popen.communicate()
    (data / "run.json").unlink()
    left = list(leftovers.of(data))
    Run(data).stop()
    assert left
    assert all(map(leftovers.gone, left))


def test_a_port_that_a_killed_run_left_taken_is_not_held_against_others(data: Path):
    api = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); s.accept()"
    mark = {**os.environ, leftovers.MARK: str(data)}
    with subprocess.Popen([sys.executable, "-c", api], env=mark, stdout=subprocess.PIPE, text=True) as left:
        assert left.stdout
        port = left.stdout.readline().strip()
        nobody = f"127.0.0.1:{ports.choose(['nobody'], {})['nobody']}"
        named = {"RONDO_KAFKA": nobody, "RONDO_POSTGRES": f"postgresql://rondo@{nobody}/rondo"}
        said = refused(data, RONDO_PORT=port, **named)
        left.kill()
    assert "taken" not in said
    assert left.returncode == -signal.SIGTERM


def test_a_part_that_dies_is_started_again(data: Path):
    run = Run(data)
    server = next(process for process in leftovers.of(data) if process.name() == "postgres")
    server.kill()
    until(lambda: not server.is_running() and answers(run.postgres), run.popen)
    _, printed = run.stop()
    assert f"postgres ended with status -9 (its log: {data / 'logs' / 'postgres.log'})" in printed


@pytest.mark.deep
def test_a_part_that_makes_no_progress_is_started_again(data: Path):
    run = Run(data)
    first = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(first, signal.SIGSTOP)
    until(lambda: not psutil.pid_exists(first), run.popen, 180)
    until(lambda: answers(run.postgres), run.popen)
    _, printed = run.stop()
    assert "postgres did not answer 4 times in a row: restarting it." in printed
    assert "postgres is ready again." in printed


def test_a_copy_is_not_taken_for_the_stack_that_it_was_copied_from(data: Path):
    run = Run(data)
    copy = data.with_name(f"{data.name}-copy")
    shutil.copytree(data, copy)
    named = [sys.executable, "-c", "from rondo.location import written; print(sorted(written()))"]
    leads = [subprocess.check_output(named, cwd=ROOT, env=environment(path), text=True) for path in (data, copy)]
    assert leads == ["['postgres']\n", "[]\n"]
    (copy / "run.json").unlink()  # as its start does; this is only waited for
    second = Run(copy)
    addresses = (run.postgres, second.postgres)
    second.stop()
    assert answers(run.postgres)
    run.stop()
    assert len(set(addresses)) == 2


@pytest.mark.deep
def test_what_a_killed_run_left_behind_is_ended_though_its_directory_was_moved(data: Path):
    killed = Run(data)
    killed.popen.kill()
    killed.popen.communicate()
    left = list(leftovers.of(data))
    moved = data.rename(data.with_name(f"{data.name}-moved"))
    (moved / "run.json").unlink()
    Run(moved).stop()
    assert left
    assert all(map(leftovers.gone, left))


def test_a_taken_api_port_is_reported_with_another_one(data: Path):
    with socket.create_server((ports.HOST, 0)) as somebody:
        port = somebody.getsockname()[1]
        said = refused(data, RONDO_PORT=str(port))
    assert said == (
        f"Port {port} is in use by another program: stop that program, or give the API another port, as in"
        f" RONDO_PORT={port + 1} make run.\n"
    )


def test_a_setting_that_cannot_be_used_is_named(data: Path):
    assert refused(data, RONDO_PORT="eighty").startswith("The setting RONDO_PORT is not usable: ")


def test_a_named_broker_that_does_not_answer_is_reported(data: Path):
    free = ports.choose(["nobody"], {})["nobody"]
    said = refused(data, "--only", "kafka", RONDO_KAFKA=f"127.0.0.1:{free}")
    assert said == f"No broker answers at 127.0.0.1:{free}: start it, or change RONDO_KAFKA.\n"


def test_a_password_that_postgres_refuses_is_reported_without_it(data: Path):
    run = Run(data)
    wrong = re.sub(r":\w+@", ":hunter2@", run.postgres)
    said = refused(data.with_name("second"), "--only", "postgres", RONDO_POSTGRES=wrong)
    run.stop()
    assert said.startswith("Postgres refuses sessions (")
    assert 'password authentication failed for user "rondo"' in said
    assert said.endswith("): start it, or change RONDO_POSTGRES.\n")
    assert "hunter2" not in said


def test_a_command_runs_on_a_stack_that_runs_meanwhile(data: Path):
    run = Run(data)
    command = [sys.executable, "-m", "local", "during", sys.executable, "-c", "raise SystemExit(5)"]
    status = subprocess.run(command, cwd=ROOT, env=environment(data), timeout=60, check=False).returncode
    assert run.popen.poll() is None
    run.stop()
    assert status == 5
