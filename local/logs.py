"""Follows the parts' logs and rotates large ones, without losing a line whatever process is killed meanwhile.

A part appends to its own log. What it has written stays, even if the part, the stack or both are killed right after: a
reminder that was logged is delivered. A pipe to a logging process would lose its content.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from local import leftovers

ROTATE_BYTES = 20 * 1024 * 1024
_PATIENCE = 1.0  # seconds that suspending may take, at most
_AGAIN = 60.0  # seconds between attempts to rotate a log
_GUARD = 5  # seconds after which suspended parts are resumed, even if this process was killed
_LEVELS = ("warn", "warning", "error", "critical", "fatal", "panic")
_WARNING = re.compile(
    rf"\b({'|'.join(map(str.upper, _LEVELS))})\b"  # Kafka, Postgres, uvicorn
    rf'|"level": ?"({"|".join(_LEVELS)})"'  # structlog, as JSON
    rf"|\[({'|'.join(_LEVELS)}) *\]"  # structlog, for a terminal
)


def is_warning(line: str) -> bool:
    """Return whether a log line is a warning or worse."""
    return _WARNING.search(line) is not None


class Tail:
    """Reads the lines added to a log since the last call, from ``at`` on (in bytes; by default from its end)."""

    def __init__(self, log: Path, at: int | None = None) -> None:
        self._log = log
        self._at = at if at is not None else log.stat().st_size if log.exists() else 0
        self._next = 0.0  # when to try to rotate it again

    def lines(self) -> list[str]:
        """Return the new complete lines."""
        if not self._log.exists():
            return []
        if self._log.stat().st_size < self._at:
            self._at = 0
        with self._log.open("rb") as log:
            log.seek(self._at)
            new, newline, _ = log.read().rpartition(b"\n")
        self._at += len(new) + len(newline)
        return new.decode(errors="replace").splitlines()

    def rotated(self, pid: int, limit: int = ROTATE_BYTES, *, runs: bool = True) -> list[str]:
        """Rotate the log if it is large and its writer (with its descendants) can be suspended; return the new lines.

        A writer that no longer ``runs`` is not suspended: its pid may be another program's by now. The former rotated
        log is replaced. If the disk has no room for a copy, the log stays as it is.
        """
        if time.monotonic() < self._next or not self._log.exists() or self._log.stat().st_size <= limit:
            return []
        self._next = time.monotonic() + _AGAIN
        new: list[str] = []
        with suppress(OSError, psutil.Error), _suspended(pid) if runs else _abandoned(pid) as quiet:
            if quiet:
                new = self.lines()
                _cut(self._log, self._at)
                self._at, self._next = 0, 0.0
        return new


def _cut(log: Path, at: int) -> None:
    """Move the first ``at`` bytes to ``<name>.1``, atomically."""
    part = log.with_name(f"{log.name}.part")
    with log.open("r+b") as file:
        try:
            with part.open("wb") as copy:
                shutil.copyfileobj(file, copy)
                copy.truncate(at)
            part.replace(log.with_name(f"{log.name}.1"))
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        file.seek(at)
        rest = file.read()  # the beginning of an incomplete line
        os.pwrite(file.fileno(), rest, 0)
        file.truncate(len(rest))


@contextmanager
def _suspended(pid: int) -> Iterator[bool]:
    """Suspend a process and its descendants. Yields whether all are suspended, so that none writes."""
    family = leftovers.family(pid)
    if not family or any(process.status() == psutil.STATUS_STOPPED for process in family):
        yield False  # suspended by someone else: leave it so
        return
    with _guarded(family):
        try:
            for process in family:
                process.suspend()
            yield _all_stopped(family) and set(leftovers.family(pid)) == set(family)
        finally:
            for process in family:
                with suppress(psutil.Error):
                    process.resume()


@contextmanager
def _abandoned(pid: int) -> Iterator[bool]:
    """Yield whether the process group of an ended process is empty: its descendants may still write."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        yield True
    else:
        yield False


@contextmanager
def _guarded(family: list[psutil.Process]) -> Iterator[None]:
    """Have another process resume the family in case this one is killed."""
    command = ["/bin/sh", "-c", 'sleep "$0"; kill -CONT "$@"', str(_GUARD), *(str(process.pid) for process in family)]
    guard = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()


def _all_stopped(family: list[psutil.Process]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while not all(map(_is_stopped, family)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def _is_stopped(process: psutil.Process) -> bool:
    """Return whether every thread has stopped: one may still be writing when the first has."""
    tasks = Path(f"/proc/{process.pid}/task")
    if not tasks.exists():  # macOS stops all at once
        return process.status() in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
    return all(_state(task / "stat") in {"T", "Z", "X"} for task in tasks.iterdir())


def _state(stat: Path) -> str:
    try:
        return stat.read_text(errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return "X"
