"""Every stage is one that the runtime, Faust's own command line and the stack find."""

import ast

import pytest
from faust.cli.base import find_app

from streams.worker import STAGES, find
from tests.worked import ROOT


@pytest.mark.parametrize("name", STAGES)
def test_fausts_own_command_line_finds_a_stage_and_an_agent_for_each_of_its_inputs(name: str):
    agents = find_app(f"streams.{name}").agents.values()
    assert sorted(agent.channel.get_topic_name() for agent in agents) == sorted(find(name).inputs)


def listed(source: str) -> list[set[str]]:
    """The texts of each tuple, list and set that a module writes out."""
    literals = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Tuple | ast.List | ast.Set))
    return [{str(each.value) for each in one.elts if isinstance(each, ast.Constant)} for one in literals]


def test_stages_are_listed_in_one_place():
    """One or two may be left out by intent: then it is said which."""
    listing = [
        file
        for file in ROOT.glob("[!.]*/**/*.py")
        if any(len({*STAGES} - texts) < 2 for texts in listed(file.read_text()))
    ]
    assert [str(file.relative_to(ROOT)) for file in listing] == ["streams/worker.py"]
