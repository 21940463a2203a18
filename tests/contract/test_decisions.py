"""What is decided changes only with a new decision version."""

import pytest

from domain.decision import DECIDABLE
from schemas.topics import TASK_COMMANDS, TASK_EVENTS
from tests.contract.decisions import COMMANDS, decisions, recorded
from tests.unit.domain.given import LIFECYCLES, lived

CHANGED = (
    "A decision changed. Give domain/decision.py a new VERSION, keep what DECIDABLE versions decide, "
    "and run python -m tests.contract.decisions."
)


@pytest.mark.parametrize("version", DECIDABLE)
def test_every_command_leads_in_every_state_to_what_it_led_to(version):
    now, then = decisions(version), recorded(version)
    assert {name: told for name, told in now.items() if then.get(name) != told} == {}, CHANGED
    assert not then.keys() - now.keys(), "A case was taken away: its output is on somebody's log."


def test_every_command_and_every_event_is_among_the_cases():
    of_lives = {type(command) for of in LIFECYCLES for command in lived(of).values()}
    assert {type(command()) for command in COMMANDS.values()} | of_lives == set(TASK_COMMANDS.records)
    told = {line.split()[0] for lines in recorded(DECIDABLE[-1]).values() for line in lines}
    assert {record.__name__ for record in TASK_EVENTS.records} <= told
