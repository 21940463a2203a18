"""Worker processes: started with a failpoint, killed, stopped; what they did is read from their logs."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from local.process import Command, Process

_numbers = count(1)


class Worker:
    """A process that runs topologies on a disk, its log beside it."""

    def __init__(self, argv: Sequence[str], disk: Path, settings: Mapping[str, str], failpoint: str = "") -> None:
        self.disk = disk
        self._log = disk / "logs" / f"{next(_numbers):04}-{'-'.join(argv[-1:])}.log"
        environment = {**settings, "RONDO_DATA": str(disk), "RONDO_FAILPOINT": failpoint}
        self._process = Process(Command(" ".join(argv), argv, self._log, environment))

    @property
    def ended(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.ended

    @property
    def log(self) -> Path:
        """The file it logs to."""
        return self._log

    def told(self) -> Iterator[dict[str, Any]]:
        """Yield what it has logged, one event after the other."""
        for line in self._log.read_text(errors="replace").splitlines():
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)

    def tells(self, event: str) -> list[dict[str, Any]]:
        """Return the events of a name."""
        return [told for told in self.told() if told.get("event") == event]

    @staticmethod
    def moment(told: Mapping[str, Any]) -> datetime:
        """Return when it reported something."""
        return datetime.fromisoformat(told["timestamp"])

    def has_begun(self) -> bool:
        """Return whether it is in its group; a signal before it listens to signals would kill it."""
        return bool(self.tells("assigned"))

    def failed(self) -> bool:
        """Return whether it has reached its failpoint."""
        return bool(self.tells("failpoint reached"))

    def went_on(self) -> bool:
        """Return whether it has done anything after its failpoint."""
        events = [told.get("event") for told in self.told()]
        return "failpoint reached" in events and events[-1] != "failpoint reached"

    def send(self, number: int) -> None:
        """Send it a signal."""
        if self.ended is None:
            os.kill(self._process.pid, number)

    def stop(self) -> int | None:
        """End it politely and return its status; by force, where it does not end in time."""
        self._process.stop()
        return self.ended
