"""The measurements: peers on the same commands, their latency, a restore, the real pipeline, and a command's cost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import bulk as many
from bench import costs, report, trial
from bench import footprint as resting
from bench import ingress as asking
from bench import latency as latencies
from bench import lone as single
from bench import pipeline as whole
from bench import restore as restoring
from bench.implementations import IMPLEMENTATIONS, Implementation
from bench.services import Services
from bench.trial import Result, Say, started
from bench.versions import versions
from bench.workload import Plan

RATES = (50, 500)
"""Commands per second."""


@dataclass(frozen=True)
class Bench:
    """What to measure, and where to print it."""

    console: Console
    implementations: tuple[Implementation, ...]
    plan: Plan
    rounds: int
    seconds: float
    profile: Path | None = None
    before: str | None = None  # the commit that this version is compared with

    @contextmanager
    def steps(self, total: int) -> Iterator["Steps"]:
        """Show a progress bar of ``total`` steps."""
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task("", total=total)
            yield Steps(
                lambda text: progress.update(task, description=text),
                lambda: progress.advance(task),
            )


@dataclass(frozen=True)
class Steps:
    """A progress bar: ``say`` describes the current step, ``advance`` completes it."""

    say: Say
    advance: Callable[[], None]

    def under(self, label: str) -> Say:
        """Return a ``say`` that prefixes a label."""
        return lambda text: self.say(f"{label}: {text}")


def peers(bench: Bench, services: Services) -> None:
    """Measure all implementations in rounds, each of which begins with another one."""
    rounds = []
    with bench.steps(bench.rounds * len(bench.implementations)) as steps:
        for number in range(bench.rounds):
            first = number % len(bench.implementations)
            results = {}
            for way in bench.implementations[first:] + bench.implementations[:first]:
                results[way.name] = _measure(bench, way, services, steps.under(f"round {number + 1}, {way.name}"))
                steps.advance()
            rounds.append([results[way.name] for way in bench.implementations])
    report.peers(bench.console, rounds)


def _measure(bench: Bench, way: Implementation, services: Services, say: Say) -> Result:
    with started(way, services, way.share_of(bench.plan), say, bench.profile) as running:
        return trial.measure(running, say)


def latency(bench: Bench, services: Services) -> None:
    """Measure at each rate the latency of the implementations that go from the log to Postgres."""
    ways = [way for way in bench.implementations if way.share == 1 and way.reads_the_log and way.reaches_postgres]
    found = []
    with bench.steps(len(ways) * len(RATES)) as steps:
        for way in ways:
            with started(way, services, bench.plan, steps.under(way.name)) as running:
                for rate in RATES:
                    found.append(latencies.measure(running, rate, bench.seconds, steps.under(way.name)))
                    steps.advance()
    report.latencies(bench.console, found)


def restore(bench: Bench, services: Services) -> None:
    """Run the commands through the runtime, then restore its state on a new disk."""
    with (
        bench.steps(1) as steps,
        started(IMPLEMENTATIONS["runtime"], services, bench.plan, steps.under("restore")) as running,
    ):
        trial.measure(running, steps.under("restore"))
        found = restoring.measure(running)
    report.restored(bench.console, found)


def pipeline(bench: Bench, services: Services) -> None:
    """Measure the real stages, with a tenth of the commands per round."""
    plan = Plan(bench.plan.seed, bench.plan.size // 10, bench.plan.warm // 10)
    with bench.steps(1) as steps:
        rounds = whole.measure(services, plan, bench.rounds, steps.under("pipeline"), bench.profile)
    report.passed(bench.console, rounds)


def ingress(bench: Bench, services: Services) -> None:
    """Measure the API beside a bare route, without stages."""
    with bench.steps(1) as steps:
        rounds = asking.measure(services, bench.seconds, bench.rounds, steps.under("ingress"))
    costs.asked(bench.console, rounds)


def bulk(bench: Bench) -> None:
    """Measure the real pipeline of this version and the one before, each by its own bench."""
    with bench.steps(1) as steps, versions(bench.before) as compared:
        rounds = many.measure(compared, bench.plan, bench.rounds, steps.under("bulk"))
    costs.passed_in_bulk(bench.console, rounds)


def lone(bench: Bench) -> None:
    """Measure whole stacks, of this version and the one before, by commands that come alone and by many."""
    with bench.steps(1) as steps, versions(bench.before) as compared:
        rounds = single.measure(compared, bench.seconds, bench.rounds, steps.under("lone"))
    costs.passed_alone(bench.console, rounds)


def footprint(bench: Bench) -> None:
    """Measure the idle stacks of this version and the one before, for twice the seconds, and the terminal's start."""
    if not resting.can_run():
        bench.console.print("footprint is skipped: only Linux reports the memory that processes share.")
        return
    with bench.steps(1) as steps, versions(bench.before) as compared:
        found = resting.measure(compared, 2 * bench.seconds, steps.under("footprint"))
    costs.footprints(bench.console, found)


PARTS: dict[str, Callable[[Bench, Services], None]] = {
    "peers": peers,
    "latency": latency,
    "restore": restore,
    "pipeline": pipeline,
    "ingress": ingress,
}
"""The parts that share one broker and Postgres."""
WHOLE: dict[str, Callable[[Bench], None]] = {"bulk": bulk, "lone": lone, "footprint": footprint}
"""The parts that start whole stacks, with nothing beside them."""
