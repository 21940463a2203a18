"""The long torture: `make chaos`. CHAOS_SECONDS says for how long, CHAOS_SEED repeats a run's faults."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import click
import pytest

from tests.chaos.torture import STOPS, plan, torture
from tests.chaos.trial import trial

SECONDS = 300.0


@pytest.mark.deep
async def test_workers_in_a_long_torture_lose_nothing(kafka, registry, tmp_path: Path):
    seed = os.environ.get("CHAOS_SEED") or uuid4().hex[:8]
    faults = plan(seed, float(os.environ.get("CHAOS_SECONDS") or SECONDS))
    lasts = timedelta(seconds=round(sum(fault.pause for fault in faults)))
    click.echo(f"\n{len(faults)} faults in {lasts} and more; the same once more: make chaos CHAOS_SEED={seed}")
    async with trial(kafka, registry, tmp_path) as on:
        await torture(on, faults, click.echo)
    click.echo(f"{on.swarm.stops} were frozen; {on.swarm.zombies} of them woke behind an heir")
    assert on.swarm.stops >= STOPS
    assert on.swarm.zombies >= 1
