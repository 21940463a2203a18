"""`rondo bulk`, at a terminal and in a script."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.client.scripted import Says, Scripted
from tests.unit.client.tasks import BULK

NONE_COUNTED, SOME_COUNTED = Says(200, {"tasks": 0}), Says(200, {"tasks": 3})
NONE_CHANGED = Says(200, BULK | {"tasks": 0, "chunks": 1, "decided": 1, "changed": 0, "refused": 0})
COMPLETE = ("bulk", "complete", "--filter", "#errands")


@pytest.fixture
def terminal() -> Iterator[int]:
    """A terminal to type at, that answers no to everything: its standard input."""
    master, slave = os.openpty()
    os.write(master, b"n\n")
    yield slave
    os.close(master)
    os.close(slave)


def typed(api: Scripted, home: Path, stdin: int, *words: str) -> tuple[int, str]:
    """The status of a command, and its standard output."""
    of_its_own = {"RONDO_API": api.url, "RONDO_TOKEN": "token", "HOME": str(home), "XDG_STATE_HOME": str(home)}
    rondo = [Path(sys.executable).with_name("rondo"), *words]
    done = subprocess.run(rondo, stdin=stdin, capture_output=True, text=True, check=False, env=os.environ | of_its_own)
    return done.returncode, done.stdout


@pytest.mark.parametrize(("words", "says"), [((), NONE_COUNTED), (("--yes",), NONE_CHANGED)], ids=["asked", "--yes"])
def test_a_filter_that_finds_nothing_is_reported_and_is_done(
    tmp_path: Path, terminal: int, words: tuple[str, ...], says: Says
):
    with Scripted(says) as api:
        assert typed(api, tmp_path, terminal, *COMPLETE, *words) == (0, "No tasks found.\n")


@pytest.mark.parametrize(("words", "says"), [((), NONE_COUNTED), (("--yes",), NONE_CHANGED)], ids=["asked", "--yes"])
def test_that_nothing_was_found_is_json_where_that_was_asked_for(
    tmp_path: Path, terminal: int, words: tuple[str, ...], says: Says
):
    with Scripted(says) as api:
        status, out = typed(api, tmp_path, terminal, *COMPLETE, *words, "--json")
    assert (status, '"tasks": 0' in out) == (0, True)


def test_who_says_no_has_nothing_done(tmp_path: Path, terminal: int):
    with Scripted(SOME_COUNTED) as api:
        status, _ = typed(api, tmp_path, terminal, *COMPLETE)
    assert (status, [request.path for request in api.asked]) == (1, ["/v1/bulks/count"])


def test_a_step_of_undo_says_how_many_tasks_a_bulk_has_really_changed(tmp_path: Path, terminal: int):
    with Scripted(Says(200, BULK | {"tasks": 6, "chunks": 1, "decided": 1, "changed": 1, "refused": 0})) as api:
        typed(api, tmp_path, terminal, *COMPLETE, "--yes")
    [kept] = [json.loads(file.read_text()) for file in tmp_path.rglob("undo-*.json")]
    assert kept == [["bulk", [BULK["id"]], "Completed 1 task"]]
