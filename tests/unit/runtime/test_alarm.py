"""A partition that stays closed, or an input of it that does nothing, says so once in a while."""

import structlog
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.alarm import SECONDS, WHOLE, Closed

INPUTS = ("task-events", "reminder-notices", None)
LINES = {"task-events": "task-events", "reminder-notices": "reminder-notices", None: "timers", WHOLE: "all"}


def lines(closed: Closed) -> list[tuple[str, int, str]]:
    with structlog.testing.capture_logs() as found:
        closed.report("tasks", 3)
    return [(line["input"], line["seconds"], line["cause"]) for line in found if line["log_level"] == "error"]


def told(closed: Closed) -> list[tuple[int, str]]:
    return [(seconds, cause) for _, seconds, cause in lines(closed)]


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


def test_being_open_for_a_moment_ends_no_alarm_and_a_committed_block_of_the_same_input_does():
    now = [0.0]
    closed = Closed(lambda: now[0])
    for second in range(100):
        now[0] = float(second)
        closed.opened()
        closed.failed(OSError("damaged"), "task-events")
    closed.opened()
    assert (closed.seconds, told(closed)) == (99, [(99, "OSError: damaged")])
    closed.worked("task-events")
    now[0] = 100.0
    closed.failed(OSError("again"), "task-events")
    assert (closed.seconds, told(closed)) == (0, [])


def test_an_error_of_opening_is_over_once_it_is_open():
    now = [0.0]
    closed = Closed(lambda: now[0])
    closed.failed(OSError("first"))
    now[0] = 80.0
    assert closed.is_long()
    closed.opened()
    assert (closed.seconds, closed.causes, told(closed)) == (0, [], [])
    now[0] = 3600.0
    closed.failed(OSError("second"))
    assert closed.seconds == 0


def test_an_input_that_waits_for_others_after_an_error_is_not_called_closed():
    now = [0.0]
    closed = Closed(lambda: now[0])
    closed.failed(OSError("once"), "task-events")
    closed.opened()
    now[0] = 3600.0
    assert (closed.seconds, told(closed)) == (0, [])


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(("failed", "failed whole", "opened", "looked")))))
def test_the_time_without_work_never_falls_until_there_is_work(events: list[tuple[int, str]]):
    now = [0.0]
    closed = Closed(lambda: now[0])
    closed.failed(OSError("first"), "task-events")
    looks = []
    for seconds, event in events:
        now[0] += seconds
        if event == "opened":
            closed.opened()
        elif event != "looked":
            closed.failed(OSError("again"), "task-events" if event == "failed" else WHOLE)
        looks.append(closed.seconds)
    assert looks == sorted(looks)


def test_a_partition_that_is_opened_for_the_first_time_is_not_called_closed():
    assert Closed(lambda: 1e6).seconds == 0


@given(st.sampled_from(INPUTS), st.lists(st.tuples(st.sampled_from((*INPUTS, WHOLE)), st.booleans()), max_size=8))
def test_an_input_that_fails_for_a_minute_is_reported_whatever_else_works_or_fails(failing, others):
    now = [0.0]
    closed = Closed(lambda: now[0])
    found = []
    while now[0] <= 10 * SECONDS:
        closed.failed(OSError("damaged"), failing)
        assert closed.seconds >= now[0]
        for other, works in others:
            if other == failing:
                continue
            if not works:
                closed.failed(OSError("elsewhere"), other)
                continue
            closed.opened()
            closed.worked(other)
        assert closed.seconds >= now[0]  # it does not flicker
        found += [seconds for name, seconds, _ in lines(closed) if name == LINES[failing]]
        now[0] += 1.5
    assert found == [60 * minute for minute in range(1, 11)]
    closed.worked(failing)
    assert "OSError: damaged" not in closed.causes
