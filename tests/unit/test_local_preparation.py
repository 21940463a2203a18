"""Steps of a start that run in a process of their own, and what the one that watches does without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.errors import Problem
from local.ports import HOST, choose
from local.preparation import Preparation
from local.settings import ROOT

HEAVY = {"faust", "fastapi", "aiohttp", "sqlalchemy", "alembic", "asyncpg", "streams.runtime"}
"""What only the steps, and the parts themselves, need."""
_STARTED = """
import sys, threading
from local import command, directory, settings
from local.stack import Stack
chosen = settings.load()
Stack(chosen, directory.Directory(chosen.data), threading.Event())
print(*sys.modules)
"""


def test_the_process_that_watches_imports_nothing_that_only_the_steps_need(tmp_path: Path):
    argv = [sys.executable, "-c", _STARTED]
    environment = {**os.environ, "RONDO_DATA": str(tmp_path)}
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "local.stack" in done.stdout.split()
    assert HEAVY.isdisjoint(done.stdout.split())


def test_a_step_that_fails_says_why_and_the_next_one_runs():
    nowhere = f"{HOST}:{choose(['nobody'], {})['nobody']}"
    with Preparation() as preparation:
        for _ in range(2):
            with pytest.raises(Problem, match=r"^The tables in Postgres could not be migrated .*refused"):
                preparation.run("views", f"postgresql://user:password@{nowhere}/rondo")


def test_a_step_whose_process_has_ended_is_a_problem():
    with Preparation() as preparation:
        for _ in range(2):
            with pytest.raises(Problem, match=r"^Preparing nonsense ended with an error"):
                preparation.run("nonsense")
