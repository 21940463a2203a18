"""Ends the processes that a killed stack left behind, before the next one starts on its data."""

import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "_RONDO_STACK"
"""The environment variable of every process of a stack that names its data directory."""
IDENTITY = "_RONDO_STACK_DIRECTORY"
"""Another that identifies that directory, also after a move. A copy is another directory."""


def family(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants. Raises ``psutil.Error`` if it is gone."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def marks(data: Path) -> dict[str, str]:
    """Return the environment variables that every process of a stack on this data directory has."""
    return {MARK: str(data), IDENTITY: identity(data)}


def identity(directory: Path) -> str:
    """Return the identity of a directory, whatever its name."""
    known = directory.stat()
    return f"{known.st_dev}:{known.st_ino}"


def end(data: Path, grace: float = 20) -> int:
    """End the processes of an earlier stack on this data directory; return their number."""
    left = list(of(data))
    for process in left:
        _send(process, signal.SIGTERM)
        _send(process, signal.SIGCONT)  # a stopped process would not handle it
    alive = _wait(left, grace)
    for process in alive:
        _send(process, signal.SIGKILL)
    _wait(alive, grace)  # their ports are free only then
    return len(left)


def of(data: Path) -> Iterator[psutil.Process]:
    """Return the processes with this data directory's marks, which those they start inherit."""
    known = marks(data) if data.exists() else {MARK: str(data)}
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and _has(process.environ(), known):
                yield process
        except (psutil.Error, OSError):  # gone, or another user's
            continue


def working_in(directory: Path, program: str) -> list[psutil.Process]:
    """Return the processes of a program whose working directory is this one, whatever their environment."""
    return [process for process in psutil.process_iter() if _works(process, directory, program)]


def kill(processes: Iterable[psutil.Process], grace: float = 20) -> None:
    """Kill processes, and return when they are gone."""
    processes = list(processes)
    for process in processes:
        _send(process, signal.SIGKILL)
    _wait(processes, grace)


def gone(process: psutil.Process) -> bool:
    """Return whether a process has ended. A zombie has: it holds no resources."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _has(environment: Mapping[str, str], known: Mapping[str, str]) -> bool:
    return any(environment.get(name) == value for name, value in known.items())


def _works(process: psutil.Process, directory: Path, program: str) -> bool:
    try:
        return process.name() == program and _cwd(process).samefile(directory) and not gone(process)
    except (psutil.Error, OSError):
        return False


def _cwd(process: psutil.Process) -> Path:
    link = Path(f"/proc/{process.pid}/cwd")  # the directory itself, even if its path is too long or was moved
    return link if link.is_symlink() else Path(process.cwd())


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all are gone; return those that are left at the timeout."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if not gone(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive
