"""Every stage is one that the runtime, Faust's own command line and the stack find."""

import ast
from collections.abc import Iterator

import pytest
from faust.cli.base import find_app

from streams.runtime import Topology
from streams.topologies import STAGES, find
from tests.worked import ROOT


@pytest.mark.parametrize("name", STAGES)
def test_fausts_own_command_line_finds_a_stage_and_an_agent_for_each_of_its_inputs(name: str):
    agents = find_app(f"streams.{name}").agents.values()
    inputs = [topic.name for topic in Topology.of(find(name)).reads]
    assert sorted(agent.channel.get_topic_name() for agent in agents) == sorted(inputs)


def listed(source: str) -> Iterator[set[str]]:
    """The texts of each tuple, list and set that a module writes out, and of those that a dict groups."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield texts(node)
        elif isinstance(node, ast.Dict):
            groups = [value for value in node.values if isinstance(value, ast.Tuple | ast.List | ast.Set)]
            yield set().union(*map(texts, groups))


def texts(literal: ast.Tuple | ast.List | ast.Set) -> set[str]:
    return {str(each.value) for each in literal.elts if isinstance(each, ast.Constant)}


def test_stages_are_listed_in_one_place():
    """One or two may be left out by intent: then it is said which."""
    listing = [
        file
        for file in ROOT.glob("[!.]*/**/*.py")
        if any(len({*STAGES} - found) < 2 for found in listed(file.read_text()))
    ]
    assert [str(file.relative_to(ROOT)) for file in listing] == ["streams/topologies.py"]
