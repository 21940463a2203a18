"""The real pipeline of this version and the one before: each measured by its own bench, in turn."""

import re
import subprocess
from collections.abc import Sequence

from bench.trial import Say
from bench.versions import Version
from bench.workload import Plan
from local.errors import Problem

Figures = dict[str, float]
"""What a bench prints for programs, by name."""
RATE, CPU = "pipeline-commands-per-second", "pipeline-cpu-us:all-stages"
_RATIO = re.compile(r"^ratio (\S+) (\S+)$", re.MULTILINE)


def measure(versions: Sequence[Version], plan: Plan, rounds: int, say: Say) -> list[dict[str, Figures]]:
    """Return for each round the figures of each version; each round begins with another version."""
    found: list[dict[str, Figures]] = []
    for number in range(rounds):
        found.append({})
        for version in versions[:: -1 if number % 2 else 1]:
            say(f"round {number + 1}, {version.name}")
            found[-1][version.name] = _of(version, plan)
    return found


def _of(version: Version, plan: Plan) -> Figures:
    numbers = {"--n": plan.size, "--warm": plan.warm, "--seed": plan.seed, "--rounds": 1}
    options = [text for name, number in numbers.items() for text in (name, str(number))]
    argv = [version.program("python"), "-m", "bench", "--parts", "pipeline", *options]
    done = subprocess.run(argv, cwd=version.root, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"The bench of the version {version.name} failed: {last}")
    return figures(done.stdout)


def figures(printed: str) -> Figures:
    """Return the figures in what a bench printed."""
    return {name: float(value) for name, value in _RATIO.findall(printed)}
