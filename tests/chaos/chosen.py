"""The options of `make chaos`: the duration of the faults, and the seed that repeats them."""

import os
from uuid import uuid4

import click

SECONDS = 300.0


def chosen(share: float) -> tuple[str, float]:
    """Return the seed, and the seconds of a part of the run that has such a share of it."""
    seed = os.environ.get("CHAOS_SEED") or uuid4().hex[:8]
    seconds = share * float(os.environ.get("CHAOS_SECONDS") or SECONDS)
    click.echo(f"\n{seconds:.0f} s of faults and more; the same ones again: make chaos CHAOS_SEED={seed}")
    return seed, seconds
