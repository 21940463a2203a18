"""A Rondo whose broker, registry and Postgres are elsewhere, and the network between fails."""

import pytest

from tests.chaos.apart import APART, apart
from tests.chaos.chosen import chosen
from tests.chaos.siege import besiege
from tests.receiver import Receiver


@pytest.mark.deep
async def test_a_rondo_whose_network_fails_loses_nothing():
    seed, seconds = chosen(1 / 3)
    with Receiver() as receiver:
        async with apart(RONDO_WEBHOOK=receiver.url) as ground:
            await besiege(ground, receiver, APART, seed, seconds)
