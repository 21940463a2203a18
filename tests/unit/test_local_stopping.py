"""How the stack stops: in its order, and whoever takes long is told of and waited for."""

import sys
import threading
from pathlib import Path

from local import directory, settings
from local.kafka import GRACE
from local.process import Command, Process
from local.stack import BROKER, Part, Stack

SLOW = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), sys.exit(7)))
print(flush=True)
time.sleep(60)
"""


def test_a_broker_that_takes_long_to_stop_is_told_of_and_waited_for(tmp_path: Path):
    command = Command("The broker", [sys.executable, "-c", SLOW], tmp_path / "log", grace=GRACE)
    broker = Process(command)
    broker.wait_until(lambda: b"\n" in command.log.read_bytes(), 10)
    said: list[str] = []
    with directory.held(tmp_path / "data", "embedded", 0) as held:
        stack = Stack(settings.load(), held, threading.Event())
        stack.parts[BROKER] = Part(BROKER, broker, lambda: broker)
        stack.stop(said.append, slow=0.2)
    assert broker.ended == 7
    assert said == ["The broker takes long to stop, and is waited for: 300 s at most."]
