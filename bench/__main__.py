"""``python -m bench``: runs the chosen measurements, and prints their results."""

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console

from bench.implementations import IMPLEMENTATIONS, Implementation
from bench.parts import PARTS, WHOLE, Bench
from bench.services import running_services
from bench.workload import Plan
from common import logs
from local.errors import Problem

T = TypeVar("T")
USUAL = [way.name for way in IMPLEMENTATIONS.values() if not way.asked_for]
QUICK = Plan(seed=1, size=4000, warm=1000)


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--parts", default="peers", help=f"What to measure: {','.join((*PARTS, *WHOLE))}.")
@click.option("--ways", default=",".join(USUAL), help=f"Implementations to compare: {','.join(IMPLEMENTATIONS)}.")
@click.option("--n", "size", default=300_000, help="Commands per implementation and round.")
@click.option("--warm", default=50_000, help="Warm-up commands.")
@click.option("--rounds", default=3, help="Rounds, each in another order of implementations.")
@click.option("--seconds", default=30.0, help="Seconds per rate when measuring latency, and per load of a server.")
@click.option("--seed", default=1, help="Random seed of the commands.")
@click.option("--before", metavar="COMMIT", help=f"A commit that {', '.join(WHOLE)} compare with.")
@click.option("--quick", is_flag=True, help="A few thousand commands, one round: a smoke test.")
@click.option("--profile", type=click.Path(path_type=Path, file_okay=False), help="Dump a cProfile of each process.")
def main(
    parts: str,
    ways: str,
    size: int,
    warm: int,
    rounds: int,
    seconds: float,
    seed: int,
    before: str | None,
    quick: bool,
    profile: Path | None,
) -> None:
    """Compare the runtime with its peers. See docs/benchmarks.md."""
    if profile:
        profile.mkdir(parents=True, exist_ok=True)
    logs.configure("warning")
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit("stopped")
    )  # so that broker, Postgres and implementations are, too
    console = Console()
    chosen = _those_that_can_run(console, [_named(name, IMPLEMENTATIONS) for name in ways.split(",")])
    bench = Bench(console, chosen, Plan(seed, size, warm), rounds, seconds, profile, before)
    if quick:
        bench = Bench(console, chosen, QUICK, rounds=1, seconds=0.5, profile=profile, before=before)
    named = [_named(name, {name: name for name in (*PARTS, *WHOLE)}) for name in parts.split(",")]
    try:
        _measure(bench, named)
    except Problem as problem:
        raise click.ClickException(str(problem)) from None


def _measure(bench: Bench, named: Sequence[str]) -> None:
    if shared := [PARTS[name] for name in named if name in PARTS]:
        with running_services() as services:
            for measure in shared:
                measure(bench, services)
    for name in named:
        if name in WHOLE:
            WHOLE[name](bench)


def _named(name: str, among: Mapping[str, T]) -> T:
    if name not in among:
        raise click.BadParameter(f"{name} is not one of {','.join(among)}.")
    return among[name]


def _those_that_can_run(console: Console, ways: Sequence[Implementation]) -> tuple[Implementation, ...]:
    for way in ways:
        if not way.can_run():
            console.print(f"{way.name} is skipped: it is built by Maven, and there is no mvn here.")
    return tuple(way for way in ways if way.can_run())


if __name__ == "__main__":
    main()
