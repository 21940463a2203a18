"""Every stage fails at every point in every way, under load, and nothing is lost, doubled or reordered."""

import itertools

import pytest

from streams.runtime.failpoints import Point
from streams.worker import STAGES, find
from tests.chaos.fleet import Faults
from tests.chaos.rondo import Rondo

KAFKA = tuple(stage for stage in STAGES if find(stage).keeps_state)
ROWS = tuple(stage for stage in STAGES if stage not in KAFKA)
IN_POSTGRES = {Point.CHANGELOGGED: Point.STATED, Point.COMMITTED: Point.ROWS_COMMITTED} | {
    point: point for point in (Point.FETCHED, Point.FOLDED, Point.ACKNOWLEDGED, Point.REVOKED)
}
"""The points of stages that write Postgres, beside what stages with a changelog do then."""


def at(point: Point) -> dict[str, Point]:
    """Return where each stage fails when all do at the same point of their ways."""
    if point is Point.DELIVERED:
        return {"notify": point}
    return dict.fromkeys(KAFKA, point) | (dict.fromkeys(ROWS, IN_POSTGRES[point]) if point in IN_POSTGRES else {})


ALIGNED = [
    Faults(action, at(point))
    for point in Point
    if point not in {Point.STATED, Point.ROWS_COMMITTED}
    for action in ("kill", "raise", "hang")
]
"""Together: every point of every stage, in every way."""


def mixed(action: str, *points: Point, rows: Point, **of_their_own: Point) -> Faults:
    """Return faults at a point for each stage: the next of these, over and over, where it has none of its own."""
    others = [stage for stage in KAFKA if stage not in of_their_own]
    of_others = dict(zip(others, itertools.cycle(points), strict=False))
    return Faults(action, of_others | of_their_own | dict.fromkeys(ROWS, rows))


P = Point
MIXED = [
    mixed("kill", P.COMMITTED, P.BEGUN, P.CHANGELOGGED, P.WRITTEN, P.PRODUCED, rows=P.ROWS_COMMITTED),
    mixed("raise", P.FOLDED, P.FENCED, P.ACKNOWLEDGED, P.REVOKED, P.RESTORED, rows=P.STATED),
    mixed("hang", P.FENCING, P.CHANGELOGGED, P.BEGUN, P.FETCHED, notify=P.DELIVERED, rows=P.ACKNOWLEDGED),
]
"""Together: every point, every action, every stage."""


def name(faults: Faults) -> str:
    points = set(faults.points.values())
    return f"{faults.action}-{faults.points.get('tasks', P.DELIVERED) if len(points) < 3 else 'mixed'}"


@pytest.mark.parametrize("faults", MIXED, ids=name)
async def test_stages_that_fail_at_different_points_lose_nothing_and_double_nothing(rondo: Rondo, faults: Faults):
    assert await rondo.survive(faults) == []


@pytest.mark.deep
@pytest.mark.parametrize("faults", ALIGNED, ids=name)
async def test_stages_that_fail_at_a_point_lose_nothing_and_double_nothing(rondo: Rondo, faults: Faults):
    assert await rondo.survive(faults) == []


def test_every_stage_fails_at_every_point_that_it_passes_and_in_every_way():
    covered = {(stage, point, run.action) for run in ALIGNED for stage, point in run.points.items()}
    kafka = set(Point) - {Point.STATED, Point.ROWS_COMMITTED, Point.DELIVERED}
    passed = {(stage, point) for stage in KAFKA for point in kafka} | {("notify", Point.DELIVERED)}
    passed |= {(stage, point) for stage in ROWS for point in IN_POSTGRES.values()}
    assert covered == {(*each, action) for each in passed for action in ("kill", "raise", "hang")}


def test_the_short_runs_reach_every_point_once():
    assert {point for run in MIXED for point in run.points.values()} == set(Point)


@pytest.mark.parametrize("faults", MIXED, ids=name)
def test_a_short_run_lets_every_stage_fail(faults: Faults):
    assert faults.points.keys() == {*STAGES}
