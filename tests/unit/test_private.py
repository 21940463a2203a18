"""A data directory is its owner's alone."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import directory
from local.process import Command, Process
from tests.strangers import readable

NOTE = "nobody's business"
MADE = ("kafka/data/task-events-0/0.log", "postgres/base/5/1", "state/c/tasks/0/1.sst", "logs/api.log", "secrets.json")


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that everybody may pass through, as the homes of a machine are. (Pytest's own is closed.)"""
    path = Path(tempfile.mkdtemp(prefix="rondo-private-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def as_an_earlier_version_left_it(data: Path) -> Path:
    for name in MADE:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(NOTE)
    for path in (data, *data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return data


def test_a_stranger_reads_what_an_earlier_version_left_until_it_is_started_again(home: Path):
    data = as_an_earlier_version_left_it(home / "data")
    assert {path.relative_to(data).as_posix() for path in readable(data)} == set(MADE)
    with directory.held(data, "embedded", 0) as held:
        assert held.close() == []
        assert readable(data) == []


def test_a_data_directory_may_be_passed_through_and_its_children_not(home: Path):
    with directory.held(as_an_earlier_version_left_it(home / "data"), "embedded", 0) as held:
        held.close()
        assert stat.S_IMODE(held.path.stat().st_mode) == 0o711
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in held.path.iterdir()}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


def test_a_new_data_directory_may_be_passed_through_and_not_be_listed(home: Path):
    with directory.held(home / "new" / "data", "embedded", 0) as held:
        assert stat.S_IMODE(held.path.stat().st_mode) == 0o711


def test_what_is_closed_already_stays_so_and_what_is_not_rondos_is_left_alone(home: Path):
    data = as_an_earlier_version_left_it(home / "data")
    data.chmod(0o700)
    (data / "photos").mkdir(0o755)
    with directory.held(data, "embedded", 0) as held:
        held.close()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "photos").stat().st_mode) == 0o755


def test_a_directory_that_everybody_writes_to_is_left_as_it_is(home: Path):
    home.chmod(0o1777)
    with directory.held(home, "embedded", 0) as held:
        held.close()
    assert stat.S_IMODE(home.stat().st_mode) == 0o1777


MAKES = "import os; os.makedirs('made/below'); open('made/below/file', 'w').write('x')"


def test_what_the_stacks_processes_make_is_their_owners_alone(home: Path):
    (home / "logs").mkdir()
    Process(Command("It", [sys.executable, "-c", MAKES], home / "new" / "it.log", cwd=home)).wait()
    assert readable(home) == []
    assert stat.S_IMODE((home / "new").stat().st_mode) == 0o700


def test_a_program_that_is_not_rondos_gets_none_of_its_settings(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_WEBHOOK", "https://user:password@example.org")
    environments = []
    for foreign in (True, False):
        log = home / f"{foreign}.log"
        Process(Command("It", [sys.executable, "-c", "import os; print(os.environ)"], log, foreign=foreign)).wait()
        environments.append("RONDO_WEBHOOK" in log.read_text())
    assert environments == [False, True]


WORKER = """
import sys
from streams import worker
worker.serve = lambda *_: open(f"{sys.argv[1]}/state/made", "w").close()
worker.run(["core"])
"""


def test_a_worker_that_is_started_by_itself_closes_its_state(home: Path):
    (home / "state").mkdir()
    (home / "state").chmod(0o755)
    settings = {"RONDO_KAFKA": "127.0.0.1:1", "RONDO_REGISTRY": "http://127.0.0.1:1", "RONDO_DATA": str(home)}
    subprocess.run([sys.executable, "-c", WORKER, str(home)], check=True, env={**os.environ, **settings})
    assert [stat.S_IMODE(path.stat().st_mode) for path in (home, home / "state")] == [0o711, 0o700]
    assert stat.S_IMODE((home / "state" / "made").stat().st_mode) == 0o600
