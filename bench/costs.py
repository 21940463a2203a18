"""Prints what a command costs: in the ingress, in the whole stack, and while nobody asks for anything."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from bench.bulk import CPU, RATE, Figures
from bench.floor import WHOLE
from bench.footprint import COMMANDS, Footprint
from bench.ingress import BARE, RONDO, Asked, Round
from bench.lone import Lone, Sent
from bench.report import MIB, SHARED, over, ratio
from bench.versions import BEFORE, THIS

T = TypeVar("T")


def asked(console: Console, rounds: Sequence[Round]) -> None:
    """Print what a request costs the API, beside the bare route."""
    titles = ("of", "request", "/s", "p50 ms", "p99 ms", "CPU", *SHARED, "load")
    table = _table("The ingress without stages, by connections: medians of the rounds; CPU in µs a request", 2, titles)
    for server, what, connections in rounds[0]:
        every = [each[server, what, connections] for each in rounds]
        rate, p50, p99 = (median(map(value, every)) for value in (_per_second, _p50, _p99))
        cpu = (median(each.us(part) for each in every) for part in (server, *SHARED, "load"))
        figures = (f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", *(f"{each:.0f}" for each in cpu))
        table.add_row(server, f"{what} @{connections}", *figures)
    console.print(table)
    kinds: dict[str, Callable[[Asked], float]] = {
        "cpu": lambda each: each.own,
        "p50": _p50,
        "requests-per-second": _per_second,
    }
    for what, connections in {(what, connections): None for _, what, connections in rounds[0]}:
        for kind, value in kinds.items():
            pairs = [(value(each[RONDO, what, connections]), value(each[BARE, what, connections])) for each in rounds]
            ratio(console, f"ingress-{what.lower()}-{kind}:rondo/bare@{connections}", _ratio(pairs))


def passed_in_bulk(console: Console, rounds: Sequence[Mapping[str, Figures]]) -> None:
    """Print what commands in bulk cost the stages of each version."""
    by_version = {version: [each[version] for each in rounds] for version in rounds[0]}
    table = _table("The real pipeline by version, medians of the rounds", 1, ("figure", *by_version))
    for name in _all(each for every in by_version.values() for each in every):
        table.add_row(name, *(f"{median(each.get(name, 0) for each in every):,.1f}" for every in by_version.values()))
    console.print(table)
    if BEFORE in by_version:
        for kind, name in (("commands-per-second", RATE), ("cpu", CPU)):
            pairs = [(each[THIS][name], each[BEFORE][name]) for each in rounds]
            ratio(console, f"bulk-{kind}:this/before", _ratio(pairs))


def passed_alone(console: Console, rounds: Sequence[Mapping[str, Lone]]) -> None:
    """Print what a command costs each process, and how long its client waits."""
    for connections in rounds[0][THIS].loops:
        _loop(console, rounds, connections)
    _waits(console, rounds)


def _loop(console: Console, rounds: Sequence[Mapping[str, Lone]], connections: int) -> None:
    """Print the costs of commands by that many connections that don't wait for outcomes."""
    by_version = {version: [each[version].loops[connections] for each in rounds] for version in rounds[0]}
    title = f"CPU µs a command by process, {connections} connection(s): medians of the rounds"
    table = _table(title, 1, ("process", *by_version))
    for part in _all(sent.cpu for every in by_version.values() for sent in every):
        table.add_row(part, *(f"{median(each.us(part) for each in every):,.0f}" for every in by_version.values()))
    table.add_section()
    figures: dict[str, tuple[Callable[[Sent], float], str]] = {
        "all processes": (lambda each: each.all_us, ",.0f"),
        "the load itself": (lambda each: each.answers.cpu / each.answers.count * 1e6, ",.0f"),
        "commands/s": (lambda each: each.answers.per_second, ",.0f"),
        "p50 to 202, ms": (lambda each: each.answers.percentile(50), ".2f"),
        "p99 to 202, ms": (lambda each: each.answers.percentile(99), ".2f"),
    }
    for name, (value, form) in figures.items():
        table.add_row(name, *(format(median(map(value, every)), form) for every in by_version.values()))
    console.print(table)
    ratio(console, f"lone-cpu-us:this@{connections}", median(each.all_us for each in by_version[THIS]))
    if BEFORE in by_version:
        pairs = [(this.all_us, before.all_us) for this, before in zip(*by_version.values(), strict=True)]
        ratio(console, f"lone-cpu:this/before@{connections}", _ratio(pairs))


def _waits(console: Console, rounds: Sequence[Mapping[str, Lone]]) -> None:
    """Print how long clients wait for outcomes, and the floor."""
    table = _table(
        "Prefer: wait, ms: medians of the rounds", 1, ("version", "commands/s", "p50", "p99", "answered 201")
    )
    for version, rate in _each(rounds, lambda each: each.waits):
        every = [each[version].waits[rate].answers for each in rounds]
        times = (median(each.percentile(of) for each in every) for of in (50, 99))
        waited = sum(each.statuses.get(201, 0) for each in every) / sum(each.count for each in every)
        table.add_row(version, str(rate), *(f"{time:.1f}" for time in times), f"{waited:.1%}")
    console.print(table)
    steps = list(next(iter(rounds[0][THIS].floors.values())))
    table = _table("The floor, ms: p50 of each wait, medians of the rounds", 1, ("version", "at most a second", *steps))
    for version, rate in _each(rounds, lambda each: each.floors):
        floors = [each[version].floors[rate] for each in rounds]
        table.add_row(version, str(rate), *(f"{median(each[step] for each in floors):.2f}" for step in steps))
    console.print(table)
    for rate in rounds[0][THIS].waits:
        pairs = [(each[THIS].waits[rate].answers.percentile(50), each[THIS].floors[rate][WHOLE]) for each in rounds]
        ratio(console, f"lone-wait-p50:this/floor@{rate}", _ratio(pairs))


def _each(
    rounds: Sequence[Mapping[str, Lone]], of: Callable[[Lone], Mapping[int, object]]
) -> Iterator[tuple[str, int]]:
    return ((version, key) for version, each in rounds[0].items() for key in of(each))


def footprints(console: Console, found: Mapping[str, Footprint]) -> None:
    """Print what an idle stack takes, and what a command of the terminal takes to start."""
    idle = {version: each[0] for version, each in found.items()}
    titles = ("process", *(f"{version}: {of}" for version in found for of in ("PSS, MiB", "CPU, % of a core")))
    table = _table("The idle stack", 1, titles)
    for part in _all(each.cpu for each in idle.values()):
        figures = ((each.pss.get(part, 0) / MIB, each.cpu.get(part, 0.0) * 100) for each in idle.values())
        table.add_row(part, *(text for pss, cpu in figures for text in (f"{pss:.0f}", f"{cpu:.2f}")))
    table.add_section()
    sums = {version: (sum(each.pss.values()) / MIB, sum(each.cpu.values()) * 100) for version, each in idle.items()}
    table.add_row("all", *(text for pss, cpu in sums.values() for text in (f"{pss:.0f}", f"{cpu:.2f}")))
    console.print(table)
    _starts(console, found)
    for kind, at in (("pss-mib", 0), ("idle-cpu-percent", 1)):
        ratio(console, f"footprint-{kind}:this", sums[THIS][at])
        if BEFORE in sums:
            ratio(console, f"footprint-{kind}:this/before", over(sums[THIS][at], sums[BEFORE][at]))


def _starts(console: Console, found: Mapping[str, Footprint]) -> None:
    table = _table("The start of a command in the terminal, medians", 2, ("command", "version", "CPU, ms", "time, ms"))
    for name in COMMANDS:
        for version, (_, starts) in found.items():
            table.add_row(name, version, f"{starts[name].cpu * 1000:.0f}", f"{starts[name].wall * 1000:.0f}")
    console.print(table)
    for name in COMMANDS:
        label = name.replace("--", "").replace(" ", "-")
        ratio(console, f"footprint-start-cpu-ms:{label}", found[THIS][1][name].cpu * 1000)


def _table(title: str, texts: int, columns: Iterable[str]) -> Table:
    """Return a table whose first columns are texts, and the others numbers."""
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < texts else "right", no_wrap=number < texts)
    return table


def _all(of: Iterable[Iterable[T]]) -> list[T]:
    """Return the names that any of these has, in their order."""
    return list(dict.fromkeys(name for each in of for name in each))


def _ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """Return the median of the rounds' ratios: a machine that is slow for minutes slows both sides of a round."""
    return median(over(first, second) for first, second in pairs)


def _per_second(each: Asked) -> float:
    return each.answers.per_second


def _p50(each: Asked) -> float:
    return each.answers.percentile(50)


def _p99(each: Asked) -> float:
    return each.answers.percentile(99)
