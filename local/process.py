"""One process of the stack: started with its output in a log file, watched until ready, stopped without a trace."""

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

from local import leftovers
from local.life import Life
from local.problem import Problem, Stopped
from schemas import private

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
    foreign: bool = False  # it is no program of Rondo's, and gets none of its settings: some hold secrets
    secret: bytes = b""  # what it reads from its standard input, which is empty otherwise: never on a disk


class Process:
    """A running command. It has a session of its own, so that a terminal's Ctrl-C reaches only who started it."""

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
        """Its process id, also the id of its group."""
        return self._popen.pid

    @property
    def ended(self) -> int | None:
        """Its exit status, ``None`` while it runs."""
        return self._popen.poll()

    @property
    def start_of_log(self) -> int:
        """How much its log already held when it was started."""
        return self._start_of_log

    def wait_until(
        self,
        ready: Callable[[], bool],
        patience: float,
        stopping: threading.Event | None = None,
        waiting: Callable[[str], None] = lambda _: None,
        excused: Callable[[], bool] = lambda: False,
    ) -> None:
        """Return once ``ready()``, however long that takes; ``waiting`` is given the last line that it logged.

        While it is ``excused``, as it waits for another that is starting, it need not show any sign of life.
        Raises ``Problem`` if it ends, or shows no sign of life for ``patience`` seconds; ``Stopped`` if asked to stop.
        """
        life = Life(self.pid, self.command.log, self._start_of_log, patience)
        while not ready():
            if stopping is not None and stopping.is_set():
                raise Stopped
            if self.ended is not None:
                raise Problem(f"{self.command.name} ended with status {self.ended} while starting.{self._log()}")
            if excused():
                life.renew(time.monotonic())
            if life.is_over(time.monotonic()):
                raise Problem(
                    f"{self.command.name} is not ready, and has shown no sign of life for {patience:.0f}"
                    f" seconds.{self._log()}"
                )
            waiting(life.said)
            time.sleep(0.1)

    def listens(self, port: int) -> bool:
        """Return whether it, or what it started, has this port: what answers there may be another program."""
        try:
            return any(port in _listening(one) for one in leftovers.family(self.pid))
        except psutil.AccessDenied:  # nobody can tell
            return True
        except psutil.Error:
            return False

    def wait(self, stopping: threading.Event | None = None) -> None:
        """Return once it ended well; raise ``Problem`` otherwise, ``Stopped`` (and end it) if asked to stop."""
        while self.ended is None:
            if stopping is not None and stopping.is_set():
                self.stop()
                raise Stopped
            time.sleep(0.05)
        if self.ended:
            raise Problem(f"{self.command.name} ended with status {self.ended}.{self._log()}")

    def stop(self, grace: float | None = None) -> None:
        """End it and everything it started: politely, and by force when its grace (in seconds) is over."""
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
        except (ProcessLookupError, PermissionError):  # nobody is left in it; macOS says so by the second
            return

    def _log(self) -> str:
        """Return where the log is, and the last lines that this run wrote."""
        with self.command.log.open("rb") as log:
            log.seek(self._start_of_log)
            lines = log.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n  ".join((f" The end of {self.command.log}:", *lines))


def _inherited(command: Command) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not (command.foreign and name.startswith("RONDO_"))}


def _listening(process: psutil.Process) -> set[int]:
    return {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}


def _end_line(log: Path) -> int:
    """End the line that a killed process left unfinished, which would spoil the next; return how long the log is."""
    with log.open("ab+") as file:
        size = file.tell()
        file.seek(max(0, size - 1))
        if size and file.read(1) != b"\n":
            size += file.write(b"\n")
    return size


@contextmanager
def _input(command: Command) -> Iterator[int]:
    """Open what a command reads from its standard input: a pipe, which nobody but its user may open by a name."""
    if not command.secret:
        yield subprocess.DEVNULL
        return
    reading, writing = os.pipe()
    try:
        os.write(writing, command.secret)  # far less than a pipe takes
        os.close(writing)
        if command.user is not None and command.group is not None:
            os.fchown(reading, command.user, command.group)
        yield reading
    finally:
        os.close(reading)
