"""Watches a running stack: tells what its parts warn of, and starts again a part that ended."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.problem import Problem, Stopped
from local.process import rotate
from local.stack import Part, Stack

_STEADY = 60.0  # seconds after which a part that ends is not seen as still failing
_LEVELS = ("warn", "warning", "error", "critical", "fatal", "panic")
_WARNING = re.compile(
    rf"\b({'|'.join(map(str.upper, _LEVELS))})\b"  # Kafka, Postgres, uvicorn
    rf'|"level": ?"({"|".join(_LEVELS)})"'  # structlog, as JSON
    rf"|\[({'|'.join(_LEVELS)}) *\]"  # structlog, for a terminal
)


class Tail:
    """What was added to a log since it was last looked at."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._at = log.stat().st_size if log.exists() else 0

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


@dataclass
class _Health:
    """What is known of one part: its log, how often in a row it ended, when to start it again."""

    tail: Tail
    began: float
    failures: int = 0
    next: float | None = None


class Watch:
    """Looks after the parts of ``stack``. ``say`` tells the person who started it."""

    def __init__(self, stack: Stack, say: Callable[[str], None], *, verbose: bool) -> None:
        self._stack = stack
        self._say = say
        self._verbose = verbose
        now = time.monotonic()
        self._health = {name: _Health(Tail(part.process.command.log), now) for name, part in stack.parts.items()}

    def until(self, stopping: threading.Event) -> None:
        """Watch until the stack is to stop."""
        while not stopping.wait(0.5):
            for part in list(self._stack.parts.values()):
                health = self._health[part.name]
                self._tell(part, health)
                if part.process.ended is not None:
                    self._revive(part, health, time.monotonic())

    def _tell(self, part: Part, health: _Health) -> None:
        for line in health.tail.lines():
            if self._verbose or is_warning(line):
                self._say(f"{part.name}: {line}")
        rotate(part.process.command.log)

    def _revive(self, part: Part, health: _Health, now: float) -> None:
        if health.next is None:
            health.failures = health.failures + 1 if now - health.began < _STEADY else 1
            health.next = now + pause(health.failures)
            self._say(
                f"{part.name} ended with status {part.process.ended} (its log: {part.process.command.log});"
                f" it starts again in {health.next - now:.0f} s."
            )
        elif now >= health.next:
            health.began, health.next = now, None
            with suppress(Stopped):
                self._restart(part, health)

    def _restart(self, part: Part, health: _Health) -> None:
        try:
            self._stack.restart(part)
        except Problem as problem:
            self._say(str(problem))
        else:
            health.tail = Tail(part.process.command.log)  # what it says while starting would only worry
            self._say(f"{part.name} is ready again.")


def is_warning(line: str) -> bool:
    """Return whether a log's line is at least a warning."""
    return _WARNING.search(line) is not None


def pause(failures: int) -> float:
    """Return the seconds before a part that ended so many times in a row starts again: 1, 2, 4 … 30."""
    return min(30.0, 2.0 ** (failures - 1))
