"""Refuses commands well before the disk is full: accepted ones must still be carried out."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

from api.http.problems import DISK_FULL, Problem
from common import room

_EVERY = 1.0  # seconds between two checks
LIMIT = 1.0
"""Seconds that a check may take: a disk that hangs, such as a lost server's, delays no request for longer."""


class Disk:
    """The disks of the data directory ``data``; None if the broker does not keep its log there.

    Free space is checked at most once a second by ``look``, which may hang: in a thread, and never by two at once. With
    less than ``enough`` bytes commands are refused.
    """

    def __init__(self, data: Path | None, enough: int, look: Callable[[Path, int], str] = room.lack) -> None:
        self._data, self._enough, self._look = data, enough, look
        self._lack = ""
        self._next = self._until = 0.0
        self._looking: asyncio.Event | None = None

    async def lack(self) -> str:
        """Return what is missing as a sentence, "" if there is room."""
        if self._data is None:
            return ""
        if self._looking is None and time.monotonic() >= self._next:
            self._begin(self._data)
        if self._looking and (left := self._until - time.monotonic()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._looking.wait(), left)
        return _unknown(self._data, f"no answer within {LIMIT:g} s") if self._is_late() else self._lack

    def _is_late(self) -> bool:
        return self._looking is not None and time.monotonic() >= self._until

    def _begin(self, data: Path) -> None:
        loop, self._looking = asyncio.get_running_loop(), asyncio.Event()
        self._until = time.monotonic() + LIMIT

        def ask() -> None:
            lack = self._asked(data)
            with suppress(RuntimeError):  # the API has ended meanwhile
                loop.call_soon_threadsafe(self._note, lack)

        Thread(target=ask, name="disk", daemon=True).start()  # not a pool's: shutdown would wait for one that hangs

    def _asked(self, data: Path) -> str:
        try:
            return self._look(data, self._enough)
        except OSError as error:  # free space is unknown, so commands are refused
            return _unknown(data, error.strerror)

    def _note(self, lack: str) -> None:
        self._lack, self._next = lack, time.monotonic() + _EVERY
        if self._looking:
            self._looking.set()
        self._looking = None

    async def warnings(self) -> list[str]:
        """Return warnings of the disk for ``/ready``; reads continue."""
        return [f"{lack} Commands are refused."] if (lack := await self.lack()) else []

    async def check(self) -> None:
        """Raise ``Problem`` if there is too little room for another command."""
        if lack := await self.lack():
            raise Problem(DISK_FULL, f"{lack} {DISK_FULL.meaning}")


def _unknown(data: Path, reason: str | None) -> str:
    return f"The free space of {data} can't be determined ({reason})."
