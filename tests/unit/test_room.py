"""The free disk space, and the mark below which it is too little."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from common import room
from common.room import MIB, Room
from tests.small_disk import small_disk


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_room_is_below_a_mark_or_is_not(free: int, mark: int):
    assert Room(free, None).is_below(mark) == (free < mark)


@given(st.integers(0, 10_000))
def test_a_file_that_can_be_made_counts_as_256_kib(files: int):
    assert Room(2**40, files).is_below(500 * MIB) == (files < 2000)


def test_what_is_scarcer_is_reported():
    assert Room(312 * MIB, None).describe(500 * MIB) == "312 MiB free, and 500 are needed"
    assert Room(900 * MIB, 3).describe(500 * MIB) == "room for 3 files, and 2000 are needed"


def test_what_is_not_there_yet_has_the_room_of_the_directory_above(tmp_path: Path):
    assert room.of(tmp_path / "not" / "yet").bytes > 0


def test_no_disk_of_a_data_directory_lacks_what_is_not_asked_for(tmp_path: Path):
    assert room.lack(tmp_path, 0) == ""


def test_a_part_on_a_disk_of_its_own_is_looked_at_too(tmp_path: Path):
    with small_disk(8 * MIB) as disk:
        (tmp_path / "kafka").symlink_to(disk.path)
        assert room.lack(tmp_path, 4 * MIB) == ""
        disk.fill()
        assert room.lack(tmp_path, 4 * MIB) == f"The disk of {tmp_path / 'kafka'} has 0 MiB free, and 4 are needed."


def test_a_disk_may_lack_files_alone():
    with small_disk(8 * MIB, files=10) as disk:
        assert room.lack(disk.path, 4 * MIB).endswith("files, and 16 are needed.")
