"""The start, readiness and end of a process of the stack."""

import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from local import ports
from local.errors import Problem, Stopped
from local.process import Command, Process

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).wait()"


def python(code: str, log: Path, **options: object) -> Process:
    return Process(Command("The example", [sys.executable, "-c", code], log, **options))  # type: ignore[arg-type]


def wait_for_line(log: Path, process: Process) -> None:
    process.wait_until(lambda: b"\n" in log.read_bytes(), 10)


def test_a_process_that_ends_while_starting_is_reported_with_the_end_of_its_log(tmp_path: Path):
    log = tmp_path / "example.log"
    process = python("print('no such thing'); raise SystemExit(3)", log)
    with pytest.raises(Problem) as raised:
        process.wait_until(lambda: False, 10)
    assert str(raised.value) == (f"The example ended with status 3 while starting. The end of {log}:\n  no such thing")


def test_only_what_this_run_wrote_is_reported(tmp_path: Path):
    log = tmp_path / "example.log"
    log.write_text("an earlier run\n")
    with pytest.raises(Problem) as raised:
        python("raise SystemExit('now')", log).wait()
    assert "an earlier run" not in str(raised.value)


def test_a_process_that_shows_no_sign_of_life_is_reported(tmp_path: Path):
    process = python("import time; time.sleep(60)", tmp_path / "log")
    try:
        with pytest.raises(Problem, match="The example is not ready, and has shown no sign of life for 0 seconds"):
            process.wait_until(lambda: False, 0)
    finally:
        process.stop()


def test_a_process_that_only_warns_shows_no_sign_of_life(tmp_path: Path):
    process = python(
        "import time\nwhile True: print('WARN failed again', flush=True); time.sleep(0.05)", tmp_path / "log"
    )
    try:
        with pytest.raises(Problem, match="no sign of life"):
            process.wait_until(lambda: False, 1)
    finally:
        process.stop()


@pytest.mark.parametrize(
    "work",
    [
        "print('recovered', flush=True); time.sleep(0.1)",
        "sum(range(1000))",
        "os.write(file, bytes(2**20)); os.fsync(file); os.lseek(file, 0, 0); time.sleep(0.05)",
        "subprocess.run([sys.executable, '-c', 'for _ in range(10**7): pass'])",
    ],
    ids=["speaks", "computes", "writes", "has another compute"],
)
def test_a_process_that_gets_on_is_waited_for_beyond_the_patience(tmp_path: Path, work: str):
    ready = tmp_path / "ready"
    code = f"""
import os, subprocess, sys, time
file = os.open({str(tmp_path / "file")!r}, os.O_CREAT | os.O_WRONLY)
began = time.monotonic()
while time.monotonic() - began < 2.5:
    {work}
open({str(ready)!r}, "w").close()
time.sleep(60)
"""
    process = python(code, tmp_path / "log")
    try:
        process.wait_until(ready.exists, 1.2)
    finally:
        process.stop()


def test_a_process_that_waits_for_another_that_starts_is_waited_for_and_given_up_after_that(tmp_path: Path):
    process, asked = python("import time; time.sleep(60)", tmp_path / "log"), []

    def excused() -> bool:
        asked.append(time.monotonic())
        return asked[-1] - asked[0] < 1.5

    began = time.monotonic()
    try:
        with pytest.raises(Problem, match="no sign of life"):
            process.wait_until(lambda: False, 0.5, excused=excused)
    finally:
        process.stop()
    assert time.monotonic() - began >= 1.5


def test_what_a_process_that_gets_on_says_is_passed_on(tmp_path: Path):
    told: list[str] = []
    process = python("import time; print('half', flush=True); time.sleep(60)", tmp_path / "log")
    try:
        process.wait_until(lambda: "half" in told, 5, waiting=told.append)
    finally:
        process.stop()


def test_waiting_ends_when_the_stack_is_to_stop(tmp_path: Path):
    stopping = threading.Event()
    stopping.set()
    process = python("import time; time.sleep(60)", tmp_path / "log")
    try:
        with pytest.raises(Stopped):
            process.wait_until(lambda: False, 60, stopping)
    finally:
        process.stop()


def test_a_process_is_asked_to_stop_in_its_own_way(tmp_path: Path):
    polite = "import signal, time; signal.signal(signal.SIGINT, lambda *_: exit(7)); print(flush=True); time.sleep(60)"
    process = python(polite, tmp_path / "log", stop=signal.SIGINT)
    wait_for_line(tmp_path / "log", process)
    process.stop()
    assert process.ended == 7


def test_what_does_not_stop_is_killed_when_its_grace_is_over(tmp_path: Path):
    process = python(STUBBORN, tmp_path / "log", grace=0.1)
    wait_for_line(tmp_path / "log", process)
    process.stop()
    assert process.ended == -signal.SIGKILL


def test_stopping_ends_what_the_process_started_too(tmp_path: Path):
    process = python(PARENT, tmp_path / "log")
    wait_for_line(tmp_path / "log", process)
    (child,) = psutil.Process(process.pid).children()
    process.stop()
    psutil.wait_procs([child], 5)
    assert not child.is_running()


def test_stopping_twice_is_harmless(tmp_path: Path):
    process = python("", tmp_path / "log")
    process.stop()
    process.stop()


def test_a_line_that_a_killed_process_left_unfinished_does_not_spoil_the_next(tmp_path: Path):
    log = tmp_path / "example.log"
    log.write_text('{"event": "remin')
    python("print('whole')", log).wait()
    assert log.read_text() == '{"event": "remin\nwhole\n'


def test_a_secret_is_read_from_standard_input_and_stands_nowhere(tmp_path: Path):
    process = python("print(len(input()))", tmp_path / "log", secret=b"secret\n")
    process.wait()
    assert (tmp_path / "log").read_text() == "6\n"


def test_a_program_that_has_the_port_of_a_process_is_not_taken_for_it(tmp_path: Path):
    server = "import socket, time; s = socket.create_server(('127.0.0.1', int({!r}))); time.sleep(60)"
    port = ports.choose(["server"], {})["server"]
    first = python(server.format(port), tmp_path / "first")
    try:
        first.wait_until(lambda: first.listens(port), 30)
        second = python(server.format(port), tmp_path / "second")
        try:
            with pytest.raises(Problem, match="Address already in use"):
                second.wait_until(lambda: ports.answers(port) and second.listens(port), 30)
        finally:
            second.stop()
    finally:
        first.stop()
