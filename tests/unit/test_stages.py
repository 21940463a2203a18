"""Every stage is one that the runtime, Faust's own command line and the stack find."""

import pytest
from faust.cli.base import find_app

from streams.worker import STAGES, find


@pytest.mark.parametrize("name", STAGES)
def test_fausts_own_command_line_finds_a_stage_and_an_agent_for_each_of_its_inputs(name: str):
    agents = find_app(f"streams.{name}").agents.values()
    assert sorted(agent.channel.get_topic_name() for agent in agents) == sorted(find(name).inputs)
