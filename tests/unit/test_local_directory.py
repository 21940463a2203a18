"""What a data directory is refused for, and what it remembers."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from common import room
from local import directory, jars, postgres
from local.errors import Problem


def written(path: Path, **layout: object) -> Path:
    """A data directory with a layout.json that differs in one point from ours."""
    ours = {"layout": directory.LAYOUT, "stack": "embedded", "kafka": jars.KAFKA, "postgres": postgres.MAJOR}
    (path / "layout.json").write_text(json.dumps({**ours, **layout}))
    return path


def test_a_new_directory_is_made_and_held(tmp_path: Path):
    with directory.held(tmp_path / "new" / "data", "embedded") as held:
        assert directory.is_held(held.path)
    assert not directory.is_held(held.path)


def test_a_directory_is_held_once(tmp_path: Path):
    with (
        directory.held(tmp_path, "embedded"),
        pytest.raises(Problem, match=r"already runs on .* \(process \d+\): .* set RONDO_DATA"),
        directory.held(tmp_path, "embedded"),
    ):
        pass


def test_a_directory_can_be_held_again(tmp_path: Path):
    for _ in range(2):
        with directory.held(tmp_path, "embedded"):
            pass


@pytest.mark.parametrize(
    ("layout", "says"),
    [
        ({"postgres": 17}, "by PostgreSQL 17, but this is 18"),
        ({"kafka": "3.9.1"}, "by Kafka 3.9.1, but this is"),
        ({"kafka": "4.99.0"}, "by Kafka 4.99.0, but this is"),
        ({"layout": 99}, "in layout 99, but this Rondo uses layout 1"),
        ({"stack": "docker"}, "with STACK=docker, but STACK=embedded is requested"),
    ],
)
def test_a_directory_of_another_version_is_refused(tmp_path: Path, layout: dict[str, object], says: str):
    with (
        pytest.raises(Problem, match=f"{says}.* set RONDO_DATA"),
        directory.held(written(tmp_path, **layout), "embedded"),
    ):
        pass


def test_a_refused_directory_stays_as_it_was(tmp_path: Path):
    before = (written(tmp_path, postgres=17) / "layout.json").read_text()
    with pytest.raises(Problem), directory.held(tmp_path, "embedded"):
        pass
    assert (tmp_path / "layout.json").read_text() == before


def test_an_earlier_kafka_of_the_same_major_is_read(tmp_path: Path):
    with directory.held(written(tmp_path, kafka="4.0.0"), "embedded"):
        assert json.loads((tmp_path / "layout.json").read_text())["kafka"] == jars.KAFKA


versions = st.tuples(st.integers(3, 5), st.integers(0, 12), st.integers(0, 12)).map(
    lambda version: ".".join(map(str, version))
)


@given(versions, versions)
def test_two_versions_of_kafka_read_each_other_only_if_they_are_the_same(one: str, other: str):
    assume({one[:4], other[:4]} != {"4.2.", "4.3."})
    both = directory.readable(one, other) and directory.readable(other, one)
    assert both == (one == other)


def test_what_kafka_4_3_wrote_is_converted_and_read(tmp_path: Path):
    with directory.held(written(tmp_path, kafka="4.3.1"), "embedded"):
        assert json.loads((tmp_path / "layout.json").read_text())["kafka"] == jars.KAFKA


def test_a_file_in_the_place_of_the_directory_is_reported(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="can't be written"), directory.held(tmp_path / "file", "embedded"):
        pass


def test_nothing_is_started_on_a_disk_without_room(tmp_path: Path):
    with (
        pytest.raises(
            Problem, match=r"The disk of .* MiB free, and \d+ are needed. .* so nothing is started: free some"
        ),
        directory.held(tmp_path, "embedded", room.of(tmp_path).bytes * 2),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_directory_in_use_is_started_with_half_of_what_a_new_one_needs(tmp_path: Path):
    with directory.held(written(tmp_path), "embedded", int(room.of(tmp_path).bytes * 1.5)) as held:
        assert held.path == tmp_path


def test_secrets_are_made_once(tmp_path: Path):
    made = directory.Directory(tmp_path).secrets()
    assert directory.Directory(tmp_path).secrets() == made


def test_secrets_are_for_their_owner_only(tmp_path: Path):
    directory.Directory(tmp_path).secrets()
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_ports_are_remembered(tmp_path: Path):
    first = directory.Directory(tmp_path).ports(["broker", "registry"])
    assert directory.Directory(tmp_path).ports(["registry", "broker"]) == first


def test_ports_of_another_start_are_not_forgotten(tmp_path: Path):
    home = directory.Directory(tmp_path)
    first = home.ports(["broker"])
    home.ports(["registry"])
    assert home.ports(["broker"]) == first
