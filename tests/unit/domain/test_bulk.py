"""Given tasks, when a chunk of a bulk comes, each is decided as its own command would be; one outcome counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import bulk
from schemas import records as r
from schemas.records import Action
from tests.unit.domain.given import (
    BERT,
    NOON,
    PARIS,
    WEEKDAYS,
    World,
    chunk,
    command,
    complete,
    create,
    create_list,
    delete,
    reopen,
    restore,
    update,
)

KINDS = r.OutcomeKind
ALONE = {
    Action.COMPLETE: complete,
    Action.REOPEN: reopen,
    Action.DELETE: delete,
    Action.RESTORE: restore,
    Action.UPDATE: lambda task: update(task, notes="New"),
}
WAYS = ((), (create,), (create, complete), (create, delete), (create, complete, delete))


def several(*ways):
    """A world with tasks 0, 1, 2 … that went these ways."""
    return World(*(make(str(number)) for number, way in enumerate(ways) for make in way))


def counts(decision):
    part = decision.outcome.part
    return part.changed, part.unchanged, [(each.task, each.code) for each in part.refused]


@given(st.sampled_from(list(ALONE)), st.lists(st.sampled_from(WAYS), max_size=6))
def test_each_task_comes_to_stand_as_its_own_command_would_leave_it(action, ways):
    many, alone = several(*ways), several(*ways)
    fields = {"notes": "New"} if action is Action.UPDATE else {}
    decision = many.does(chunk(action, *map(str, range(len(ways))), fields=fields))
    outcomes = [alone.does(ALONE[action](str(number))).outcome for number in range(len(ways))]
    assert many.tasks == alone.tasks
    assert counts(decision) == (
        sum(each.kind is KINDS.ACCEPTED for each in outcomes),
        sum(each.kind is KINDS.NOTHING_TO_DO for each in outcomes),
        [(each.task, each.code) for each in outcomes if each.kind is KINDS.REJECTED],
    )


@given(st.sampled_from(list(Action)), st.lists(st.sampled_from(WAYS), max_size=6))
def test_every_task_of_a_chunk_is_changed_unchanged_or_refused(action, ways):
    part = several(*ways).does(chunk(action, *map(str, range(len(ways))))).outcome.part
    assert part.changed + part.unchanged + len(part.refused) == len(ways)


def test_a_chunk_has_one_outcome_and_its_events_name_it():
    asked = chunk(Action.COMPLETE, "0", "1")
    decision = several((create,), (create,)).does(asked)
    assert {event.command for event in decision.events} == {asked.id} == {decision.outcome.command}
    assert len({event.id for event in decision.events}) == 2


@pytest.mark.parametrize(
    ("ways", "kind"),
    [
        ([(create,), ()], KINDS.ACCEPTED),
        ([(create, complete)], KINDS.NOTHING_TO_DO),
        ([(create, complete), ()], KINDS.REJECTED),
        ([], KINDS.NOTHING_TO_DO),
    ],
)
def test_a_chunk_is_accepted_where_something_changed_and_rejected_where_nothing_could(ways, kind):
    outcome = several(*ways).does(chunk(Action.COMPLETE, *map(str, range(len(ways))))).outcome
    assert outcome.kind is kind


def test_a_refusal_says_which_task_and_why():
    [refused] = several((create, delete)).does(chunk(Action.COMPLETE, "0")).outcome.part.refused
    assert (refused.task, refused.code, refused.detail) == ("0", "deleted", "The task was deleted.")


def test_a_task_in_another_version_is_left_alone():
    decision = several((create, complete), (create,)).does(chunk(Action.DELETE, ("0", 1), ("1", 1)))
    assert counts(decision) == (1, 0, [("0", "version")])


def test_a_task_that_is_named_twice_is_changed_once():
    assert counts(several((create,)).does(chunk(Action.COMPLETE, "0", "0"))) == (1, 1, [])


def test_another_users_task_is_not_found():
    world = World(command(r.CreateTask, "0", user=BERT, fields=r.TaskFields(title="His")))
    assert counts(world.does(chunk(Action.DELETE, "0"))) == (0, 0, [("0", "not-found")])


def test_tags_are_added_and_removed_beside_the_others():
    world = World(create("a", tags=("home", "old")), create("b"))
    decision = world.does(chunk(Action.UPDATE, "a", "b", add_tags=("new",), remove_tags=("old",)))
    assert (world.task("a").tags, world.task("b").tags) == (("home", "new"), ("new",))
    assert [event.changed for event in decision.events] == [("tags",), ("tags",)]


def test_a_tag_that_is_removed_and_added_stays():
    world = World(create("a", tags=("old",)))
    assert counts(world.does(chunk(Action.UPDATE, "a", add_tags=("old",), remove_tags=("old",)))) == (0, 1, [])


def test_a_task_takes_no_more_tags_than_it_may_have():
    world = World(create("a", tags=tuple(f"tag {n:02}" for n in range(50))))
    [refused] = world.does(chunk(Action.UPDATE, "a", add_tags=("one more",))).outcome.part.refused
    assert (refused.code, refused.field) == ("invalid", "tags")


def test_start_and_due_are_moved_by_days_and_keep_their_times():
    world = World(create("a", due=PARIS, start=r.Due("2026-11-23")), create("b"))
    decision = world.does(chunk(Action.UPDATE, "a", "b", shift=7))
    assert (world.task("a").due, world.task("a").start) == (replace(PARIS, date="2026-12-01"), r.Due("2026-11-30"))
    assert counts(decision) == (1, 1, [])


@pytest.mark.parametrize(("date", "shift"), [("9999-12-31", 1), ("1970-01-01", -1)])
def test_a_due_is_not_moved_beyond_the_calendar(date, shift):
    [refused] = World(create("a", due=r.Due(date))).does(chunk(Action.UPDATE, "a", shift=shift)).outcome.part.refused
    assert (refused.code, refused.field) == ("invalid", "due.date")


def test_the_series_of_each_task_goes_on():
    world = World(create("a", due=PARIS, rrule=WEEKDAYS), create("b", due=PARIS, rrule=WEEKDAYS))
    world.does(chunk(Action.COMPLETE, "a", "b"))
    assert world.followup().previous == "b"


def test_deciding_twice_in_the_same_state_gives_the_same():
    world, asked = several((create,)), chunk(Action.COMPLETE, "0")
    assert bulk.decide(world, asked, asked.items[0]) == bulk.decide(world, asked, asked.items[0])


def test_a_chunk_of_another_resolution_is_rejected_whole():
    outcome = bulk.superseded(chunk(Action.COMPLETE, "0", number=3, chunks=5))
    assert (outcome.kind, outcome.code, outcome.part.chunk, outcome.part.refused) == (
        KINDS.REJECTED, "resolution", 3, (),
    )  # fmt: skip


def test_events_of_a_chunk_happen_when_it_was_sent():
    world = World(create("a", at=NOON - 5))
    [event] = world.does(chunk(Action.COMPLETE, "a")).events
    assert (event.at, event.task.completed_at) == (NOON, NOON)
    assert isinstance(event, r.TaskCompleted)


# What belongs to something, as it did when the bulk was resolved.

PARTS = (create("a"), create("b", parent="a"), create("c", parent="b"), create("d"))
ON_LIST = (create_list(), create("b", list="l"), create("c", list="l"), create("d"))
TAGGED = (create("b", tags=("old",)), create("c", tags=("old",)), create("d"))


@pytest.mark.parametrize(
    ("past", "leaves", "within"),
    [
        (PARTS, update("b", parent=None), r.Within("task:a")),
        (ON_LIST, update("b", list=None), r.Within("list:l")),
        (TAGGED, update("b", tags=()), r.Within("tag:old")),
    ],
)
def test_a_task_that_has_left_meanwhile_is_left_alone(past, leaves, within):
    deletes = chunk(Action.DELETE, "b", "c", "d", within=within)
    assert counts(World(*past).does(deletes)) == (2, 1, [])
    gone = 2 if within.subject.startswith("task") else 1  # with a part go its parts
    assert counts(World(*past, leaves).does(deletes)) == (2 - gone, 1 + gone, [])


def test_what_is_no_occurrence_of_a_series_is_left_alone():
    """One that was reopened as a task of its own is none; a subtask of an occurrence belongs to it."""
    deletes = chunk(Action.DELETE, "a", "c", "d", within=r.Within("series:a"))
    weekly = create("a", due=PARIS, rrule="FREQ=WEEKLY", subtasks=r.Subtasks.STAY)
    world = World(weekly, create("c", parent="a"), create("d"), complete("a"))
    assert counts(world.does(deletes)) == (2, 1, [])
    world = World(weekly, create("c"), create("d"), complete("a"))
    world.does(world.followup())
    world.does(update(world.open()[-1], title="Other"))
    world.does(reopen("a"))
    assert world.task("a").recurrence is None
    assert counts(world.does(deletes)) == (0, 3, [])


@pytest.mark.parametrize(("version", "changed"), [(1, 2), (2, 0)])
def test_what_belongs_to_something_in_another_version_is_left_alone(version, changed):
    deletes = chunk(Action.DELETE, "b", "c", within=r.Within("task:a", version))
    assert counts(World(*PARTS).does(deletes)) == (changed, 2 - changed, [])


def test_an_outcome_says_how_many_events_there_are():
    world = World(create("a", due=PARIS, rrule=WEEKDAYS), create("b"))
    done, again = (chunk(Action.COMPLETE, "a", "b") for _ in range(2))
    assert [world.does(each).outcome.events for each in (done, again)] == [2, 0]
    assert [world.does(each).outcome.events for each in (create("c"), create("c"), complete("none"))] == [1, 0, 0]
