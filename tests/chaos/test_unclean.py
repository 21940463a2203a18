"""Unclean ends of the broker and of everything leave nothing open, lose nothing and double nothing.

UNCLEAN_ENDS says how many there are in `make test-deep` (20, some ten seconds each), UNCLEAN_SEED repeats a run's
moments.
"""

import os
import shutil
from uuid import uuid4

import click
import pytest

from tests.chaos.parts import Parts, new_directory
from tests.chaos.unclean import PARTITIONS, under_load


async def _survives(ends: int) -> None:
    seed = os.environ.get("UNCLEAN_SEED") or uuid4().hex[:8]
    parts = Parts(new_directory(), PARTITIONS)
    click.echo(f"\n{ends} unclean ends (UNCLEAN_SEED={seed}) in {parts.directory}")
    async with under_load(parts, seed) as on:
        await on.ends(ends, seed, click.echo)
        wrong = [*await on.settled(), *await on.verified()]
        settled = parts.told("transaction settled")
        audit = await on.audited()
    click.echo(f"{audit.transactions} transactions, {audit.markers} markers, {settled} settled by Rondo")
    click.echo(f"{len(audit.anomalies)} anomalies in the segments, {len(wrong)} lost, doubled, reordered or differing")
    assert (wrong[:5], audit.anomalies[:5]) == ([], [])
    assert audit.transactions > ends
    shutil.rmtree(parts.directory)


async def test_unclean_ends_of_the_broker_and_of_everything_lose_nothing():
    await _survives(2)


@pytest.mark.deep
async def test_many_unclean_ends_of_the_broker_and_of_everything_lose_nothing():
    await _survives(int(os.environ.get("UNCLEAN_ENDS") or 20))
