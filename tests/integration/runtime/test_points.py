"""The points at which tests make a worker fail are all there, and a test that misses its own fails."""

from contextlib import ExitStack
from functools import partial

import pytest

from streams.runtime.failpoints import Point, armed
from tests.integration.runtime.counting import Counting, Log, command, prepared, running
from tests.integration.runtime.faults import failing, nothing, passing, pausing

ELSEWHERE = {Point.STATED, Point.ROWS_COMMITTED, Point.DELIVERED}
"""What only a stage that writes Postgres passes, or one that sends."""


async def test_a_task_passes_every_point_in_order(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    passed: list[Point] = []

    async def take(point: Point) -> None:
        passed.append(point)

    with ExitStack() as points:
        for point in Point:
            points.enter_context(armed(counting.stage.name, point, partial(take, point)))
        async with running(counting.app):
            await log.put(counting.commands, [command("ann", 0)])
            await log.wait_for(counting.counts, 1)
    assert list(dict.fromkeys(passed)) == [point for point in Point if point not in ELSEWHERE]


def never_failing() -> None:
    with failing("nobody", Point.BEGUN):
        pass


def never_pausing() -> None:
    with pausing("nobody", Point.BEGUN):
        pass


def never_passing() -> None:
    with passing("nobody", Point.BEGUN, nothing):
        pass


@pytest.mark.parametrize("missing", [never_failing, never_pausing, never_passing])
def test_a_test_that_never_reaches_its_point_fails(missing):
    with pytest.raises(AssertionError, match=r"not reached|never reached"):
        missing()
