"""The aggregate over dicts: each command once, purge timers for exactly what is deleted, bulks that are superseded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import deletion, idempotency
from domain.idempotency import RETENTION
from domain.user import User
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    BERT,
    NOON,
    World,
    chunk,
    create,
    create_list,
    delete,
    delete_filter,
    delete_list,
    delete_tag,
    in_memory,
    rename_tag,
    restore,
    save_filter,
)
from tests.unit.domain.test_everything import asked


def everything(world):
    """All entities of a world."""
    return tuple(one for entities in world.store.entities.values() for one in entities.values())


def kept(world):
    """All that a world's store keeps, copied."""
    maps = {**vars(world.store), **world.store.entities}
    del maps["entities"]
    return {name: dict(part) for name, part in maps.items()}


@given(st.lists(asked(), max_size=15))
def test_a_purge_timer_is_set_for_exactly_what_is_deleted(commands):
    world = World(*commands)
    assert set(world.store.purges.values()) == {timer for each in everything(world) if (timer := deletion.timer(each))}


@given(st.lists(asked(), max_size=15))
def test_a_list_has_a_size_where_a_task_is_on_it(commands):
    world = World(*commands)
    on = [task.list for task in world.tasks.values() if task.list and task.status is not r.Status.DELETED]
    assert {name: size.tasks for name, size in world.sizes.items()} == {name: on.count(name) for name in on}


@given(st.lists(asked(), max_size=15))
def test_the_index_has_exactly_the_subtasks_that_are_not_deleted(commands):
    world = World(*commands)
    below = [task for task in world.tasks.values() if task.parent and task.status is not r.Status.DELETED]
    assert sorted(world.store.subtasks) == sorted((f"{ANNA}/{task.parent}", task.id) for task in below)


@given(st.lists(asked(), min_size=1, max_size=15), st.data())
def test_a_command_that_comes_again_within_30_days_leads_to_nothing(commands, data):
    world = World(*commands)
    before = kept(world)
    again = data.draw(st.sampled_from(commands))
    assert world.does(replace(again, at=again.at + RETENTION)) is None
    assert kept(world) == before


def test_a_command_that_comes_again_after_30_days_is_decided_again():
    command = create()
    world = World(command)
    assert world.does(replace(command, at=NOON + RETENTION + 1)).outcome.kind is r.OutcomeKind.NOTHING_TO_DO


def test_ids_are_dropped_after_30_days_and_no_sooner():
    world = World(create("a", at=NOON), create("b", at=NOON + 1))
    idempotency.drop(world.store, NOON + 1 + RETENTION, commands=1)
    assert not world.store.decided
    assert not world.store.expiries


def test_an_id_that_came_again_is_kept_for_30_days_from_then():
    command = create()
    world = World(command, replace(command, at=NOON + RETENTION + 1))
    idempotency.drop(world.store, NOON + RETENTION, commands=1)
    assert [known.at for known in world.store.decided.values()] == [NOON + RETENTION + 1]


@pytest.mark.parametrize(
    "later", [chunk(r.Action.DELETE, "b", bulk="b", resolution="other"), rename_tag(), delete_tag()]
)
def test_what_belongs_to_a_bulk_that_was_begun_on_another_target_set_is_refused(later):
    first = chunk(r.Action.DELETE, "a", bulk="b", resolution="another", number=1)
    world = World(create("a"), create("b"), first)
    decision = world.does(later)
    assert (decision.events, decision.outcome.code) == ((), "resolution")


def test_a_target_set_is_each_users_own():
    store = in_memory()
    for user, resolution in ((ANNA, "one"), (BERT, "other")):
        part = replace(chunk(r.Action.DELETE, "a", bulk="b", resolution=resolution), user=user)
        assert User(store, user).decide(part).outcome.code != "resolution"


@pytest.mark.parametrize(
    "past", [(create(), delete()), (create_list(), delete_list()), (save_filter(), delete_filter())]
)
def test_purging_removes_the_entity_and_leaves_no_timer(past):
    world = World(*past)
    [timer] = world.store.purges.values()
    assert world.purge(deletion.notice(timer, timer.due))
    assert not everything(world)
    assert not world.store.purges


def test_restoring_removes_the_timer():
    assert not World(create(), delete(), restore()).store.purges
