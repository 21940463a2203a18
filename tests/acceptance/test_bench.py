"""The bench of lone commands runs on a whole Rondo. How fast says nothing here."""

from dataclasses import replace

import pytest

from bench import footprint, lone
from bench import stack as whole
from bench.floor import WHOLE
from bench.ingress import MANY
from bench.stack import STACK, Running
from streams.topologies import DEFAULT, processes
from tests.acceptance.stack import Stack

PARTS = {"broker", "postgres", "registry", "api", STACK, *map(" ".join, processes(DEFAULT).values())}


@pytest.fixture
def running(stack: Stack) -> Running:
    """The stack as the bench sees it, with a user of its own."""
    user = stack.new_user()
    return replace(whole.of(stack.worker("core").ppid(), stack.data), user=user.id, token=user.token)


def test_a_command_is_measured_in_every_process_and_beside_the_floor(running: Running):
    found = lone.of("this", running, 0.3, lambda _: None)
    assert set(found.loops) == {1, MANY}
    for sent in (*found.loops.values(), *found.waits.values()):
        assert set(sent.cpu) == PARTS
        assert sent.answers.count > 0
    for each in found.floors.values():
        assert each[WHOLE] > 0


def test_each_process_of_an_idle_stack_has_memory_and_cpu(running: Running):
    found = footprint.idle(running, 0.2, lambda _: None)
    assert set(found.pss) == set(found.cpu) == PARTS
    assert all(pss > 1 << 20 for pss in found.pss.values())
