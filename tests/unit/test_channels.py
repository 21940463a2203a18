"""Where notifications go."""

import subprocess
import sys
from pathlib import Path

import pytest

from schemas.records import Notification, Step
from streams.channels import deliver
from streams.settings import Settings
from tests.integration.pipeline.receiver import Receiver

DELIVER = """
import asyncio
from schemas import logs
from schemas.records import Notification, Step
from streams.channels import deliver
from streams.settings import Settings
logs.configure({level!r})
claim = Notification("id", "user", 0, "command", "task", Step.CLAIMED, 1, "log", "Water the plants", 0)
print(asyncio.run(deliver(Settings(kafka="k", registry="r"), claim)))
"""


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_reminder_is_in_the_log_whatever_else_is_logged(level: str):
    done = subprocess.run(
        [sys.executable, "-c", DELIVER.format(level=level)], capture_output=True, text=True, check=True
    )
    assert "Water the plants" in done.stderr


async def test_a_receiver_may_take_longer_to_answer_than_a_client_waits_by_default():
    claim = Notification("id", "user", 0, "command", "task", Step.CLAIMED, 1, "webhook", "Water the plants", 0)
    with Receiver(seconds=5.5) as receiver:
        settings = Settings(kafka="", registry="", data=Path(), webhook=receiver.url)
        assert await deliver(settings, claim) is None


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
def test_a_reminder_that_the_log_does_not_take_is_not_delivered(stderr: str) -> None:
    command = ["bash", "-c", f'exec "$0" -c "$1" {stderr}', sys.executable, DELIVER.format(level="info")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert done.stdout.startswith("OSError: ")
