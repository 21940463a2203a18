"""A partition that stays closed says so, once in a while."""

import structlog

from streams.runtime.alarm import Closed


def told(closed: Closed) -> list[tuple[int, str]]:
    with structlog.testing.capture_logs() as lines:
        closed.tell("tasks", 3)
    return [(line["seconds"], line["cause"]) for line in lines if line["log_level"] == "error"]


def test_a_partition_that_is_closed_for_a_minute_says_so_once_a_minute_with_the_last_cause():
    now = [100.0]
    closed = Closed(lambda: now[0])
    closed.failed(OSError("away"))
    found = []
    for second in range(150):
        now[0] = 100.0 + second
        closed.failed(OSError(f"away {second}"))
        found += told(closed)
    assert found == [(60, "OSError: away 60"), (120, "OSError: away 120")]


def test_being_open_for_a_moment_ends_no_alarm_and_a_committed_block_does():
    now = [0.0]
    closed = Closed(lambda: now[0])
    for second in range(100):
        now[0] = float(second)
        closed.opened()
        assert closed.seconds == 0
        closed.failed(OSError("damaged"))
    assert told(closed) == [(99, "OSError: damaged")]
    closed.opened()
    closed.worked()
    now[0] = 100.0
    closed.failed(OSError("again"))
    assert (closed.seconds, told(closed)) == (0, [])


def test_an_error_long_after_the_last_one_begins_anew():
    now = [0.0]
    closed = Closed(lambda: now[0])
    closed.failed(OSError("first"))
    closed.opened()
    now[0] = 3600.0
    closed.failed(OSError("second"))
    assert closed.seconds == 0


def test_a_partition_that_is_opened_for_the_first_time_is_not_called_closed():
    assert Closed(lambda: 1e6).seconds == 0
