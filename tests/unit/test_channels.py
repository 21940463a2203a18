"""Where notifications go."""

import subprocess
import sys

import pytest

DELIVER = """
import asyncio
from schemas import logs
from schemas.records import Notification, Step
from streams.channels import deliver
from streams.settings import Settings
logs.configure({level!r})
claim = Notification("id", "user", 0, "command", "task", Step.CLAIMED, 1, "log", "Water the plants", 0)
asyncio.run(deliver(Settings(kafka="k", registry="r"), claim))
"""


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_reminder_is_in_the_log_whatever_else_is_logged(level: str):
    done = subprocess.run(
        [sys.executable, "-c", DELIVER.format(level=level)], capture_output=True, text=True, check=True
    )
    assert "Water the plants" in done.stderr
