"""Broker, registry and Postgres of these tests' own: the workers run on the real topics, all of one broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from local import prepare
from tests.acceptance.stack import pytest_runtest_makereport, running
from tests.chaos import views
from tests.chaos.rondo import PARTITIONS, Rondo
from tests.chaos.seen import ALONE

__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="session")
async def rondo(request: pytest.FixtureRequest) -> AsyncIterator[Rondo]:
    """Rondo without workers, for those of the topologies."""
    async with _rondo(request) as rondo:
        yield rondo


@pytest.fixture(scope="session")
async def alone(request: pytest.FixtureRequest) -> AsyncIterator[Rondo]:
    """Rondo without workers, for those of each stage alone: they have a log of their own."""
    async with _rondo(request, ALONE) as rondo:
        yield rondo


@asynccontextmanager
async def _rondo(request: pytest.FixtureRequest, grouping: str = "") -> AsyncIterator[Rondo]:
    """A Rondo; at the end, what was still owed to users must come, and the whole log be folded again."""
    with running(request, only="kafka,postgres,registry") as stack:
        await asyncio.to_thread(prepare.log, stack.run["kafka"], stack.run["registry"], PARTITIONS)
        await asyncio.to_thread(prepare.views, stack.run["postgres"])
        await views.watch(stack.run["postgres"])
        yield (rondo := Rondo(stack, grouping))
        assert await rondo.unpaid() == set()
        assert await rondo.verified() == []
