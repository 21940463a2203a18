"""The parts' logs: followed, and moved aside once they are large, so that no line is lost whoever is killed meanwhile.

A part appends to its log by itself. What it has written stays, though it, the stack or both are killed in the next
moment: a reminder that was logged is delivered. A pipe to somebody who writes would lose what is in it.
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
_STANDS = 1.0  # seconds that stopping may take; a moment as a rule
_AGAIN = 60.0  # seconds after which a log that could not be moved is tried again
_GUARD = 5  # seconds after which parts that stand still for their log go on, whatever became of us
_LEVELS = ("warn", "warning", "error", "critical", "fatal", "panic")
_WARNING = re.compile(
    rf"\b({'|'.join(map(str.upper, _LEVELS))})\b"  # Kafka, Postgres, uvicorn
    rf'|"level": ?"({"|".join(_LEVELS)})"'  # structlog, as JSON
    rf"|\[({'|'.join(_LEVELS)}) *\]"  # structlog, for a terminal
)


def is_warning(line: str) -> bool:
    """Return whether a log's line is at least a warning."""
    return _WARNING.search(line) is not None


class Tail:
    """What was added to a log since it was last looked at, from ``at`` on (in bytes; by default from its end)."""

    def __init__(self, log: Path, at: int | None = None) -> None:
        self._log = log
        self._at = at if at is not None else log.stat().st_size if log.exists() else 0
        self._next = 0.0  # when to try again to move it

    def lines(self) -> list[str]:
        """Return the whole lines that are new."""
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
        """Move the log aside if it is large and its writer (with all it started) can be held; return what was new.

        A writer that no longer ``runs`` is not held: its number may be another program's by now. The log before it is
        given up. Where the disk takes no copy, the log stays as it is.
        """
        if time.monotonic() < self._next or not self._log.exists() or self._log.stat().st_size <= limit:
            return []
        self._next = time.monotonic() + _AGAIN
        new: list[str] = []
        with suppress(OSError, psutil.Error), _still(pid) if runs else _left(pid) as still:
            if still:
                new = self.lines()
                _cut(self._log, self._at)
                self._at, self._next = 0, 0.0
        return new


def _cut(log: Path, at: int) -> None:
    """Move the first ``at`` bytes to ``<name>.1``, which nobody sees half."""
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
        rest = file.read()  # the beginning of a line whose end is yet to be written
        os.pwrite(file.fileno(), rest, 0)
        file.truncate(len(rest))


@contextmanager
def _still(pid: int) -> Iterator[bool]:
    """Stop a process and all that it started, for a moment. Yields whether all stand still, so that nobody writes."""
    family = leftovers.family(pid)
    if not family or any(process.status() == psutil.STATUS_STOPPED for process in family):
        yield False  # somebody else holds it: it is not for us to let it go
        return
    with _guarded(family):
        try:
            for process in family:
                process.suspend()
            yield _all_stand(family) and set(leftovers.family(pid)) == set(family)
        finally:
            for process in family:
                with suppress(psutil.Error):
                    process.resume()


@contextmanager
def _left(pid: int) -> Iterator[bool]:
    """Yield whether nobody is left in the process group of one that ended: what it started may still write."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        yield True
    else:
        yield False


@contextmanager
def _guarded(family: list[psutil.Process]) -> Iterator[None]:
    """Have another process let the family go on, should this one be killed meanwhile."""
    command = ["/bin/sh", "-c", 'sleep "$0"; kill -CONT "$@"', str(_GUARD), *(str(process.pid) for process in family)]
    guard = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()


def _all_stand(family: list[psutil.Process]) -> bool:
    deadline = time.monotonic() + _STANDS
    while not all(map(_stands, family)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def _stands(process: psutil.Process) -> bool:
    """Return whether each thread has stopped: one may still be writing when the first has."""
    tasks = Path(f"/proc/{process.pid}/task")
    if not tasks.exists():  # macOS stops all at once
        return process.status() in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
    return all(_state(task / "stat") in {"T", "Z", "X"} for task in tasks.iterdir())


def _state(stat: Path) -> str:
    try:
        return stat.read_text(errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return "X"
