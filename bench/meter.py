"""CPU seconds and memory of processes with their descendants."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

import psutil

_EVERY = 0.2  # seconds between two samples of memory


@dataclass(frozen=True)
class Usage:
    """The resources that a part used."""

    cpu: float  # seconds of user and system together
    memory: int  # peak bytes; memory shared by processes counts once


class Meter:
    """Measures between enter and exit; ``usage`` has the results by part afterwards."""

    def __init__(self, parts: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in parts.items()}
        self._peak = dict.fromkeys(parts, 0)
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self.usage: dict[str, Usage] = {}

    def __enter__(self) -> "Meter":
        self._before = {name: cpu_of(process) for name, process in self._processes.items()}
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        after = {name: cpu_of(process) for name, process in self._processes.items()}
        self._ended.set()
        self._sampler.join()
        self.usage = {name: Usage(after[name] - self._before[name], self._peak[name]) for name in after}

    def cpu(self, part: str) -> float:
        """Return the CPU seconds of a part so far."""
        return cpu_of(self._processes[part])

    def _sample(self) -> None:
        while True:
            for name, process in self._processes.items():
                self._peak[name] = max(self._peak[name], _memory(process))
            if self._ended.wait(_EVERY):
                return


def cpu_of(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and its descendants, also of those that ended."""
    found = 0.0
    for each in _tree(process):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:  # its parent counts it now
            continue
        found += times.user + times.system + times.children_user + times.children_system
    return found


def _memory(process: psutil.Process) -> int:
    own, shared = 0, 0
    for each in _tree(process):
        try:
            memory = each.memory_info()
        except psutil.NoSuchProcess:
            continue
        common = getattr(memory, "shared", 0)  # only on Linux
        own, shared = own + memory.rss - common, max(shared, common)
    return own + shared


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
