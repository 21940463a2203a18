"""All ways over the same commands, round after round."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress, TaskID

from bench.stand import Stand
from bench.trial import Result, Say, measure, started
from bench.ways import Way
from bench.workload import seeded

_WARM_SEED = 1_000_003  # added to the seed: other users, other tasks


@dataclass(frozen=True)
class Plan:
    """What is to be measured."""

    ways: tuple[Way, ...]
    size: int
    rounds: int
    warm: int
    seed: int
    profile: Path | None = None


def run(plan: Plan, stand: Stand, progress: Progress) -> list[list[Result]]:
    """Return each round's results. The ways begin one place later in each round."""
    task = progress.add_task("peers", total=plan.rounds * len(plan.ways))
    rounds = []
    for number in range(plan.rounds):
        first = number % len(plan.ways)
        results = {}
        for way in plan.ways[first:] + plan.ways[:first]:
            say = partial(_say, progress, task, f"round {number + 1}, {way.name}")
            results[way.name] = _measure(plan, way, stand, say)
            progress.advance(task)
        rounds.append([results[way.name] for way in plan.ways])
    return rounds


def _measure(plan: Plan, way: Way, stand: Stand, say: Say) -> Result:
    say("making commands")
    work = seeded(plan.seed, int(plan.size * way.share))
    warm = seeded(plan.seed + _WARM_SEED, int(plan.warm * way.share))
    with started(way, stand, warm, say, plan.profile) as running:
        return measure(running, work, say)


def _say(progress: Progress, task: TaskID, label: str, step: str) -> None:
    progress.update(task, description=f"{label}: {step}")
