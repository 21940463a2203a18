"""How a process of the stack is started, waited for and ended."""

import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest

from local.problem import Problem, Stopped
from local.process import Command, Process, rotate

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).wait()"


def python(code: str, log: Path, **options: object) -> Process:
    return Process(Command("The example", [sys.executable, "-c", code], log, **options))  # type: ignore[arg-type]


def wait_for_line(log: Path, process: Process) -> None:
    process.wait_until(lambda: b"\n" in log.read_bytes(), 10)


def test_a_process_that_ends_while_starting_is_told_with_the_end_of_its_log(tmp_path: Path):
    log = tmp_path / "example.log"
    process = python("print('no such thing'); raise SystemExit(3)", log)
    with pytest.raises(Problem) as raised:
        process.wait_until(lambda: False, 10)
    assert str(raised.value) == (f"The example ended with status 3 while starting. The end of {log}:\n  no such thing")


def test_only_what_this_run_wrote_is_told(tmp_path: Path):
    log = tmp_path / "example.log"
    log.write_text("an earlier run\n")
    with pytest.raises(Problem) as raised:
        python("raise SystemExit('now')", log).wait()
    assert "an earlier run" not in str(raised.value)


def test_a_process_that_is_not_ready_in_time_is_told(tmp_path: Path):
    process = python("import time; time.sleep(60)", tmp_path / "log")
    try:
        with pytest.raises(Problem, match="The example was not ready within 0 seconds"):
            process.wait_until(lambda: False, 0)
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


def test_a_large_log_moves_aside_while_it_is_written(tmp_path: Path):
    log = tmp_path / "log"
    process = python("import sys\nfor line in range(400): print(line, flush=True)\nsys.stdin.read()", log)
    process.wait()
    rotate(log, limit=100)
    assert (log.stat().st_size, (tmp_path / "log.1").read_text().split()[-1]) == (0, "399")


def test_a_small_log_stays(tmp_path: Path):
    (tmp_path / "log").write_text("little")
    rotate(tmp_path / "log", limit=100)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
