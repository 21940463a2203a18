"""What is told of running parts, and how soon one that ended starts again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.watch import Tail, is_warning, pause


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23T14:00:19.463 [main] WARN org.apache.kafka.clients.NetworkClient - closed",
        "2026-11-23 14:17:57.887 UTC [16805] FATAL:  the database system is not yet accepting connections",
        '{"event": "block failed", "level": "error"}',
        '{"level":"warning","event":"slow"}',
        "2026-11-23T14:00:00Z [warning  ] slow                 command=1",
        "ERROR:    Application startup failed. Exiting.",
    ],
)
def test_a_warning_is_told(line: str):
    assert is_warning(line)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23 14:00:10.055 UTC [7127] LOG:  database system is ready to accept connections",
        '{"event": "no error here", "level": "info"}',
        "2026-11-23T14:00:00Z [info     ] a warning was sent",
    ],
)
def test_all_else_stays_in_the_log(line: str):
    assert not is_warning(line)


def test_only_new_and_whole_lines_are_told(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("old\n")
    tail = Tail(log)
    with log.open("a") as file:
        file.write("one\ntwo\nthr")
    assert tail.lines() == ["one", "two"]


def test_a_line_is_told_once_it_is_whole(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("")
    tail = Tail(log)
    log.write_text("thr")
    tail.lines()
    log.write_text("three\n")
    assert tail.lines() == ["three"]


def test_a_log_that_moved_aside_is_read_from_its_start(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("much that is old\n")
    tail = Tail(log)
    log.write_text("new\n")
    assert tail.lines() == ["new"]


@given(st.integers(1, 1000))
def test_pauses_grow_up_to_half_a_minute(failures: int):
    assert 1 <= pause(failures) <= pause(failures + 1) <= 30
