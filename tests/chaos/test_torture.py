"""Many workers of one stage in a long torture: the part of `make chaos` in which partitions move all the time."""

from pathlib import Path

import click
import pytest

from tests.chaos.chosen import chosen
from tests.chaos.torture import STOPS, plan, torture
from tests.chaos.trial import trial


@pytest.mark.deep
async def test_workers_in_a_long_torture_lose_nothing(kafka, registry, tmp_path: Path):
    faults = plan(*chosen(1 / 6))
    async with trial(kafka, registry, tmp_path) as on:
        await torture(on, faults, click.echo)
    click.echo(f"{on.swarm.stops} were frozen; {on.swarm.zombies} of them woke behind an heir")
    assert on.swarm.stops >= STOPS
    assert on.swarm.zombies >= 1
