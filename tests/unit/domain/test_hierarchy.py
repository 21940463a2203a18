"""A task is a part of another, within bounds and never in a circle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hierarchy import MAX_DEPTH
from schemas import records as r
from tests.unit.domain.given import World, complete, create, delete, restore, update


def refusal(decision) -> tuple[str | None, str | None]:
    return decision.outcome.code, decision.outcome.field


def test_a_task_may_be_a_part_of_another():
    world = World(create("house"), create("roof", parent="house"))
    assert world.task("roof").parent == "house"


def test_a_task_may_be_moved_to_another_parent_and_out_of_any():
    world = World(create("house"), create("roof"), update("roof", parent="house"))
    assert world.task("roof").parent == "house"
    world.does(update("roof", parent=None))
    assert world.task("roof").parent is None


@pytest.mark.parametrize(
    "make", [lambda parent: create("roof", parent=parent), lambda parent: update("t", parent=parent)]
)
def test_a_parent_that_is_not_there_is_refused(make):
    world = World(create(), create("gone"), delete("gone"))
    for parent in ("nowhere", "gone"):
        assert refusal(world.does(make(parent))) == ("invalid", "parent")


def test_a_task_is_never_a_part_of_itself():
    world = World(create("a"), create("b", parent="a"), create("c", parent="b"))
    for parent in ("a", "b", "c"):
        assert refusal(world.does(update("a", parent=parent))) == ("conflict", "parent")


def test_no_more_tasks_stand_above_one_than_are_allowed():
    world = World(create("0"))
    for number in range(MAX_DEPTH):
        assert world.does(create(str(number + 1), parent=str(number))).outcome.kind is r.OutcomeKind.ACCEPTED
    assert refusal(world.does(create("deeper", parent=str(MAX_DEPTH)))) == ("conflict", "parent")


def test_what_is_below_a_task_stays_when_it_is_completed_or_deleted():
    world = World(create("house"), create("roof", parent="house"), complete("house"), delete("house"))
    assert world.task("roof").parent == "house"
    assert world.does(update("roof", title="New roof")).outcome.kind is r.OutcomeKind.ACCEPTED


def test_below_a_branch_whose_top_was_deleted_tasks_can_still_be_put():
    world = World(create("house"), create("roof", parent="house"), delete("house"))
    assert world.does(create("tile", parent="roof")).outcome.kind is r.OutcomeKind.ACCEPTED


def test_a_task_that_is_restored_below_itself_stands_by_itself():
    world = World(create("a"), create("b"), update("a", parent="b"), create("c", parent="a"), delete("a"))
    world.does(update("b", parent="c"))
    world.does(restore("a"))
    assert {name: world.task(name).parent for name in "abc"} == {"a": None, "b": "c", "c": "a"}


def test_a_task_that_is_restored_before_its_parent_is_a_part_of_it_still():
    world = World(create("house"), create("roof", parent="house"), delete("roof"), delete("house"), restore("roof"))
    assert world.task("roof").parent == "house"


NAMES = st.sampled_from("abc")


@given(
    st.lists(
        st.one_of(
            st.builds(lambda task, parent: update(task, parent=parent), NAMES, st.none() | NAMES),
            st.builds(delete, NAMES),
            st.builds(restore, NAMES),
        ),
        max_size=12,
    )
)
def test_whatever_is_moved_deleted_and_restored_no_task_is_a_part_of_itself(commands):
    world = World(*map(create, "abc"), *commands)
    for name in "abc":
        above = world.task(name).parent
        for _ in "abc":
            above = above and world.task(above).status is r.Status.OPEN and world.task(above).parent
        assert not above or world.task(name).status is r.Status.DELETED
