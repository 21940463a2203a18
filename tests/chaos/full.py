"""A disk that is full: filled in a moment, or slowly, for a while, and again while parts are starting on it."""

import asyncio
from collections.abc import Mapping
from functools import partial
from random import Random

from tests.chaos.faults import Ground, Kind, until
from tests.small_disk import MIB, SmallDisk

SIZE = 900 * MIB
ENOUGH = 200 * MIB
"""What the Rondo on such a disk wants to have free."""
HELD = 1.0, 8.0
"""Seconds that a disk stays full."""


async def fill(disk: SmallDisk, _: Ground, __: str, chance: Random) -> None:
    """Fill the disk faster than anybody can look."""
    disk.fill()
    await asyncio.sleep(chance.uniform(*HELD))
    disk.clear()


async def keep_full(disk: SmallDisk, _: Ground, __: str, chance: Random) -> None:
    """Take what ends give back, too."""
    with disk.kept_full():
        await asyncio.sleep(chance.uniform(*HELD))
    disk.clear()


async def fill_twice(disk: SmallDisk, ground: Ground, part: str, chance: Random) -> None:
    """Fill the disk again while parts are starting there."""
    await fill(disk, ground, part, chance)
    await asyncio.sleep(chance.uniform(0, 8))
    await fill(disk, ground, part, chance)


async def fall_short(disk: SmallDisk, ground: Ground, _: str, chance: Random) -> None:
    """Leave less than half of what is wanted: the broker is stopped while it still can stop."""
    disk.fill(leaving=int(ENOUGH * chance.uniform(0.1, 0.45)))
    await until(lambda: ground.part("broker") is None, "The broker was not stopped.")
    disk.clear()


def kinds(disk: SmallDisk) -> Mapping[str, Kind]:
    """Return what can happen to a Rondo on this disk."""
    harms = {"fill": fill, "keep full": keep_full, "fill twice": fill_twice, "fall short": fall_short}
    return {name: Kind(1, ("",), partial(harm, disk)) for name, harm in harms.items()}
