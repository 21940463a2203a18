"""``python -m bench``: runs the ways, side by side in one run, and prints what they took."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import report
from bench.peers import Peers
from bench.stand import standing
from bench.ways import WAYS
from bench.workload import Plan


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--ways", default=",".join(WAYS), help="Which ways, with commas between.")
@click.option("--n", "size", default=300_000, help="Commands a way and round.")
@click.option("--rounds", default=3, help="Rounds; the order of the ways changes from one to the next.")
@click.option("--seed", default=1, help="Of the commands.")
@click.option("--warm", default=50_000, help="Commands before those that are measured.")
@click.option("--profile", type=click.Path(path_type=Path, file_okay=False), help="Dump a cProfile of each process.")
def main(ways: str, size: int, rounds: int, seed: int, warm: int, profile: Path | None) -> None:
    """Measure the runtime beside its peers."""
    console = Console()
    chosen = [WAYS[name] for name in ways.split(",")]
    for way in [way for way in chosen if not way.can_run()]:
        console.print(f"{way.name} is left out: there is no Maven (mvn) to build it.")
        chosen.remove(way)
    if profile:
        profile.mkdir(parents=True, exist_ok=True)
    with standing() as stand, _progress(console) as progress:
        results = Peers(tuple(chosen), Plan(seed, size, warm), rounds, profile).run(stand, progress)
    report.peers(console, results)


def _progress(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True)


if __name__ == "__main__":
    main()
