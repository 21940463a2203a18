"""The places of logs of versions that gave Kafka the path, and what is refused."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import directory, kafka, paths, settings
from local.errors import Problem
from local.process import Command, Process
from schemas.topics import SHARED


def start(home: Path) -> None:
    """Start a broker for which there are no jars: it is refused before, or by Java."""
    kafka.start(home, home / "kafka", port=1, controller=2, log=home / "log")


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/home/me/data", {"/home/me/data"}),
        ("/home/Büro/data", {"/home/BÃ¼ro/data", "/home/B??ro/data"}),
        (r"/back\slash\temp\\x", {"/backslash\temp\\x"}),
        ("/a, b/data", {"/a", "b/data"}),
        ("/a#b=c:d!e", {"/a#b=c:d!e"}),
    ],
)
def test_kafka_read_a_path_as_properties_are_read(path: str, read: set[str]):
    assert set(paths.formerly_read(path)) == read


@pytest.mark.parametrize("wrong", ["BÃ¼ro", "B??ro"])
def test_a_log_that_an_earlier_version_wrote_elsewhere_is_reported_with_where_it_is(tmp_path: Path, wrong: str):
    elsewhere = tmp_path / wrong / "kafka" / "data"
    elsewhere.mkdir(parents=True)
    (elsewhere / "meta.properties").write_text("#\nversion=1\ncluster.id=kxWFYL\n")
    with pytest.raises(Problem) as raised:
        start(tmp_path / "Büro")
    assert str(raised.value) == (
        f"An earlier version of Rondo wrote the log of {tmp_path / 'Büro'} to {elsewhere}. Move that directory to"
        f" {tmp_path / 'Büro' / 'kafka' / 'data'}, then start again; otherwise a new log is started."
    )


def test_a_format_that_was_killed_is_begun_again(tmp_path: Path):
    for name in ("data", "data.new"):
        (tmp_path / "kafka" / name).mkdir(parents=True)
        (tmp_path / "kafka" / name / "bootstrap.checkpoint").touch()
    with pytest.raises(Problem, match="Kafka's storage tool ended"):
        start(tmp_path)
    assert not (tmp_path / "kafka" / "data").exists()


def test_a_log_without_its_identity_is_left_alone(tmp_path: Path):
    (tmp_path / "kafka" / "data" / "task-events-0").mkdir(parents=True)
    with pytest.raises(Problem, match=r"holds a log \(task-events-0 …\), but its meta.properties is missing"):
        start(tmp_path)
    assert (tmp_path / "kafka" / "data" / "task-events-0").is_dir()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Callable[[str], Process]]:
    """A function that starts a process with some code in place of a broker."""
    started: list[Process] = []

    def run(code: str) -> Process:
        started.append(Process(Command("The broker", [sys.executable, "-c", code], tmp_path / "log")))
        return started[-1]

    yield run
    for process in started:
        process.stop()


def test_a_topic_that_is_kept_elsewhere_is_reported(tmp_path: Path, broker: Callable[[str], Process]):
    idle = broker("import time; time.sleep(60)")
    with pytest.raises(Problem, match=f"keeps the topic {SHARED[0].name} outside {tmp_path / 'data'}"):
        kafka.check_place(idle, tmp_path, SHARED, patience=0.1)


def test_a_broker_that_takes_long_to_create_its_topics_is_waited_for(tmp_path: Path, broker: Callable[[str], Process]):
    homes = [str(tmp_path / "data" / f"{topic.name}-0") for topic in SHARED]
    slow = broker(
        f"import os, time\nfor home in {homes}: os.makedirs(home); print('created', flush=True); time.sleep(0.2)"
        "\ntime.sleep(60)"
    )
    kafka.check_place(slow, tmp_path, SHARED, patience=1)


def test_a_broker_that_ends_while_its_topics_are_looked_for_is_reported_with_its_log(
    tmp_path: Path, broker: Callable[[str], Process]
):
    with pytest.raises(Problem, match="The broker ended with status 3"):
        kafka.check_place(broker("raise SystemExit(3)"), tmp_path, SHARED)


def test_a_path_with_a_line_break_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_DATA", "line\nbreak")
    with pytest.raises(
        Problem, match=r"^The setting RONDO_DATA is not usable: A path may not contain a line break[^\n]*\.$"
    ):
        settings.load()


def test_a_path_that_leaves_no_room_below_is_refused_in_a_sentence(tmp_path: Path):
    path = tmp_path.joinpath(*["x" * 200] * 20)
    with (
        pytest.raises(Problem, match=r"path has .* bytes, and the system allows 3840"),
        directory.held(path, "embedded"),
    ):
        pass


def test_links_that_lead_in_a_circle_are_refused_in_a_sentence(tmp_path: Path):
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(Problem, match="can't be written"), directory.held(tmp_path / "circle", "embedded"):
        pass
