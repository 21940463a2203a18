"""One process of the stack: started with its output in a log file, watched until ready, stopped without a trace."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.problem import Problem, Stopped

ROTATE_BYTES = 20 * 1024 * 1024
_LAST_LINES = 15


@dataclass(frozen=True)
class Command:
    """What to run. ``user`` is whom to run as, where that is somebody else; ``stop`` asks it politely to end."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)  # besides this process' own
    cwd: Path | None = None
    user: int | None = None
    group: int | None = None
    stop: signal.Signals = signal.SIGTERM
    grace: float = 30  # seconds from the polite signal to SIGKILL; well above a worker's session timeout


class Process:
    """A running command. It has a session of its own, so that a terminal's Ctrl-C reaches only who started it."""

    def __init__(self, command: Command) -> None:
        self.command = command
        command.log.parent.mkdir(parents=True, exist_ok=True)
        self._start_of_log = command.log.stat().st_size if command.log.exists() else 0
        with command.log.open("ab") as log:
            self._popen = subprocess.Popen(
                command.argv,
                env={**os.environ, **command.env},
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=command.user,
                group=command.group,
                extra_groups=None if command.user is None else (),
            )

    @property
    def pid(self) -> int:
        """Its process id, also the id of its group."""
        return self._popen.pid

    @property
    def ended(self) -> int | None:
        """Its exit status, ``None`` while it runs."""
        return self._popen.poll()

    def wait_until(self, ready: Callable[[], bool], seconds: float, stopping: threading.Event | None = None) -> None:
        """Return once ``ready()``; raise ``Problem`` if it ends or takes too long, ``Stopped`` if asked to stop."""
        deadline = time.monotonic() + seconds
        while not ready():
            if stopping is not None and stopping.is_set():
                raise Stopped
            if self.ended is not None:
                raise Problem(f"{self.command.name} ended with status {self.ended} while starting.{self._log()}")
            if time.monotonic() > deadline:
                raise Problem(f"{self.command.name} was not ready within {seconds:.0f} seconds.{self._log()}")
            time.sleep(0.1)

    def wait(self, stopping: threading.Event | None = None) -> None:
        """Return once it ended well; raise ``Problem`` otherwise, ``Stopped`` (and end it) if asked to stop."""
        while self.ended is None:
            if stopping is not None and stopping.is_set():
                self.stop()
                raise Stopped
            time.sleep(0.05)
        if self.ended:
            raise Problem(f"{self.command.name} ended with status {self.ended}.{self._log()}")

    def stop(self) -> None:
        """End it and everything it started: politely, and by force when its grace is over."""
        if self.ended is None:
            self._popen.send_signal(self.command.stop)
            try:
                self._popen.wait(self.command.grace)
            except subprocess.TimeoutExpired:
                self._kill_group()
                self._popen.wait()
        self._kill_group()

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # nobody is left in it; macOS says so by the second
            return

    def _log(self) -> str:
        """Return where the log is, and the last lines that this run wrote."""
        with self.command.log.open("rb") as log:
            log.seek(self._start_of_log)
            lines = log.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n  ".join((f" The end of {self.command.log}:", *lines))


def rotate(log: Path, limit: int = ROTATE_BYTES) -> None:
    """Move what a log holds to ``<name>.1`` once it is large; its writer appends, so it goes on from the start."""
    if log.exists() and log.stat().st_size > limit:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)
