"""Signs that a process which is not ready yet makes progress: log lines, CPU time, bytes read and written."""

import time
from pathlib import Path

import psutil

from local import leftovers
from local.logs import is_warning

_EVERY = 5.0  # seconds between two checks: each lists the machine's processes
_CPU = 0.2  # of a core: an idle Java uses a tenth of it, a worker that retries in a loop less
_MOVED = 1024 * 1024  # bytes read and written between two checks


class Liveness:
    """Watches a process and its descendants for signs of life. ``said`` is the last line that it logged.

    ``at`` is where its log begins, in bytes. It is over after ``patience`` seconds without a sign. A warning is not:
    a process that fails in a loop may warn for ever.
    """

    def __init__(self, pid: int, log: Path, at: int, patience: float) -> None:
        self.said = ""
        self._pid = pid
        self._log = log
        self._patience = patience
        self._every = min(_EVERY, patience / 4)
        self._at = at
        self._looked = self._latest = time.monotonic()
        self._cpu, self._moved = self._used()

    def is_over(self, now: float) -> bool:
        """Return whether there was no sign for too long. ``now`` is monotonic, in seconds."""
        if now - self._looked >= self._every:
            if self._shows(now - self._looked):
                self._latest = now
            self._looked = now
        return now - self._latest > self._patience

    def renew(self, now: float) -> None:
        """Restart the count at ``now``: the process waits for another, which has signs of its own."""
        self._latest = now

    def _shows(self, seconds: float) -> bool:
        spoke = self._spoke()
        cpu, moved = self._used()
        busy = cpu - self._cpu >= _CPU * seconds or moved - self._moved >= _MOVED
        self._cpu, self._moved = cpu, moved
        return spoke or busy

    def _spoke(self) -> bool:
        with self._log.open("rb") as log:
            log.seek(self._at)
            lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
            self._at = log.tell()
        if lines:
            self.said = lines[-1].strip()
        return any(not is_warning(line) for line in lines)

    def _used(self) -> tuple[float, int]:
        """Return the CPU seconds, and the bytes read and written, of all that are alive."""
        cpu, moved = 0.0, 0
        for process in _family(self._pid):
            try:
                times = process.cpu_times()
                # With the children that have ended.
                cpu += times.user + times.system + times.children_user + times.children_system
                if hasattr(process, "io_counters"):  # macOS has none
                    counted = process.io_counters()
                    moved += counted.read_bytes + counted.write_bytes
            except psutil.Error:  # it has just ended, or is not accessible
                continue
        return cpu, moved


def _family(pid: int) -> list[psutil.Process]:
    try:
        return leftovers.family(pid)
    except psutil.Error:
        return []
