"""Refuses commands well before the disk is full: those that were taken must still be carried out."""

import time
from pathlib import Path

from api.problems import DISK_FULL, Problem
from schemas import room

_EVERY = 1.0  # seconds from one look to the next


class Disk:
    """The disks of the data directory ``data``, where the broker keeps its log in it; None where it does not.

    What a disk has free is asked for once a second at most. With less than ``enough`` bytes no command is taken.
    """

    def __init__(self, data: Path | None, enough: int) -> None:
        self._data, self._enough = data, enough
        self._lack = ""
        self._next = 0.0

    def lack(self) -> str:
        """Return in a sentence what is missing, "" where there is room."""
        if self._data and time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            try:
                self._lack = room.lack(self._data, self._enough)
            except OSError as error:  # whether there is room is not known, so nothing more is put there
                self._lack = f"The disk of {self._data} can't be asked for its room ({error.strerror})."
        return self._lack

    def warnings(self) -> list[str]:
        """Return what is to be known of the disk while reading goes on."""
        return [f"{lack} Commands are refused."] if (lack := self.lack()) else []

    def check(self) -> None:
        """Raise ``Problem`` where there is too little room for another command."""
        if lack := self.lack():
            raise Problem(DISK_FULL, f"{lack} {DISK_FULL.meaning}", headers={"Retry-After": "30"})
