"""All ways over the same commands, round after round."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress, TaskID

from bench.stand import Stand
from bench.trial import Result, Say, measure, started
from bench.ways import Way
from bench.workload import Plan


@dataclass(frozen=True)
class Peers:
    """What is to be measured."""

    ways: tuple[Way, ...]
    plan: Plan
    rounds: int
    profile: Path | None = None

    def run(self, stand: Stand, progress: Progress) -> list[list[Result]]:
        """Return each round's results. The ways begin one place later in each round."""
        task = progress.add_task("peers", total=self.rounds * len(self.ways))
        rounds = []
        for number in range(self.rounds):
            first = number % len(self.ways)
            results = {}
            for way in self.ways[first:] + self.ways[:first]:
                say = partial(_say, progress, task, f"round {number + 1}, {way.name}")
                results[way.name] = self._measure(way, stand, say)
                progress.advance(task)
            rounds.append([results[way.name] for way in self.ways])
        return rounds

    def _measure(self, way: Way, stand: Stand, say: Say) -> Result:
        plan = Plan(self.plan.seed, int(self.plan.size * way.share), int(self.plan.warm * way.share))
        with started(way, stand, plan, say, self.profile) as running:
            return measure(running, say)


def _say(progress: Progress, task: TaskID, label: str, step: str) -> None:
    progress.update(task, description=f"{label}: {step}")
