"""A process of the stack: started with its output in a log file, watched until ready, and stopped with its group."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from common import private
from local import leftovers
from local.errors import Problem, Stopped
from local.liveness import Liveness

_LAST_LINES = 15


@dataclass(frozen=True)
class Command:
    """A command to run, as ``user`` if that is not ours; the signal ``stop`` asks it to end."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)  # added to this process's own
    cwd: Path | None = None
    user: int | None = None
    group: int | None = None
    stop: signal.Signals = signal.SIGTERM
    grace: float = 30  # seconds from that signal to SIGKILL; well above a worker's session timeout
    foreign: bool = False  # not a program of Rondo: it gets none of its settings, as some are secrets
    secret: bytes = b""  # its standard input: never written to a disk


class Process:
    """A running command, in a session of its own, so that a terminal's Ctrl-C does not reach it."""

    def __init__(self, command: Command) -> None:
        self.command = command
        command.log.parent.mkdir(0o700, parents=True, exist_ok=True)
        self._start_of_log = _end_line(command.log)
        with command.log.open("ab") as log, _input(command) as stdin:
            self._popen = subprocess.Popen(
                command.argv,
                env={**_inherited(command), **command.env},
                cwd=command.cwd,
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=private.UMASK,
                user=command.user,
                group=command.group,
                extra_groups=None if command.user is None else (),
            )

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self._popen.pid

    @property
    def ended(self) -> int | None:
        """Its exit status, ``None`` while it runs."""
        return self._popen.poll()

    @property
    def start_of_log(self) -> int:
        """The size of its log when it was started, in bytes."""
        return self._start_of_log

    def wait_until(
        self,
        ready: Callable[[], bool],
        patience: float,
        stopping: threading.Event | None = None,
        waiting: Callable[[str], None] = lambda _: None,
        excused: Callable[[], bool] = lambda: False,
    ) -> None:
        """Return once ``ready()``, however long that takes; ``waiting`` is called with the last line that it logged.

        While it is ``excused``, as it waits for another process that is starting, it needs no sign of life.
        Raises ``Problem`` if it ends, or shows no sign of life for ``patience`` seconds; ``Stopped`` if asked to stop.
        """
        liveness = Liveness(self.pid, self.command.log, self._start_of_log, patience)
        while not ready():
            if stopping is not None and stopping.is_set():
                raise Stopped
            if self.ended is not None:
                raise Problem(f"{self.command.name} ended with status {self.ended} while starting.{self._log()}")
            if excused():
                liveness.renew(time.monotonic())
            if liveness.is_over(time.monotonic()):
                raise Problem(
                    f"{self.command.name} is not ready, and has shown no sign of life for {patience:.0f}"
                    f" seconds.{self._log()}"
                )
            waiting(liveness.said)
            time.sleep(0.1)

    def listens(self, port: int) -> bool:
        """Return whether it or a descendant listens on this port: another program may answer there."""
        try:
            return any(port in _listening(one) for one in leftovers.family(self.pid))
        except psutil.AccessDenied:  # unknown: assume so
            return True
        except psutil.Error:
            return False

    def wait(self, stopping: threading.Event | None = None) -> None:
        """Return once it succeeded; raise ``Problem`` if it failed, ``Stopped`` (and end it) if asked to stop."""
        while self.ended is None:
            if stopping is not None and stopping.is_set():
                self.stop()
                raise Stopped
            time.sleep(0.05)
        if self.ended:
            raise Problem(f"{self.command.name} ended with status {self.ended}.{self._log()}")

    def stop(self, grace: float | None = None) -> None:
        """End it and its descendants: by its ``stop`` signal, then by SIGKILL after ``grace`` seconds."""
        if self.ended is None:
            self._popen.send_signal(self.command.stop)
            try:
                self._popen.wait(self.command.grace if grace is None else grace)
            except subprocess.TimeoutExpired:
                self._kill_group()
                self._popen.wait()
        self._kill_group()

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # the group is empty; macOS raises the second
            return

    def _log(self) -> str:
        """Return the path of the log, and the last lines of this run."""
        with self.command.log.open("rb") as log:
            log.seek(self._start_of_log)
            lines = log.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n  ".join((f" The end of {self.command.log}:", *lines))


def _inherited(command: Command) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not (command.foreign and name.startswith("RONDO_"))}


def _listening(process: psutil.Process) -> set[int]:
    return {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}


def _end_line(log: Path) -> int:
    """Complete the line that a killed process left unfinished; return the size of the log, in bytes."""
    with log.open("ab+") as file:
        size = file.tell()
        file.seek(max(0, size - 1))
        if size and file.read(1) != b"\n":
            size += file.write(b"\n")
    return size


@contextmanager
def _input(command: Command) -> Iterator[int]:
    """Open a command's standard input: a pipe, which only its user may open by name."""
    if not command.secret:
        yield subprocess.DEVNULL
        return
    reading, writing = os.pipe()
    try:
        os.write(writing, command.secret)  # far less than a pipe holds
        os.close(writing)
        if command.user is not None and command.group is not None:
            os.fchown(reading, command.user, command.group)
        yield reading
    finally:
        os.close(reading)
