"""Given lists and tasks on them, when a command comes, then these events and this outcome."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import audit, lifecycle, lists
from domain.decision import OutOfOrder
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    BERT,
    NOON,
    PARIS,
    World,
    complete,
    create,
    create_list,
    delete,
    delete_list,
    reopen,
    restore_list,
    update,
    update_list,
)

REJECTED, NOTHING = r.OutcomeKind.REJECTED, r.OutcomeKind.NOTHING_TO_DO

WAYS = {"absent": (), "standing": (create_list(),), "deleted": (create_list(), delete_list())}
COMMANDS = {
    "create": create_list,
    "update": lambda: update_list(name="Town"),
    "delete": delete_list,
    "restore": restore_list,
}
REPLIES = {
    "create": ("ListCreated", NOTHING, NOTHING),
    "update": ("not-found", "ListUpdated", "deleted"),
    "delete": ("not-found", "ListDeleted", NOTHING),
    "restore": ("not-found", NOTHING, "ListRestored"),
}


def reply(decision):
    """A decision in one word: its event, its rejection's code, or its kind."""
    if decision.events:
        return type(decision.events[0]).__name__
    return decision.outcome.code or decision.outcome.kind


@pytest.mark.parametrize(("state", "name"), list(product(WAYS, COMMANDS)))
def test_every_command_has_its_answer_in_every_state(state, name):
    assert reply(World(*WAYS[state]).does(COMMANDS[name]())) == REPLIES[name][list(WAYS).index(state)]


def test_the_table_answers_every_command_in_every_state():
    states = {None, False, True}
    assert {kind: set(row) for kind, row in lifecycle.table(lists.LIST).items()} == dict.fromkeys(
        lists.Command.__args__, states
    )


def test_a_list_is_created_with_its_fields():
    [event] = World().does(create_list(colour="#1e90ff", rank="V")).events
    assert event.list == r.List("l", ANNA, "Errands", NOON, NOON, "#1e90ff", "V")


def test_an_outcome_says_which_list_in_which_version():
    asked = replace(update_list(name="Town"), fingerprint="f")
    outcome = World(create_list()).does(asked).outcome
    assert (outcome.command, outcome.task, outcome.subject) == (asked.id, None, "list:l")
    assert (outcome.version, outcome.fingerprint) == (2, "f")


def test_a_change_names_exactly_the_fields_that_differ():
    [event] = World(create_list(colour="#1e90ff")).does(update_list(name="Errands", colour=None, rank="V")).events
    assert event.changed == ("colour", "rank")


def test_a_change_meant_for_another_version_is_refused():
    assert reply(World(create_list()).does(update_list(name="Town", expected=2))) == "version"


def test_another_users_list_is_not_found():
    assert reply(World(create_list()).does(delete_list(user=BERT))) == "not-found"


def test_a_task_can_be_on_a_list_that_stands():
    assert World(create_list(), create(list="l")).task("t").list == "l"


@pytest.mark.parametrize("before", [(), (create_list(), delete_list()), (create_list(user=BERT),)])
def test_a_task_can_not_be_put_on_a_list_that_does_not_stand(before):
    created = World(*before).does(create(list="l")).outcome
    moved = World(*before, create()).does(update(list="l")).outcome
    assert {(one.code, one.field) for one in (created, moved)} == {("invalid", "list")}


def test_a_list_with_a_task_is_not_deleted():
    outcome = World(create_list(), create(list="l"), create("u", list="l"), complete("u")).does(delete_list()).outcome
    assert (outcome.code, outcome.detail) == (
        "not-empty", "2 tasks are on the list, open or completed: move or delete them first.",
    )  # fmt: skip


@pytest.mark.parametrize("leaves", [delete(), update(list=None)])
def test_a_list_whose_tasks_have_left_is_deleted(leaves):
    assert reply(World(create_list(), create(list="l"), leaves).does(delete_list())) == "ListDeleted"


def test_a_sub_task_comes_to_its_parents_list():
    world = World(create_list(), create(list="l"), create("u", parent="t"))
    assert world.task("u").list == "l"


def test_a_sub_task_may_be_put_on_another_list():
    world = World(create_list(), create_list("m"), create(list="l"), create("u", parent="t", list="m"))
    assert world.task("u").list == "m"


def test_a_parent_that_is_moved_leaves_its_sub_tasks_where_they_are():
    world = World(create_list(), create(list="l"), create("u", parent="t"), update(list=None))
    assert (world.task("t").list, world.task("u").list) == (None, "l")


def test_the_next_occurrence_is_on_the_same_list():
    world = World(create_list(), create(due=PARIS, rrule="FREQ=DAILY", list="l"))
    assert world.goes_on().list == "l"


def test_the_next_occurrence_comes_to_the_inbox_where_its_list_has_gone_meanwhile():
    world = World(create_list(), create(due=PARIS, rrule="FREQ=DAILY", list="l"), complete())
    followup = world.followup()
    world.does(delete())
    world.does(delete_list())
    world.does(followup)
    assert world.events[-1].task.list is None


def test_a_list_is_reported_in_the_audit_trail():
    [event] = World().does(create_list(colour="#1e90ff")).events
    entry = audit.entry(None, None, event)
    assert (entry.event, entry.task, entry.subject) == ("ListCreated", None, "list:l")
    assert [change.field for change in entry.changes] == ["name", "created_at", "colour"]


def test_an_entry_without_its_subject_breaks_the_chain():
    entry = audit.entry(None, None, World().does(create_list()).events[0])
    assert (audit.verify([entry]), audit.verify([replace(entry, subject=None)]) is None) == (None, False)


def test_an_event_folded_twice_is_refused():
    world = World(create_list())
    with pytest.raises(OutOfOrder, match="version 2 was expected, not 1"):
        lists.LIST.evolve(world.get(lists.LIST, "l"), world.events[0])


TASKS, LISTS = st.sampled_from("tu"), st.sampled_from("lm")
ANYTHING = st.one_of(
    st.builds(create, TASKS, list=st.none() | LISTS),
    st.builds(lambda task, list_id: update(task, list=list_id), TASKS, st.none() | LISTS),
    st.sampled_from((complete, reopen, delete)).flatmap(lambda maker: st.builds(maker, TASKS)),
    st.builds(create_list, LISTS),
    st.builds(lambda list_id, name: update_list(list_id, name=name), LISTS, st.sampled_from(("Town", "Garden"))),
    st.builds(delete_list, LISTS),
    st.builds(restore_list, LISTS),
)


@given(st.lists(ANYTHING, max_size=20))
def test_no_task_but_a_deleted_one_is_ever_on_a_list_that_does_not_stand(commands):
    world = World(*commands)
    on = {task.list for task in world.tasks.values() if task.list and task.status is not r.Status.DELETED}
    assert all(world.get(lists.LIST, list_id) and not world.get(lists.LIST, list_id).deleted for list_id in on)


@given(st.lists(ANYTHING, max_size=20))
def test_the_moves_of_all_events_count_the_tasks_on_each_list(commands):
    world, before, counted = World(*commands), {}, Counter()
    for event in world.events:
        if not isinstance(event, lists.Event):
            for list_id, change in lists.moves(before.get(event.task.id), event.task):
                counted[list_id] += change
            before[event.task.id] = event.task
    assert {list_id: counted[list_id] for list_id in "lm"} == {list_id: world.size(list_id) for list_id in "lm"}


@given(st.lists(ANYTHING, max_size=12), ANYTHING)
def test_a_command_is_accepted_with_an_event_or_has_one_outcome_alone(past, asked):
    decision = World(*past).does(asked)
    outcome = decision.outcome
    assert outcome.command == asked.id
    assert (outcome.kind is r.OutcomeKind.ACCEPTED) == (len(decision.events) == 1)
    assert (outcome.kind is REJECTED) == bool(outcome.code) == bool(outcome.detail)
