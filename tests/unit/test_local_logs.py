"""The parts' logs: none of their lines is lost when they move aside, and each is reported once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from local.logs import Tail
from local.process import Command, Process

LINES = 100_000
WRITER = f"""
import os, threading
def write(name):
    for number in range({LINES}):
        os.write(1, b"%s%07d " % (name, number))  # a line in two writes, so that one may be cut
        os.write(1, b"x" * 20 + b"\\n")
write(b"a")
"""
BOTH = """
import os, threading
def write(name):
    for number in range(20_000):
        os.write(1, b"%s%07d\\n" % (name, number))
threads = [threading.Thread(target=write, args=(name,)) for name in (b"a", b"b", b"c")]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def writer(log: Path, code: str = "import time; time.sleep(60)") -> Process:
    return Process(Command(log.stem, [sys.executable, "-c", code], log))


def moved(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")


def follow(process: Process, log: Path, limit: int) -> tuple[list[str], list[str], int]:
    """What a tail reports of a writer, what is in its files, and how often its log was moved."""
    tail, told, found, times = Tail(log, 0), [], [], 0
    while process.ended is None:
        told += tail.lines()
        new = tail.rotated(process.pid, limit)
        if moved(log).exists():
            found += moved(log).read_text().splitlines()
            moved(log).unlink()
            times += 1
        told += new
    process.wait()
    return told + tail.lines(), found + log.read_text().splitlines(), times


@pytest.mark.parametrize("code", [WRITER, BOTH], ids=["lines in pieces", "threads"])
def test_every_line_is_kept_and_told_once_while_a_log_moves_aside_under_load(tmp_path: Path, code: str):
    log = tmp_path / "example.log"
    process = writer(log, code)
    told, found, times = follow(process, log, 16 * 1024)
    assert times
    assert found == told
    for name in {line[0] for line in found}:
        mine = [int(line[1:8]) for line in found if line[0] == name]
        assert mine == list(range(len(mine)))
    assert len(found) in {LINES, 60_000}


def test_a_writer_goes_on_though_who_moved_its_log_was_killed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    log = tmp_path / "example.log"
    process = writer(log, "import time\nwhile True: print('line', flush=True); time.sleep(0.01)")
    killed = (
        "import os, signal, sys; from local import logs; logs._GUARD = 1;"
        "logs._cut = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        f"logs.Tail(logs.Path({str(log)!r})).rotated({process.pid}, 0)"
    )
    try:
        process.wait_until(lambda: log.stat().st_size > 0, 10)
        status = subprocess.run([sys.executable, "-c", killed], check=False).returncode
        assert status == -signal.SIGKILL
        size = log.stat().st_size
        process.wait_until(lambda: log.stat().st_size > size, 10)
    finally:
        process.stop()


def test_a_writer_that_somebody_else_has_stopped_stays_so(tmp_path: Path):
    log = tmp_path / "example.log"
    log.write_text("line\n")
    process = writer(log)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        assert Tail(log, 0).rotated(process.pid, 0) == []
        assert psutil.Process(process.pid).status() == psutil.STATUS_STOPPED
        assert not moved(log).exists()
    finally:
        os.kill(process.pid, signal.SIGCONT)
        process.stop()


def test_the_log_of_a_writer_that_ended_moves_aside_though_nobody_can_be_held(tmp_path: Path):
    log = tmp_path / "example.log"
    process = writer(log, "print('line')")
    process.wait()
    assert Tail(log, 0).rotated(process.pid, 0, runs=False) == ["line"]
    assert (log.read_text(), moved(log).read_text()) == ("", "line\n")


def test_the_log_of_a_writer_that_ended_stays_while_what_it_started_may_write(tmp_path: Path):
    log = tmp_path / "example.log"
    process = writer(log, "import subprocess; subprocess.Popen(['sleep', '60']); print('line')")
    process.wait()
    try:
        assert Tail(log, 0).rotated(process.pid, 0, runs=False) == []
        assert log.read_text() == "line\n"
    finally:
        process.stop()


def test_a_log_that_cannot_be_copied_stays_whole_and_is_reported(tmp_path: Path):
    log = tmp_path / "example.log"
    process = writer(log)
    log.write_text("line\n")
    log.with_name("example.log.part").mkdir()
    try:
        assert Tail(log, 0).rotated(process.pid, 0) == ["line"]
        assert (log.read_text(), psutil.Process(process.pid).status()) != ("", psutil.STATUS_STOPPED)
    finally:
        process.stop()


def test_a_small_log_stays(tmp_path: Path):
    log = tmp_path / "example.log"
    process = writer(log)
    log.write_text("little\n")
    Tail(log).rotated(process.pid, 100)
    process.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["example.log"]
