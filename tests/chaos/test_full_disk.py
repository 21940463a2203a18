"""The disk under a whole Rondo is filled while people use it; once there is room, all goes on by itself."""

from itertools import islice
from uuid import uuid4

import click
import pytest

from tests.acceptance.stack import Stack
from tests.chaos import full
from tests.chaos.faults import plan
from tests.chaos.siege import besieged
from tests.receiver import Receiver
from tests.small_disk import small_disk


async def judged(times: int, seed: str) -> list[str]:
    """Return what is wrong after the disk was filled ``times`` times, in all ways."""
    with small_disk(full.SIZE) as disk:
        (data := disk.path / "data").mkdir()
        with Receiver() as receiver:
            stack = Stack(data, RONDO_WEBHOOK=receiver.url, RONDO_DISK_BYTES=str(full.ENOUGH))
            async with besieged(stack, receiver, seed) as siege:
                kinds = full.kinds(disk)
                await siege.suffer_these(islice(plan(seed, kinds), times), kinds, click.echo)
                return await siege.judged(click.echo)


@pytest.mark.deep
async def test_a_disk_that_is_filled_twenty_times_loses_nothing():
    assert await judged(20, uuid4().hex[:8]) == []
