"""A whole Rondo under faults of every kind: half a minute here, as long as CHAOS_SECONDS says in `make chaos`."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import click
import pytest

from streams.topologies import parsed
from tests.acceptance.stack import Stack
from tests.chaos import full
from tests.chaos.chosen import chosen
from tests.chaos.clock import Clock
from tests.chaos.clock import kinds as of_clocks
from tests.chaos.faults import Kind, kinds
from tests.chaos.seen import ALONE
from tests.chaos.siege import besiege
from tests.receiver import Receiver
from tests.small_disk import MIB, small_disk

SIZE = 2048 * MIB


@contextmanager
def whole(receiver: Receiver, grouping: str = "") -> Iterator[tuple[Stack, Mapping[str, Kind]]]:
    """A Rondo of a grouping, and what can befall it: its disk and clocks, too, where they can be filled and set."""
    faults, settings = dict(kinds(grouping)), {"RONDO_WEBHOOK": receiver.url, "RONDO_TOPOLOGIES": grouping}
    with ExitStack() as mounted:
        try:
            disk = mounted.enter_context(small_disk(SIZE))
            faults |= full.kinds(disk)
            settings["RONDO_DISK_BYTES"] = str(full.ENOUGH)
            (data := disk.path / "data").mkdir()
        except pytest.skip.Exception as why:
            click.echo(f"Without full disks: {why}")
            data = Path(tempfile.mkdtemp(prefix="rondo-siege-"))
            mounted.callback(shutil.rmtree, data)
        if why_not := Clock.why_not():
            click.echo(f"Without wrong clocks: {why_not}")
        else:
            clock = Clock(data / "clock")
            faults |= of_clocks(clock, [one.name for one in parsed(grouping)])
            settings |= clock.environment()
        yield Stack(data, **settings), faults


async def test_a_whole_rondo_under_faults_loses_nothing():
    with Receiver() as receiver, whole(receiver) as (stack, faults):
        await besiege(stack, receiver, faults, uuid4().hex[:8], 20)


@pytest.mark.deep
@pytest.mark.parametrize("grouping", ["", ALONE], ids=["grouped", "alone"])
async def test_a_whole_rondo_under_a_long_siege_loses_nothing(grouping: str):
    seed, seconds = chosen(1 / 4)
    with Receiver() as receiver, whole(receiver, grouping) as (stack, faults):
        await besiege(stack, receiver, faults, seed, seconds)
