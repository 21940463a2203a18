"""Every topology fails at every point in every way, under load, and nothing is lost, doubled or reordered."""

import pytest

from streams.runtime.failpoints import Point
from streams.topologies import DEFAULT, parsed
from tests.chaos.fleet import Faults
from tests.chaos.rondo import Rondo
from tests.chaos.seen import ALONE

KAFKA = tuple(topology.name for topology in parsed("") if topology.keeps_state)
ROWS = tuple(topology.name for topology in parsed("") if not topology.keeps_state)
IN_POSTGRES = {Point.CHANGELOGGED: Point.STATED, Point.COMMITTED: Point.ROWS_COMMITTED} | {
    point: point for point in (Point.FETCHED, Point.FOLDED, Point.ACKNOWLEDGED, Point.REVOKED)
}
"""The points of topologies that write Postgres, beside what those with a changelog do then."""


def at(point: Point) -> dict[str, Point]:
    """Return where each topology fails when all do at the same point of their ways."""
    if point is Point.DELIVERED:
        return {"notify": point}
    return dict.fromkeys(KAFKA, point) | (dict.fromkeys(ROWS, IN_POSTGRES[point]) if point in IN_POSTGRES else {})


ALIGNED = [
    Faults(action, at(point))
    for point in Point
    if point not in {Point.STATED, Point.ROWS_COMMITTED}
    for action in ("kill", "raise", "hang")
]
"""Together: every point of every topology, in every way."""

P = Point
MORE = dict.fromkeys(DEFAULT.keys() - {"core", "notify", "views"}, P.FOLDED)
"""Where topologies fail that were added to these."""
MIXED = [
    Faults("kill", {"core": P.COMMITTED, "notify": P.PRODUCED, "views": P.ROWS_COMMITTED, **MORE}),
    Faults("raise", {"core": P.FOLDED, "notify": P.REVOKED, "views": P.STATED, **MORE}),
    Faults("hang", {"core": P.CHANGELOGGED, "notify": P.DELIVERED, "views": P.ACKNOWLEDGED, **MORE}),
]
"""Together: every action, every topology."""
SINGLE = [
    Faults(action, dict(zip(ALONE.split(), points, strict=False)))
    for action, points in {
        "kill": (P.FENCING, P.RESTORED, P.BEGUN, P.WRITTEN, P.FENCED, P.FETCHED),
        "raise": (P.PRODUCED, P.FOLDED, P.RESTORED, P.FENCED, P.CHANGELOGGED, P.STATED),
        "hang": (P.CHANGELOGGED, P.BEGUN, P.FETCHED, P.COMMITTED, P.DELIVERED, P.ACKNOWLEDGED),
    }.items()
]
"""Each stage alone, side by side; the first together with the mixed ones: every point."""
DEEP = [pytest.param(one, marks=pytest.mark.deep) for one in SINGLE[1:]]


def name(faults: Faults) -> str:
    points = set(faults.points.values())
    return f"{faults.action}-{faults.points.get('core', P.DELIVERED) if len(points) < 3 else 'mixed'}"


@pytest.mark.parametrize("faults", MIXED, ids=name)
async def test_topologies_that_fail_at_different_points_lose_nothing_and_double_nothing(rondo: Rondo, faults: Faults):
    assert await rondo.survive(faults) == []


@pytest.mark.deep
@pytest.mark.parametrize("faults", ALIGNED, ids=name)
async def test_topologies_that_fail_at_a_point_lose_nothing_and_double_nothing(rondo: Rondo, faults: Faults):
    assert await rondo.survive(faults) == []


@pytest.mark.parametrize("faults", [SINGLE[0], *DEEP], ids=name)
async def test_stages_alone_that_fail_at_different_points_lose_nothing_and_double_nothing(alone: Rondo, faults: Faults):
    assert await alone.survive(faults) == []


def test_every_topology_fails_at_every_point_that_it_passes_and_in_every_way():
    covered = {(topology, point, run.action) for run in ALIGNED for topology, point in run.points.items()}
    kafka = set(Point) - {Point.STATED, Point.ROWS_COMMITTED, Point.DELIVERED}
    passed = {(topology, point) for topology in KAFKA for point in kafka} | {("notify", Point.DELIVERED)}
    passed |= {(topology, point) for topology in ROWS for point in IN_POSTGRES.values()}
    assert covered == {(*each, action) for each in passed for action in ("kill", "raise", "hang")}


def test_the_short_runs_reach_every_point_once():
    points = [point for run in (*MIXED, SINGLE[0]) for name, point in run.points.items() if name not in MORE]
    assert sorted(points) == sorted(Point)


@pytest.mark.parametrize("faults", MIXED, ids=name)
def test_a_short_run_lets_every_topology_fail(faults: Faults):
    assert faults.points.keys() == {*KAFKA, *ROWS}
