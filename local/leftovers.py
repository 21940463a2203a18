"""What a stack that was killed left running is ended before the next one starts on its data."""

from collections.abc import Iterable
from pathlib import Path

import psutil

from local.directory import read, write


def remember(file: Path, pids: Iterable[int]) -> None:
    """Write down these processes with the time each began: a pid alone may be somebody else's by then."""
    write(file, {str(pid): _began(pid) for pid in pids})


def end(file: Path, grace: float = 20) -> int:
    """End those of the processes in ``file`` that still run, and what they started; return how many there were."""
    left = [psutil.Process(int(pid)) for pid, began in read(file).items() if began and _began(int(pid)) == began]
    family = [child for process in left for child in (process, *process.children(recursive=True))]
    for process in left:
        process.terminate()
    _, alive = psutil.wait_procs(family, grace)
    for process in alive:
        process.kill()
    file.unlink(missing_ok=True)
    return len(left)


def _began(pid: int) -> float | None:
    try:
        began: float = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None
    return began
