"""A whole Rondo under faults of every kind: for a minute here, for as long as CHAOS_SECONDS says in `make chaos`."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.stack import Stack
from tests.chaos.chosen import chosen
from tests.chaos.clock import Clock
from tests.chaos.clock import kinds as clocks
from tests.chaos.faults import KINDS, Kind
from tests.chaos.receiver import Receiver, receiving
from tests.chaos.siege import besiege


def whole(receiver: Receiver) -> tuple[Stack, Mapping[str, Kind]]:
    """A Rondo, and what can befall it: its clocks, too, where they can be set."""
    data = Path(tempfile.mkdtemp(prefix="rondo-siege-"))
    clock = None if Clock.why_not() else Clock(data / "clock")
    stack = Stack(data, RONDO_WEBHOOK=receiver.url, **(clock.environment() if clock else {}))
    return stack, {**KINDS, **(clocks(clock) if clock else {})}


async def test_a_whole_rondo_under_faults_loses_nothing():
    async with receiving() as receiver:
        stack, kinds = whole(receiver)
        await besiege(stack, receiver, kinds, uuid4().hex[:8], 40)


@pytest.mark.deep
async def test_a_whole_rondo_under_a_long_siege_loses_nothing():
    seed, seconds = chosen(1 / 2)
    async with receiving() as receiver:
        stack, kinds = whole(receiver)
        await besiege(stack, receiver, kinds, seed, seconds)
