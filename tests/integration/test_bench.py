"""The bench runs: every way that needs no Maven, every part, with a few commands. How fast says nothing here."""

import re
import subprocess
import sys

import pytest

from local.settings import ROOT

WAYS = ("runtime", "faust", "consume-produce", "postgres-alone")
PARTS = ("peers", "latency", "restore", "pipeline", "ingress")


@pytest.fixture(scope="module")
def told() -> dict[str, float]:
    """The figures that a quick bench prints. It fails where a way's table is not the fold of its commands."""
    argv = [sys.executable, "-m", "bench", "--quick", "--ways", ",".join(WAYS), "--parts", ",".join(PARTS)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: float(value) for name, value in re.findall(r"^ratio (\S+) (\S+)$", done.stdout, re.MULTILINE)}


@pytest.mark.parametrize(
    "name",
    [
        *(f"rows:runtime/{way}" for way in WAYS[1:]),
        *(f"latency-p99-ms:runtime@{rate}" for rate in (50, 500)),
        "restore-keys-per-second",
        "pipeline-cpu-us:all-stages",
        "pipeline-commands-per-second",
        *(f"ingress-post-{kind}:rondo/bare@{of}" for kind in ("cpu", "p50", "requests-per-second") for of in (1, 32)),
        *(f"ingress-get-{kind}:rondo/bare@1" for kind in ("cpu", "p50", "requests-per-second")),
    ],
)
def test_the_bench_tells_a_figure(told: dict[str, float], name: str):
    assert told[name] > 0
