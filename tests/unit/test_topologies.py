"""A grouping of stages that can't run is refused, with the reason in one sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local import ports
from streams.runtime.topology import WrongTopology
from streams.topologies import DEFAULT, STAGES, chosen, parsed, processes
from tests.worked import ROOT

ALONE = " ".join(STAGES)
WRONG = {
    "a stage twice": ("core=tasks,audit recurrence reminders audit notify views", "audit is in several topologies"),
    "a stage twice in one": ("core=tasks,audit,audit recurrence reminders notify views", "audit is in several"),
    "a stage missing": ("core=tasks,recurrence,audit notify views", "reminders is in no topology"),
    "a stage unknown": (f"{ALONE} gone", "gone is no stage"),
    "a name twice": ("one=tasks,recurrence one=reminders,audit notify views", "several topologies one"),
    "another stage's name": ("audit=tasks recurrence=recurrence,reminders,audit notify views", "name of a stage"),
    "a stage without a name": ("core=tasks,,audit recurrence reminders notify views", "core=tasks,,audit names no st"),
    "no stage": (f"{ALONE} core=", "core= names no stage"),
    "no name": ("=tasks,recurrence reminders audit notify views", "=tasks,recurrence has no name for the topology"),
    "a path as a name": ("../x=tasks recurrence reminders audit notify views", "../x is no name of a topology"),
    "a name of two parts": ("a/b=tasks recurrence reminders audit notify views", "a/b is no name of a topology"),
    "a name in capitals": ("Core=tasks recurrence reminders audit notify views", "Core is no name of a topology"),
    "a digit before": ("1a=tasks recurrence reminders audit notify views", "1a is no name of a topology"),
    "another alphabet": ("kärn=tasks recurrence reminders audit notify views", "kärn is no name of a topology"),
    "too long a name": (f"{'a' * 65}=tasks recurrence reminders audit notify views", "is no name of a topology"),
    "views with another": ("core=tasks,recurrence,reminders,audit,views notify", "groups views with others"),
    "notify with another": ("core=tasks,recurrence,reminders,audit,notify views", "groups notify with others"),
}


@pytest.mark.parametrize(("grouping", "why"), WRONG.values(), ids=WRONG)
def test_a_grouping_that_can_not_run_is_refused_in_one_sentence(grouping: str, why: str):
    with pytest.raises(WrongTopology, match=re.escape(why)) as refused:
        parsed(grouping)
    assert re.fullmatch(r"[^.]+\.", str(refused.value).replace("../", ""))


RONDO = str(Path(sys.prefix) / "bin" / "rondo")


@pytest.mark.parametrize(
    "command",
    [(RONDO, "worker"), (RONDO, "lag"), (sys.executable, "-m", "local", "up")],
    ids=lambda command: " ".join(command[-2:]),
)
def test_every_command_refuses_it_at_the_start(command: tuple[str, ...], tmp_path: Path):
    settings = {"RONDO_TOPOLOGIES": f"{ALONE} gone", "RONDO_DATA": str(tmp_path), "RONDO_KAFKA": "127.0.0.1:1"}
    settings |= {"RONDO_PORT": str(ports.choose(["api"], {})["api"])}
    settings |= {"RONDO_REGISTRY": "http://127.0.0.1:1", "RONDO_POSTGRES": "postgresql://nobody@127.0.0.1:1/none"}
    environment = os.environ | settings
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode != 0
    assert "gone is no stage: change RONDO_TOPOLOGIES." in told.stderr
    assert "Traceback" not in told.stderr


def test_by_default_stages_run_as_one_that_can_and_each_can_run_alone():
    assert {one.name: tuple(stage.name for stage in one.stages) for one in parsed("")} == DEFAULT
    assert [one.name for one in parsed(ALONE)] == [*STAGES]


def test_a_topology_is_chosen_by_its_name_or_by_that_of_a_stage():
    assert [one.name for one in chosen(parsed(""), ["audit", "views"])] == ["core", "views"]
    assert [one.name for one in chosen(parsed(""), ["core"])] == ["core"]


def test_a_topology_with_little_to_do_runs_in_the_process_of_another_where_that_runs():
    assert processes(DEFAULT) == {"core": ["core", "notify"], "views": ["views"]}
    assert processes(["views", "notify"]) == {"views": ["views"], "notify": ["notify"]}
    assert processes(one.name for one in parsed(ALONE)) == {stage: [stage] for stage in STAGES}
