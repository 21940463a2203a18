"""Prints measurements: tables for people, lines for programs."""

import math
from collections.abc import Callable, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.latency import Latency
from bench.meter import Usage
from bench.pipeline import Passed
from bench.restore import Restored
from bench.trial import Result

MIB = 1024 * 1024
SHARED = ("broker", "postgres")
_FIRST = "runtime"


def peers(console: Console, rounds: Sequence[Sequence[Result]]) -> None:
    """Print medians of the rounds by implementation, and the ratios of the runtime to each other one."""
    by_way = _by_way(rounds)
    console.print(_ends(by_way), _parts(by_way))
    for other in by_way:
        if _FIRST in by_way and other != _FIRST:
            _ratios(console, by_way[_FIRST], by_way[other])


def _ends(by_way: dict[str, list[Result]]) -> Table:
    table = Table(title="End to end, medians of the rounds; CPU in µs a row")
    for column in ("way", "rows", "rows/s", "from", "to", "CPU of its own", "with broker and Postgres"):
        table.add_column(column, justify="left" if column == "way" else "right", no_wrap=column == "way")
    for way, results in by_way.items():
        rates = [result.rate for result in results]
        cpu = [median(result.cpu(shared=shared) for result in results) for shared in (False, True)]
        figures = (results[0].rows, median(rates), min(rates), max(rates))
        table.add_row(way, *(f"{figure:,.0f}" for figure in figures), *(f"{each:.1f}" for each in cpu))
    return table


def _parts(by_way: dict[str, list[Result]]) -> Table:
    table = Table(title="Each part: CPU seconds, medians of the rounds; the highest memory in MiB")
    for column in ("way", "part", "CPU s", "CPU µs a row", "MiB"):
        table.add_column(column, justify="left" if column in {"way", "part"} else "right")
    for way, results in by_way.items():
        for part in results[0].usage:
            cpu = median(result.usage[part].cpu for result in results)
            memory = max(result.usage[part].memory for result in results) / MIB
            table.add_row(way, part, f"{cpu:.2f}", f"{cpu / results[0].rows * 1e6:.1f}", f"{memory:.0f}")
        table.add_section()
    return table


def latencies(console: Console, found: Sequence[Latency]) -> None:
    """Print the latencies at each rate."""
    table = Table(title="From produce to commit in Postgres, ms; CPU of the way's own processes")
    for column in ("way", "commands/s", "p50", "p99", "highest", "of", "CPU, % of a core"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for each in found:
        times = (each.percentile(50), each.percentile(99), each.milliseconds[-1])
        figures = (*(f"{time:.1f}" for time in times), f"{len(each.milliseconds):,}", f"{each.cpu * 100:.0f}")
        table.add_row(each.way, str(each.rate), *figures)
    console.print(table)
    for each in found:
        ratio(console, f"latency-p50-ms:{each.way}@{each.rate}", each.percentile(50))
        ratio(console, f"latency-p99-ms:{each.way}@{each.rate}", each.percentile(99))


def restored(console: Console, found: Restored) -> None:
    """Print the speed of the restore of a lost disk."""
    console.print(
        f"Restore: {found.keys:,} keys from {found.records:,} records of the changelog in {found.seconds:.2f} s,"
        " four partitions concurrently in one process.",
        highlight=False,
    )
    ratio(console, "restore-keys-per-second", found.keys / found.seconds)
    ratio(console, "restore-records-per-second", found.records / found.seconds)


def passed(console: Console, rounds: Sequence[Passed]) -> None:
    """Print the cost of a command in the real pipeline."""
    table = Table(title=f"The real pipeline, {rounds[0].rows:,} commands a round, medians")
    for column in ("part", "CPU µs a command", "MiB"):
        table.add_column(column, justify="left" if column == "part" else "right")
    stages = [part for part in rounds[0].usage if part not in SHARED]
    for part in rounds[0].usage:
        memory = max(each.usage[part].memory for each in rounds) / MIB
        table.add_row(part, f"{median(each.cpu(part) for each in rounds):.1f}", f"{memory:.0f}")
    console.print(table)
    every = median(sum(map(each.cpu, stages)) for each in rounds)
    for stage in stages:
        ratio(console, f"pipeline-cpu-us:{stage}", median(each.cpu(stage) for each in rounds))
    ratio(console, "pipeline-cpu-us:all-stages", every)
    ratio(console, "pipeline-commands-per-second", median(each.rate for each in rounds))


def ratio(console: Console, name: str, value: float) -> None:
    """Print a figure for programs."""
    console.print(f"ratio {name} {value:.3f}", highlight=False, soft_wrap=True)


def _by_way(rounds: Sequence[Sequence[Result]]) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {result.way: [] for result in rounds[0]}
    for results in rounds:
        for result in results:
            found[result.way].append(result)
    return found


def _ratios(console: Console, runtime: list[Result], other: list[Result]) -> None:
    """Print medians of the ratios within rounds: a machine that is slow for minutes slows both sides of a round."""
    pair = f"runtime/{other[0].way}"
    kinds: dict[str, Callable[[Result], float]] = {
        "rows": lambda result: result.rate,
        "cpu": lambda result: result.cpu(shared=False),
        "cpu-with-broker-and-postgres": lambda result: result.cpu(shared=True),
        "memory": lambda result: float(sum(usage.memory for usage in own(result).values())),
    }
    for kind, value in kinds.items():
        pairs = zip(map(value, runtime), map(value, other), strict=True)
        ratio(console, f"{kind}:{pair}", median(over(first, second) for first, second in pairs))


def over(first: float, second: float) -> float:
    """Return the ratio; the second may be 0, as few rows may use less CPU than the clock's resolution."""
    return first / second if second else math.inf


def own(result: Result) -> dict[str, Usage]:
    """Return the usage of the implementation's own processes."""
    return {part: usage for part, usage in result.usage.items() if part not in SHARED}
