"""A whole Rondo under faults of every kind: for a minute here, for as long as CHAOS_SECONDS says in `make chaos`."""

import tempfile
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.stack import Stack
from tests.chaos.chosen import chosen
from tests.chaos.faults import KINDS
from tests.chaos.receiver import Receiver, receiving
from tests.chaos.siege import besiege


def whole(receiver: Receiver) -> Stack:
    return Stack(Path(tempfile.mkdtemp(prefix="rondo-siege-")), RONDO_WEBHOOK=receiver.url)


async def test_a_whole_rondo_under_faults_loses_nothing():
    async with receiving() as receiver:
        await besiege(whole(receiver), receiver, KINDS, uuid4().hex[:8], 40)


@pytest.mark.deep
async def test_a_whole_rondo_under_a_long_siege_loses_nothing():
    seed, seconds = chosen(1 / 2)
    async with receiving() as receiver:
        await besiege(whole(receiver), receiver, KINDS, seed, seconds)
