"""The stack waits for a part that takes long to stop, and to start again."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import directory, settings
from local.kafka import GRACE
from local.process import Command, Process
from local.stack import API, BROKER, Part, Stack

SLOW = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), sys.exit(7)))
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack of which nothing was started."""
    with directory.held(tmp_path / "data", "embedded", 0) as held:
        yield Stack(settings.load(), held, threading.Event())


def test_a_broker_that_takes_long_to_stop_is_reported_and_waited_for(stack: Stack, tmp_path: Path):
    command = Command("The broker", [sys.executable, "-c", SLOW], tmp_path / "log", grace=GRACE)
    broker = Process(command)
    broker.wait_until(lambda: b"\n" in command.log.read_bytes(), 10)
    said: list[str] = []
    stack.parts[BROKER] = Part(BROKER, broker, lambda: broker)
    stack.stop(said.append, slow=0.2)
    assert broker.ended == 7
    assert said == ["The broker is still stopping; it has 300 s at most."]


def test_parts_that_need_a_broker_are_excused_while_it_starts_again_and_no_longer(stack: Stack, tmp_path: Path):
    process = Process(Command("part", [sys.executable, "-c", ""], tmp_path / "log"))
    seen: list[bool] = []

    def again() -> Process:
        seen.append(stack.broker_starts())
        return process

    for name in (BROKER, API):
        stack.restart(Part(name, process, again))
    assert [*seen, stack.broker_starts()] == [True, False, False]
    process.stop()
