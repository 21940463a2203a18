"""A disk that hangs holds up nothing but what needs it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.commands.disk import LIMIT, Disk
from api.http.problems import Problem

DATA = Path("/data")


class Hanging:
    """A look at a disk that answers once it is let go."""

    def __init__(self) -> None:
        self.looks = 0
        self.free = threading.Event()

    def __call__(self, *_: object) -> str:
        self.looks += 1
        self.free.wait(30)
        return ""


@pytest.fixture
def look() -> Iterator[Hanging]:
    look = Hanging()
    yield look
    look.free.set()


async def test_a_disk_that_does_not_answer_is_said_in_time_and_holds_up_no_loop(look: Hanging) -> None:
    disk, began, turns = Disk(DATA, 1, look), time.monotonic(), 0
    asking = asyncio.ensure_future(disk.warnings())
    while not asking.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert time.monotonic() - began < LIMIT + 2
    assert turns > 10
    assert await asking == ["The free space of /data can't be determined (no answer within 1 s). Commands are refused."]
    with pytest.raises(Problem):
        await disk.check()


async def test_one_look_at_a_time_is_under_way_and_only_the_first_is_waited_for(look: Hanging) -> None:
    disk = Disk(DATA, 1, look)
    assert all(await asyncio.gather(*(disk.lack() for _ in range(100))))
    began = time.monotonic()
    assert all([await disk.lack() for _ in range(100)])
    assert (look.looks, time.monotonic() - began < LIMIT) == (1, True)


async def test_a_disk_that_answers_again_is_believed(look: Hanging) -> None:
    disk = Disk(DATA, 1, look)
    assert await disk.lack()
    look.free.set()
    async with asyncio.timeout(10):
        while await disk.lack():  # noqa: ASYNC110 - its thread tells nobody
            await asyncio.sleep(0.01)


async def test_what_cannot_be_asked_is_said_and_asked_again() -> None:
    def gone(data: Path, enough: int) -> str:
        raise OSError(116, "Stale file handle")

    assert await Disk(DATA, 1, gone).lack() == "The free space of /data can't be determined (Stale file handle)."
    assert await Disk(None, 1, gone).lack() == ""
