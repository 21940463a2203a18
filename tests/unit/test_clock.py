"""A process notices that its clock jumps, and tells it for an hour."""

import pytest
from structlog.testing import capture_logs

from schemas.kafka.clock_watch import ClockWatch


class Clocks:
    """A wall clock and a steady one, in seconds."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.steady = 1_000.0

    def go_on(self, seconds: float, wall: float | None = None) -> None:
        self.steady += seconds
        self.wall += seconds if wall is None else wall


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def watch(clocks: Clocks) -> ClockWatch:
    return ClockWatch("nowhere:1", "test", lambda: clocks.wall, lambda: clocks.steady)


def test_time_that_passes_is_no_jump(watch: ClockWatch, clocks: Clocks):
    for seconds in (1, 3600, 86_400):  # also where nobody looked for a day, as on a machine that slept
        clocks.go_on(seconds)
        assert not watch.look()
    assert watch.warnings() == []


def test_a_clock_that_is_slewed_does_not_jump(watch: ClockWatch, clocks: Clocks):
    for _ in range(100):
        clocks.go_on(1, wall=1.5)
        assert not watch.look()


@pytest.mark.parametrize(("seconds", "way"), [(7200, "on by 7200 s"), (-86_400, "back by 86400 s")])
def test_a_jump_is_reported_for_an_hour(watch: ClockWatch, clocks: Clocks, seconds: float, way: str):
    clocks.go_on(5, wall=5 + seconds)
    with capture_logs() as logged:
        assert watch.look()
        assert not watch.look()
    assert [(entry["event"], entry["seconds"]) for entry in logged] == [("clock jumped", seconds)]
    clocks.go_on(60)
    assert watch.warnings() == [f"The clock was set {way}, 60 s ago."]
    clocks.go_on(3600)
    assert watch.warnings() == []
    assert watch.jumps == 1


@pytest.mark.parametrize(("ahead", "said"), [(61, "61 s ahead of"), (-7200, "7200 s behind")])
def test_a_clock_that_differs_from_the_brokers_is_reported_as_long_as_it_does(
    watch: ClockWatch, ahead: float, said: str
):
    watch.ahead = ahead
    assert watch.warnings() == [f"The clock is {said} the broker's. Set whichever is wrong."]
    watch.ahead = 59
    assert watch.warnings() == []


async def test_a_broker_that_is_away_leaves_what_was_known(watch: ClockWatch):
    watch.ahead = 61
    await watch.ask()
    assert watch.ahead == 61
