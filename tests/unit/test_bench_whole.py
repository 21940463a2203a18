"""What the bench makes of a whole stack: its parts, what they hold, and whether a load lost anything."""

import os
import re
import sys
from io import StringIO
from subprocess import PIPE, Popen, run

import pytest
from rich.console import Console

from bench import costs, footprint, lone, stack, versions
from bench.bulk import CPU, RATE, figures
from bench.floor import WHOLE
from bench.footprint import COMMANDS, Idle, Start, pss_in
from bench.ingress import BARE, RONDO, Asked, Request
from bench.load import Answers
from bench.lone import Lone, Sent
from bench.stack import Running
from bench.trial import Wrong
from local.errors import Problem
from local.settings import ROOT


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["/usr/bin/java", "-Xmx512m", "kafka.Kafka", "server.properties"], "broker"),
        (["/opt/bin/postgres", "-D", "data"], "postgres"),
        (["python", "-m", "api"], "api"),
        (["python", "-m", "schemas.registry"], "registry"),
        (["/bin/python", "/bin/rondo", "worker", "tasks"], "tasks"),
        (["/bin/python", "/bin/rondo", "worker", "tasks", "audit"], "tasks audit"),
        (["/bin/python", "/bin/rondo", "worker"], "worker"),
        ([], "?"),
    ],
)
def test_a_part_is_named_by_its_command_line(argv: list[str], name: str):
    assert stack.part_of(argv) == name


def test_memory_is_the_proportional_share_that_linux_tells():
    assert pss_in("5581 ---p 00000000 [rollup]\nRss:   900 kB\nPss:   120 kB\nPss_Dirty: 80 kB\n") == 120 * 1024


WORKS = """
import subprocess, sys
print("ready", flush=True)
sys.stdin.readline()
subprocess.run([sys.executable, "-S", "-c", "sum(range(3_000_000))"])
print("done", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not footprint.can_run(), reason="only Linux reports the memory that processes share")
def test_a_part_has_the_cpu_of_its_children_also_of_those_that_ended():
    running = Running(os.getpid(), "", "", "", "", "")
    argv = [sys.executable, "-S", "-c", WORKS, "worker", "tasks"]
    with Popen(argv, stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as part:
        assert part.stdin and part.stdout  # noqa: PT018 - for the type checker alone
        assert part.stdout.readline() == "ready\n"
        before = running.cpu()["tasks"]
        part.stdin.write("go\n")
        assert part.stdout.readline() == "done\n"
        assert running.cpu()["tasks"] > before
        found = footprint.idle(running, 0.01, lambda _: None)
    assert {"tasks", stack.STACK} <= set(found.cpu)
    assert 1 << 20 < found.pss["tasks"] < found.pss[stack.STACK]


@pytest.mark.parametrize("accepted", [99, 101])
def test_a_command_too_few_or_too_many_makes_the_figures_invalid(accepted: int):
    with pytest.raises(Wrong, match=f"100 were answered by 201 or 202, and {accepted} accepted"):
        lone.check(100, 100, accepted, allows_overload=True)


def test_a_refusal_is_allowed_only_at_a_rate_that_does_not_wait():
    lone.check(100, 90, 95, allows_overload=True)
    with pytest.raises(Wrong, match="only 90 were answered by 202"):
        lone.check(100, 90, 90, allows_overload=False)


def printed(told: StringIO) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^ratio (\S+) (\S+)$", told.getvalue(), re.MULTILINE)}


def answers(milliseconds: float, status: int = 202, cpu: float = 0.01) -> Answers:
    return Answers({status: 100}, [milliseconds] * 100, 2.0, cpu)


def test_the_ingress_is_compared_within_each_round():
    def round_(slow: float) -> dict[tuple[str, str, int], Asked]:
        return {
            (server, "POST", 1): Asked(
                Request(server, "POST", 1, b"", 202),
                1,
                answers(slow * times),
                {server: slow * times, "broker": 1.0, "postgres": 0.0, "load": 0.1},
            )
            for server, times in ((RONDO, 2.0), (BARE, 1.0))
        }

    told = StringIO()
    costs.asked(Console(file=told, width=120), [round_(1.0), round_(7.0)])
    assert printed(told) == {
        "ingress-post-cpu:rondo/bare@1": 2.0,
        "ingress-post-p50:rondo/bare@1": 2.0,
        "ingress-post-requests-per-second:rondo/bare@1": 1.0,
    }


def test_a_lone_command_is_compared_with_the_version_before_though_its_processes_are_others():
    def of(version: str, cpu: dict[str, float]) -> Lone:
        floor = {"HTTP": 1.0, WHOLE: 4.0}
        return Lone(version, {1: Sent(answers(3.0), cpu)}, {20: Sent(answers(8.0, 201), cpu)}, {20: floor})

    rounds = [{"this": of("this", {"worker": 0.3}), "before": of("before", {"tasks": 0.4, "audit": 0.2})}]
    told = StringIO()
    costs.passed_alone(Console(file=told, width=120), rounds)
    assert printed(told) == {
        "lone-cpu-us:this@1": 3000.0,
        "lone-cpu:this/before@1": 0.5,
        "lone-wait-p50:this/floor@20": 2.0,
    }
    assert re.search(r"worker +│ +3,000 │ +0", told.getvalue())
    assert re.search(r"audit +│ +0 │ +2,000", told.getvalue())
    assert "100.0%" in told.getvalue()


def test_the_pipeline_is_compared_with_the_version_before_by_what_each_bench_prints():
    def of(rate: int) -> dict[str, float]:
        return figures(f"The real pipeline …\nratio {RATE} {rate}.000\nratio {CPU} {600 - rate}.000\n")

    told = StringIO()
    costs.passed_in_bulk(Console(file=told, width=120), [{"this": of(400), "before": of(200)}])
    assert printed(told) == {"bulk-commands-per-second:this/before": 2.0, "bulk-cpu:this/before": 0.5}


def test_footprints_are_summed_over_the_processes():
    def of(times: int) -> tuple[Idle, dict[str, Start]]:
        idle = Idle({"api": times << 20, "broker": times << 20}, {"api": 0.01 * times, "broker": 0.0})
        return idle, dict.fromkeys(COMMANDS, Start(0.1, 0.2))

    told = StringIO()
    costs.footprints(Console(file=told, width=120), {"this": of(1), "before": of(2)})
    assert printed(told) == {
        "footprint-pss-mib:this": 2.0,
        "footprint-pss-mib:this/before": 0.5,
        "footprint-idle-cpu-percent:this": 1.0,
        "footprint-idle-cpu-percent:this/before": 0.5,
        "footprint-start-cpu-ms:rondo-help": 100.0,
        "footprint-start-cpu-ms:rondo-list": 100.0,
    }


def test_a_version_before_that_is_no_commit_is_refused_in_a_sentence_and_leaves_no_worktree():
    with (
        pytest.raises(Problem, match="The version before can't be checked out at no-such-commit: "),
        versions.versions("no-such-commit"),
    ):
        pass
    listed = run(["git", "-C", str(ROOT), "worktree", "list"], capture_output=True, text=True, check=False)
    assert "rondo-before-" not in listed.stdout
