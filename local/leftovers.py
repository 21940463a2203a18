"""What a stack that was killed left running is ended before the next one starts on its data."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

MARK = "_RONDO_STACK"
"""The environment variable that every process of a stack carries: its data directory."""


def end(data: Path, grace: float = 20) -> int:
    """End the processes of an earlier stack on this data directory; return how many there were."""
    left = list(of(data))
    for process in left:
        process.terminate()
    _, alive = psutil.wait_procs(left, grace)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, grace)  # their ports are free only then
    return len(left)


def of(data: Path) -> Iterator[psutil.Process]:
    """Return the processes that carry this data directory's mark, and those that they started."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(data) and process.pid != os.getpid():
                yield process
        except (psutil.Error, OSError):  # gone, or somebody else's
            continue
